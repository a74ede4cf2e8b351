#include "submit/submit.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <set>

#include "base/text.h"
#include "base/try.h"
#include "submit/commands.h"
#include "submit/condition.h"
#include "submit/macro.h"
#include "submit/mistakes.h"
#include "submit/number.h"
#include "submit/places.h"
#include "submit/queue_statement.h"
#include "submit/submit_ad.h"
#include "submit/submit_lines.h"
#include "submit/templates.h"

namespace cairn {
namespace {

constexpr int kIncludeDepthMax = 20;
constexpr std::string_view kAppendSeparators = ",;|&*";
constexpr auto kListEndings =
    std::to_array<std::string_view>({".txt", ".csv", ".tsv", ".list", ".lst"});
// Commands of which people write a second one to add to the first.
constexpr auto kCollected =
    std::to_array<std::string_view>({"transfer_input_files", "environment", "requirements"});

std::string_view first_word(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of(" \t"), text.size()));
}

std::string two_digits(unsigned number) { return cat(number < 10 ? "0" : "", number); }

// name [words] OPERATOR right-hand side
struct Statement {
  enum class Operator { none, assign, append, block, colon };
  std::string_view name, words, value;
  Operator op = Operator::none;
  std::string separator;  // of +=
};

// Where an operator stands in `text`, and what it is.
struct FoundOperator {
  std::size_t start = 0, end = 0;
  Statement::Operator op = Statement::Operator::none;
  std::string separator;
};

std::optional<FoundOperator> operator_at(std::string_view text, std::size_t at) {
  using Operator = Statement::Operator;
  if (text[at] == '=') return FoundOperator{at, at + 1, Operator::assign, {}};
  if (text[at] == ':') return FoundOperator{at, at + 1, Operator::colon, {}};
  if (text.substr(at).starts_with("@=")) return FoundOperator{at, at + 2, Operator::block, {}};
  if (text[at] != '+' || at == 0) return std::nullopt;
  std::size_t end = at + 1;
  std::string separator = " ";
  if (end < text.size() && kAppendSeparators.find(text[end]) != std::string_view::npos) {
    separator = text[end++];
    if (end < text.size() && text[end] == separator.front()) {
      separator = cat(" ", text[end], text[end], " ");
      ++end;
    }
  }
  if (end >= text.size() || text[end] != '=') return std::nullopt;
  return FoundOperator{at, end + 1, Operator::append, std::move(separator)};
}

Statement read_statement(std::string_view text) {
  Statement statement;
  const std::size_t word_end = first_word(text).size();
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto found = operator_at(text, at);
    if (!found) continue;
    const std::size_t name_end = std::min(word_end, found->start);
    statement.name = text.substr(0, name_end);
    statement.words = trim(text.substr(name_end, found->start - name_end));
    statement.value = trim(text.substr(found->end));
    statement.op = found->op;
    statement.separator = found->separator;
    return statement;
  }
  statement.name = text.substr(0, word_end);
  statement.words = trim(text.substr(word_end));
  return statement;
}

class SubmitParser {
 public:
  explicit SubmitParser(const SubmitContext& context)
      : context_(context),
        places_(context.file),
        macros_(context.world),
        ads_(context, macros_, places_,
             [this](Place place, std::string_view text) { warn(place, text); }) {}

  Result<Submission> parse(std::string_view text);

 private:
  void set_defaults();
  void set_date();
  Status command_line_assignments();
  Status append_lines();

  // One file, or a piece of text that stands for one; `depth` of includes.
  Status read(SubmitLines& lines, int file, int depth);
  Status statement(const SubmitLine& line, SubmitLines& lines, int file, int depth);
  Status assign(const Statement& statement, Place place);
  void warn_of_replaced(std::string_view name, std::string_view value, Place place);
  Status block(const Statement& statement, SubmitLines& lines, Place place);
  Status colon(const Statement& statement, Place place, int depth, std::string_view text);
  Status include(const Statement& statement, Place place, int depth);
  Result<std::string> included_text(std::string_view source, bool is_command);
  Status use(const Statement& statement, Place place, int depth);
  Status no_statement(std::string_view text) const;

  Status queue(std::string_view arguments, SubmitLines* lines, Place place);
  Status load_items(QueueStatement& statement, SubmitLines* lines, Place place);
  Status read_lines(QueueStatement& statement, SubmitLines& lines, Place place);
  Status read_external(QueueStatement& statement);
  void warn_of_items(const QueueStatement& statement, std::string_view text, Place place);
  Status use_table_header(QueueStatement& statement) const;
  Status match(QueueStatement& statement, Place place);
  Status queue_item(const QueueStatement& statement, std::size_t index, Place place);
  Status set_variables(const QueueStatement& statement, std::size_t index, Place place);
  Status queue_one(int step, Place place);
  void begin_cluster_if_needed();
  Result<Truth> setting(std::string_view name, std::string_view other_name, bool otherwise);

  void warn(Place place, std::string_view text);
  void warn_of_unused();
  void warn_of_late();

  const SubmitContext& context_;
  SubmitPlaces places_;
  Macros macros_;
  AdMaker ads_;
  Submission submission_;
  int last_queue_line_ = 0;
  bool queued_ = false;  // there was a queue statement
  bool in_if_ = false;   // the statement that is read stands in one
  std::string executable_;
  std::set<std::string> short_items_;  // variables that a missing column was warned of
};

Result<Submission> SubmitParser::parse(std::string_view text) {
  set_defaults();
  CAIRN_CHECK(command_line_assignments());
  SubmitLines lines(text);
  CAIRN_CHECK(read(lines, 0, 0));
  if (context_.queue) {
    if (queued_)
      return Error{Errc::invalid,
                   cat(context_.file, ":", last_queue_line_,
                       ": a queue statement, and another on the command line"),
                   0, "take one of the two out"};
    CAIRN_CHECK(queue(*context_.queue, nullptr, {kCommandLine, 0}));
  }
  if (!queued_)
    return places_.at({}, Error{Errc::invalid, "there is no queue statement", 0,
                                "end the file with a line `queue`"});
  if (submission_.empty()) {
    warn({0, last_queue_line_}, "nothing is queued");
  } else {
    warn_of_unused();
  }
  warn_of_late();
  std::stable_sort(submission_.warnings.begin(), submission_.warnings.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  return std::move(submission_);
}

void SubmitParser::set_defaults() {
  const SubmitMachine& machine = context_.machine;
  macros_.set_default("ARCH", machine.arch);
  macros_.set_default("OPSYS", machine.opsys);
  macros_.set_default("OPSYSVER", machine.opsys_version);
  macros_.set_default("OPSYSANDVER", machine.opsys_and_version);
  macros_.set_default("OPSYSMAJORVER", machine.opsys_major_version);
  macros_.set_default("IsLinux", "1");
  macros_.set_default("IsWindows", "0");
  macros_.set_default("SPOOL", machine.spool);
  macros_.set_default("SUBMIT_FILE", context_.file);
  macros_.set_default("SUBMIT_TIME", cat(context_.now_seconds));
  macros_.set_default("JobId", "$(ClusterId).$(ProcId)");
  macros_.set_default("JobListId", "$(ClusterId)");
  macros_.set_default("Node", "");
  macros_.set_default("Item", "");
  macros_.set_default("Request_CPUs", "$(RequestCPUs)");
  macros_.set_default("Request_Memory", "$(RequestMemory)");
  for (const std::string_view name : {"Cluster", "ClusterId"})
    macros_.set_default(name, cat(context_.cluster));
  for (const std::string_view name : {"Process", "ProcId", "Step", "Row", "ItemIndex"})
    macros_.set_default(name, "0", true);
  macros_.set_directory(context_.directory.native());
  set_date();
}

void SubmitParser::set_date() {
  const std::chrono::sys_seconds now{
      std::chrono::seconds(context_.now_seconds + context_.utc_offset_seconds)};
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(now));
  macros_.set_default("YEAR", cat(static_cast<int>(date.year())));
  macros_.set_default("MONTH", two_digits(static_cast<unsigned>(date.month())));
  macros_.set_default("DAY", two_digits(static_cast<unsigned>(date.day())));
}

Status SubmitParser::command_line_assignments() {
  for (const auto& [name, value] : context_.assignments) {
    const bool attribute = name.starts_with('+');
    const std::string full = attribute ? cat("MY.", name.substr(1)) : name;
    if (!is_macro_name(full))
      return Error{Errc::invalid, cat("command line: '", name, "' is no name of a macro"), 0,
                   "write name=value"};
    if (auto done = macros_.assign(full, value, 0, kCommandLine); !done)
      return places_.at({kCommandLine, 0}, std::move(done).error());
  }
  return {};
}

// They are read before every queue statement, and so win over the file.
Status SubmitParser::append_lines() {
  for (const std::string& line : context_.append) {
    const Statement statement = read_statement(trim(line));
    Status done;
    if (statement.op == Statement::Operator::assign || statement.op == Statement::Operator::append)
      done = assign(statement, {kCommandLine, 0});
    else
      done = no_statement(line);
    if (!done) return places_.at({kCommandLine, 0}, std::move(done).error());
  }
  return {};
}

Status SubmitParser::read(SubmitLines& lines, int file, int depth) {
  IfStack ifs;
  while (true) {
    auto line = lines.next();
    if (!line) return places_.at({file, lines.last_number()}, std::move(line).error());
    if (!*line) break;
    if ((*line)->is_blank()) continue;
    const Place place{file, (*line)->number};
    if ((*line)->is_comment()) {
      if (starts_with_ignoring_case((*line)->text, "#opt:"))
        warn(place, "condor_submit takes `#opt:` lines for comments, and so does Cairn");
      continue;
    }
    auto taken = ifs.take((*line)->text, place.line, macros_, context_.pool_version);
    if (!taken) return places_.at(place, std::move(taken).error());
    if (*taken == Truth::yes || !ifs.enabled()) continue;
    in_if_ = ifs.open_line() > 0;
    CAIRN_CHECK(statement(**line, lines, file, depth));
  }
  if (ifs.open_line() > 0)
    return places_.at({file, ifs.open_line()},
                      Error{Errc::invalid, "this if has no endif", 0, "add a line `endif`"});
  return {};
}

Status SubmitParser::statement(const SubmitLine& line, SubmitLines& lines, int file, int depth) {
  const std::string_view text = line.text;
  const Place place{file, line.number};
  const std::string_view word = text.substr(0, std::min(text.find_first_of(" \t=:"), text.size()));
  for (const std::string_view keyword : {"queue", "iterate", "iter"}) {
    if (!equal_ignoring_case(word, keyword)) continue;
    const std::string_view rest = trim(text.substr(word.size()));
    // iterate and iter are newer names: a file may still have macros of that name.
    if (keyword != "queue" && rest.starts_with('=')) continue;
    if (depth > 0)
      return places_.at(place, Error{Errc::invalid, "a queue statement in an included file", 0,
                                     "put it into the submit file itself"});
    return queue(rest, &lines, place);
  }
  const Statement statement = read_statement(text);
  const std::string keyword =
      lower(statement.name.starts_with('@') ? statement.name.substr(1) : statement.name);
  Status done;
  switch (statement.op) {
    case Statement::Operator::colon:
      return colon(statement, place, depth, text);
    case Statement::Operator::block:
      return block(statement, lines, place);
    case Statement::Operator::assign:
    case Statement::Operator::append:
      if (!statement.words.empty() && (text.starts_with('+') || text.starts_with('-')))
        done = Error{
            Errc::invalid,
            cat("'", statement.name.substr(1), " ", statement.words, "' is no attribute name"), 0,
            "use letters, digits and _"};
      else
        done = statement.words.empty() ? assign(statement, place) : no_statement(text);
      break;
    case Statement::Operator::none:
      done = no_statement(text);
      break;
  }
  if (!done) return places_.at(place, std::move(done).error());
  return {};
}

Status SubmitParser::assign(const Statement& statement, Place place) {
  CAIRN_TRY(std::string name, macros_.expand(statement.name));
  std::string value(statement.value);
  if (name.starts_with('+') || name.starts_with('-')) {
    if (name.front() == '-') value.clear();
    name = cat("MY.", trim(std::string_view(name).substr(1)));
  }
  if (starts_with_ignoring_case(name, "MY.") && !is_attribute_name(name.substr(3)))
    return Error{Errc::invalid, cat("'", name.substr(3), "' is no attribute name"), 0,
                 "use letters, digits and _"};
  if (!is_macro_name(name))
    return Error{Errc::invalid, cat("'", name, "' cannot be assigned to"), 0,
                 name.find("\xC2\xA0") != std::string::npos
                     ? "one of the blanks is none (U+00A0, from a web page); write it anew"
                     : "names are letters, digits, _ and ."};
  if (statement.op == Statement::Operator::assign) warn_of_replaced(name, value, place);
  if (statement.op == Statement::Operator::append)
    if (const auto so_far = macros_.find(name); so_far && !so_far->empty())
      value = cat(*so_far, statement.separator, value);
  return macros_.assign(name, value, place.line, place.file);
}

// transfer_input_files = a, and a line below transfer_input_files = b.
void SubmitParser::warn_of_replaced(std::string_view name, std::string_view value, Place place) {
  const Macro* const before = macros_.assigned_macro(name);
  if (before == nullptr || in_if_ || before->file != place.file || before->raw.empty() ||
      value.empty() || before->line <= last_queue_line_ || before->line == 0)
    return;
  if (std::none_of(kCollected.begin(), kCollected.end(),
                   [name](std::string_view each) { return equal_ignoring_case(each, name); }))
    return;
  // More of the same is meant as it stands.
  if (value.find(before->raw) != std::string_view::npos || value.find("$(") != value.npos) return;
  warn(place, cat(name, " replaces line ", before->line, ", whose ", before->raw,
                  " has no effect; write both in one line"));
}

// name @=tag, lines, @tag
Status SubmitParser::block(const Statement& statement, SubmitLines& lines, Place place) {
  if (!statement.words.empty() || !is_macro_name(statement.name))
    return places_.at(place,
                      Error{Errc::invalid, cat("'", statement.name, "' cannot be assigned to"), 0,
                            "write name @=tag, for an attribute MY.Name @=tag"});
  const std::string end = cat("@", statement.value);
  std::string value;
  while (true) {
    auto line = lines.next();
    if (!line) return places_.at({place.file, lines.last_number()}, std::move(line).error());
    if (!*line)
      return places_.at(
          place, Error{Errc::invalid, cat("there is no line ", end, " that ends it"), 0, ""});
    if ((*line)->is_blank() || (*line)->is_comment()) continue;
    if ((*line)->text == end) break;
    if (!value.empty()) value += '\n';
    value += (*line)->text;
  }
  if (auto done = macros_.assign(statement.name, value, place.line, place.file); !done)
    return places_.at(place, std::move(done).error());
  return {};
}

Status SubmitParser::colon(const Statement& statement, Place place, int depth,
                           std::string_view text) {
  std::string_view name = statement.name;
  if (name.starts_with('@')) name.remove_prefix(1);
  if (equal_ignoring_case(name, "include")) return include(statement, place, depth);
  if (equal_ignoring_case(name, "use")) return use(statement, place, depth);
  const bool is_error = equal_ignoring_case(name, "error");
  if (!is_error && !equal_ignoring_case(name, "warning"))
    return places_.at(place, no_statement(text).error());
  auto message = macros_.expand(statement.value);
  if (!message) return places_.at(place, std::move(message).error());
  if (is_error) return places_.at(place, Error{Errc::invalid, *message, 0, ""});
  warn(place, *message);
  return {};
}

// include [ifexist] [command|output [into FILE]] : SOURCE
Status SubmitParser::include(const Statement& statement, Place place, int depth) {
  const auto fail = [this, place](std::string_view what, std::string_view hint) {
    return places_.at(place, Error{Errc::invalid, cat("include: ", what), 0, std::string(hint)});
  };
  bool if_exists = false, is_command = false;
  std::string into;
  const auto words = split_list(statement.words, ' ');
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "ifexist" || words[i] == "ifexists") {
      if_exists = true;
    } else if (words[i] == "command" || words[i] == "output") {
      is_command = true;
    } else if (words[i] == "into" && is_command && i + 1 < words.size()) {
      auto expanded = macros_.expand(words[++i]);
      if (!expanded) return places_.at(place, std::move(expanded).error());
      into = *std::move(expanded);
      if (into.empty()) return fail("the name after into stands for nothing", "");
    } else {
      return fail(cat("unexpected '", words[i], "'"),
                  "write include [ifexist] [command [into FILE]] : SOURCE");
    }
  }
  auto expanded = macros_.expand(statement.value);
  if (!expanded) return places_.at(place, std::move(expanded).error());
  std::string source(trim(*expanded));
  if (source.ends_with('|')) {
    is_command = true;
    source = trim(std::string_view(source).substr(0, source.find_last_not_of("| \t") + 1));
  }
  if (source.empty()) return fail("the name of the file is missing", "");
  if (depth + 1 >= kIncludeDepthMax)
    return fail(cat("more than ", kIncludeDepthMax, " files that include each other"),
                "does a file include itself?");
  if (context_.world == nullptr) return fail("there are no files to include here", "");
  const bool cached = !into.empty() && context_.world->look_at(into).has_value();
  auto text = included_text(cached ? into : source, is_command && !cached);
  if (!text) {
    if (if_exists && text.error().code == Errc::not_found) return {};
    return places_.at(place, std::move(text).error());
  }
  if (!into.empty() && !cached)
    if (auto written = context_.world->write(into, *text); !written)
      return places_.at(place, std::move(written).error());
  SubmitLines lines(*text);
  return read(lines, places_.add(source, place), depth + 1);
}

Result<std::string> SubmitParser::included_text(std::string_view source, bool is_command) {
  if (!is_command) return context_.world->read(std::string(source));
  CAIRN_TRY(const auto unquoted, unquote_command(source));
  if (unquoted.empty()) return Error{Errc::invalid, "the command is missing", 0, ""};
  return context_.world->output_of(unquoted);
}

Status SubmitParser::use(const Statement& statement, Place place, int depth) {
  if (!is_template_category(statement.words))
    return places_.at(
        place, Error{Errc::invalid, cat("use ", statement.words, ": there is no such category"), 0,
                     "condor_submit brings STRICT along: use STRICT : true, false or harsh"});
  for (const std::string& name : split_list(statement.value)) {
    const auto text = template_text(statement.words, name);
    if (!text)
      return places_.at(
          place, Error{Errc::invalid,
                       cat("use ", statement.words, " : ", name, ": there is no such template"), 0,
                       "STRICT has true, false and harsh"});
    SubmitLines lines(*text);
    const int file = places_.add(cat("use ", statement.words, " : ", name), place);
    CAIRN_CHECK(read(lines, file, depth + 1));
  }
  return {};
}

Status SubmitParser::no_statement(std::string_view text) const {
  const std::string word =
      lower(text.substr(0, std::min(text.find_first_of(" \t:=([|"), text.size())));
  if (text.starts_with('+') || text.starts_with('-'))
    return Error{
        Errc::invalid, cat("'", text, "' has no ="), 0,
        text.starts_with('+') ? "write +Attribute = value" : "write -Attribute = to take it away"};
  if (trim(text.substr(word.size())).starts_with(':'))
    return Error{Errc::invalid, cat("'", text, "' is no statement"), 0,
                 "assign with =, not with :"};
  const auto meant = nearest(word, {"queue"});
  return Error{Errc::invalid, cat("'", text, "' is no statement"), 0,
               meant ? "did you mean queue?" : "write name = value"};
}

// --- queue -----------------------------------------------------------------------------------

Status SubmitParser::queue(std::string_view arguments, SubmitLines* lines, Place place) {
  last_queue_line_ = place.line;
  queued_ = true;
  CAIRN_CHECK(append_lines());
  macros_.forget_missing();
  auto expanded = macros_.expand(arguments);
  if (!expanded) return places_.at(place, std::move(expanded).error());
  const auto missing = macros_.take_missing();
  for (const std::string& sentence : missing) warn(place, sentence);
  auto statement = parse_queue(*expanded);
  if (!statement) return places_.at(place, std::move(statement).error());
  CAIRN_CHECK(load_items(*statement, lines, place));
  if (!missing.empty() && statement->mode != ItemsMode::none && arguments.starts_with("$("))
    warn(place, "the name of a variable stands without $( ) here; write queue x in, or from");
  warn_of_items(*statement, *expanded, place);
  if (statement->mode == ItemsMode::none) statement->items = {std::string()};
  const auto count = static_cast<std::int64_t>(statement->items.size());
  std::int64_t selected = 0;
  for (std::int64_t i = 0; i < count; ++i)
    if (statement->slice.selects(i, count)) ++selected;
  if (selected == 0 || statement->count == 0) return {};
  const std::int64_t room = context_.jobs_max - static_cast<std::int64_t>(submission_.size());
  if (statement->count > room / selected)
    return places_.at(
        place, Error{Errc::invalid, cat("more than ", context_.jobs_max, " jobs in one file"), 0,
                     "split it into several"});
  begin_cluster_if_needed();
  macros_.set_live("Process", "0");
  for (const std::string& name : statement->variables) macros_.set_live(name, "");
  ads_.begin_statement();
  for (std::int64_t i = 0; i < count; ++i)
    if (statement->slice.selects(i, count))
      CAIRN_CHECK(queue_item(*statement, static_cast<std::size_t>(i), place));
  for (const std::string& name : statement->variables) macros_.set_live(name, "<Queue_item>");
  return {};
}

void SubmitParser::warn_of_items(const QueueStatement& statement, std::string_view text,
                                 Place place) {
  const auto matches = [this](std::string_view pattern) {
    return context_.world != nullptr && !context_.world->glob(std::string(pattern)).empty();
  };
  for (const std::string& sentence : item_mistakes(statement, text, matches)) warn(place, sentence);
  // queue x in list.txt, for from list.txt.
  if (statement.mode != ItemsMode::in || statement.items.size() != 1 || !context_.checks_files ||
      text.find('(') != std::string_view::npos)
    return;
  const std::string& item = statement.items.front();
  const bool is_list = std::any_of(kListEndings.begin(), kListEndings.end(),
                                   [&item](std::string_view end) { return item.ends_with(end); });
  const std::string use = lower(cat("$(", statement.variables.front(), ")"));
  for (const std::string_view command : {"transfer_input_files", "input", "executable"})
    if (const auto raw = macros_.find(command); raw && lower(*raw).find(use) != std::string::npos)
      return;
  if (is_list && matches(item))
    warn(place, cat("the file ", item, " is the one item; for a job for each of its lines write ",
                    "from ", item));
}

void SubmitParser::begin_cluster_if_needed() {
  const auto raw = macros_.find("executable");
  const std::string executable(raw.value_or(std::string_view()));
  const bool first = submission_.clusters.empty();
  if (first || (!context_.one_cluster && executable != executable_)) {
    const int id = first ? context_.cluster : submission_.clusters.back().id + 1;
    submission_.clusters.push_back({.id = id,
                                    .host = context_.host,
                                    .submitted_seconds = context_.now_seconds,
                                    .ad = {},
                                    .changes = {}});
    macros_.set_default("ClusterId", cat(id));
    macros_.set_live("Cluster", cat(id));
    ads_.begin_cluster(id);
  }
  executable_ = executable;
}

Status SubmitParser::load_items(QueueStatement& statement, SubmitLines* lines, Place place) {
  Status done;
  if (statement.source == ItemsFrom::lines) {
    if (lines == nullptr)
      return places_.at(place, Error{Errc::invalid, "the list has no )", 0,
                                     "write it whole, in one pair of brackets"});
    CAIRN_CHECK(read_lines(statement, *lines, place));
  } else if (statement.source != ItemsFrom::here) {
    done = read_external(statement);
  }
  if (done && statement.table) done = use_table_header(statement);
  if (done && statement.mode == ItemsMode::matching) done = match(statement, place);
  if (!done) return places_.at(place, std::move(done).error());
  return {};
}

Status SubmitParser::read_lines(QueueStatement& statement, SubmitLines& lines, Place place) {
  while (true) {
    auto line = lines.next();
    if (!line) return places_.at({place.file, lines.last_number()}, std::move(line).error());
    if (!*line)
      return places_.at(place, Error{Errc::invalid, "the list has no line that begins with )", 0,
                                     "where items follow the ( on its line, the ) must stand "
                                     "there too or begin a line of its own"});
    if ((*line)->is_comment()) continue;
    if ((*line)->text.starts_with(')')) return {};
    add_items(statement, (*line)->text);
  }
}

Status SubmitParser::read_external(QueueStatement& statement) {
  if (context_.world == nullptr)
    return Error{Errc::invalid, "there are no files to queue from here", 0, ""};
  std::string text;
  if (statement.source == ItemsFrom::file) {
    auto read = context_.world->read(statement.source_name);
    if (!read) {
      Error error = std::move(read).error();
      if (std::string hint = missing_items_hint(statement.source_name); !hint.empty())
        error.hint = std::move(hint);
      return error;
    }
    text = *std::move(read);
  } else if (statement.source == ItemsFrom::standard_input) {
    CAIRN_TRY(text, context_.world->read_stdin());
  } else {
    CAIRN_TRY(const auto command, unquote_command(statement.source_name));
    if (command.empty()) return Error{Errc::invalid, "the command before | is missing", 0, ""};
    CAIRN_TRY(text, context_.world->output_of(command));
  }
  SubmitLines lines(text);
  while (true) {
    CAIRN_TRY(const auto line, lines.next());
    if (!line) return {};
    statement.items.push_back(line->text);  // comments are rows, as in HTCondor
  }
}

Status SubmitParser::use_table_header(QueueStatement& statement) const {
  const TableOptions& table = *statement.table;
  std::size_t drop = static_cast<std::size_t>(table.skip_rows);
  if (table.header_row >= 0) {
    const auto row = static_cast<std::size_t>(table.header_row);
    if (row >= statement.items.size())
      return Error{Errc::invalid, cat("the table has no row ", row, " for its header"), 0,
                   "write from table(csv) for a table without one"};
    constexpr std::size_t kColumnsMax = 1000;
    std::vector<std::string> names;
    for (const std::string_view name : split_item(statement.items[row], kColumnsMax, table)) {
      if (!is_macro_name(name))
        return Error{Errc::invalid, cat("the table's header has '", name, "', which is no name"), 0,
                     "names are letters, digits, _ and ."};
      names.emplace_back(name);
    }
    statement.variables = std::move(names);
    drop += row + 1;
  }
  statement.items.erase(statement.items.begin(),
                        statement.items.begin() +
                            static_cast<std::ptrdiff_t>(std::min(drop, statement.items.size())));
  return {};
}

Result<Truth> SubmitParser::setting(std::string_view name, std::string_view other_name,
                                    bool otherwise) {
  auto raw = macros_.find(name);
  if (!raw) raw = macros_.find(other_name);
  if (!raw) return truth(otherwise);
  CAIRN_TRY(const std::string value, macros_.expand(*raw));
  if (value.empty()) return truth(otherwise);
  const auto wish = evaluate_bool(value);
  if (!wish)
    return Error{Errc::invalid, cat(other_name, " = ", value, ": expected true or false"), 0, ""};
  return truth(*wish);
}

Status SubmitParser::match(QueueStatement& statement, Place place) {
  CAIRN_TRY(const Truth warn_empty,
            setting("SubmitWarnEmptyMatches", "submit_warn_empty_matches", true));
  CAIRN_TRY(const Truth fail_empty,
            setting("SubmitFailEmptyMatches", "submit_fail_empty_matches", false));
  CAIRN_TRY(const Truth warn_twice,
            setting("SubmitWarnDuplicateMatches", "submit_warn_duplicate_matches", true));
  CAIRN_TRY(const Truth allow_twice,
            setting("SubmitAllowDuplicateMatches", "submit_allow_duplicate_matches", false));
  MatchKind kind = statement.match;
  if (kind == MatchKind::by_setting) {
    auto raw = macros_.find("SubmitMatchDirectories");
    if (!raw) raw = macros_.find("submit_match_directories");
    const std::string_view word = raw ? trim(*raw) : std::string_view("yes");
    kind = MatchKind::any;
    if (equal_ignoring_case(word, "only")) kind = MatchKind::folders;
    for (const std::string_view no : {"never", "no", "false"})
      if (equal_ignoring_case(word, no)) kind = MatchKind::files;
  }
  std::vector<std::string> found;
  std::set<std::string> seen;
  for (const std::string& pattern : statement.items) {
    const std::size_t before = found.size();
    bool any = false;
    if (context_.world != nullptr)
      for (const auto& [name, folder] : context_.world->glob(pattern)) {
        if (kind == MatchKind::files && folder) continue;
        if (kind == MatchKind::folders && !folder) continue;
        any = true;
        std::string item = folder && !name.ends_with('/') ? cat(name, "/") : name;
        if (!seen.insert(item).second && allow_twice == Truth::no) {
          if (warn_twice == Truth::yes)
            warn(place, cat("'", item, "', matched by ", pattern, ", is there already"));
          continue;
        }
        found.push_back(std::move(item));
      }
    if (any || found.size() > before) continue;
    if (fail_empty == Truth::yes)
      return Error{Errc::invalid, cat("nothing matches ", pattern), 0,
                   "submit_fail_empty_matches makes this an error"};
    if (warn_empty == Truth::yes) warn(place, cat("nothing matches ", pattern));
  }
  statement.items = std::move(found);
  return {};
}

Status SubmitParser::set_variables(const QueueStatement& statement, std::size_t index,
                                   Place place) {
  if (statement.variables.empty()) return {};
  const auto values =
      split_item(statement.items[index], statement.variables.size(), statement.table);
  std::string empty;
  for (std::size_t i = 0; i < statement.variables.size(); ++i) {
    const std::string& name = statement.variables[i];
    if (i >= values.size()) {
      // Without a table it keeps the value of the row before, as in HTCondor.
      if (statement.table) macros_.set_live(name, "");
      if (short_items_.insert(cat(place.line, " ", name)).second)
        warn(place, cat("item ", index, " has no column for ", name,
                        statement.table ? ", which is empty then"
                                        : ", which keeps the value of the item before"));
      continue;
    }
    macros_.set_live(name, values[i]);
    if (values[i].empty()) empty += cat(empty.empty() ? "" : ", ", name);
  }
  if (empty.empty()) return {};
  CAIRN_TRY(const Truth fail, setting("SubmitFailEmptyFields", "submit_fail_empty_fields", false));
  CAIRN_TRY(const Truth say, setting("SubmitWarnEmptyFields", "submit_warn_empty_fields", true));
  if (fail == Truth::yes)
    return Error{Errc::invalid, cat("item ", index, " has nothing for ", empty), 0,
                 "submit_fail_empty_fields makes this an error"};
  if (say == Truth::yes) warn(place, cat("item ", index, " has nothing for ", empty));
  return {};
}

Status SubmitParser::queue_item(const QueueStatement& statement, std::size_t index, Place place) {
  if (auto done = set_variables(statement, index, place); !done)
    return places_.at(place, std::move(done).error());
  for (const std::string_view name : {"Row", "ItemIndex"})
    macros_.set_default(name, cat(index), true);
  for (int step = 0; step < statement.count; ++step) CAIRN_CHECK(queue_one(step, place));
  return {};
}

Status SubmitParser::queue_one(int step, Place place) {
  SubmittedCluster& cluster = submission_.clusters.back();
  const int proc = static_cast<int>(cluster.changes.size());
  const std::string number = cat(proc);
  macros_.set_default("Step", cat(step), true);
  macros_.set_default("ProcId", number, true);
  macros_.set_live("Process", number);
  if (context_.each_job) context_.each_job(proc, place.line, macros_);
  CAIRN_TRY(std::string changes, ads_.make(proc, place));
  if (proc == 0) cluster.ad = ads_.cluster_ad();
  cluster.changes.push_back(std::move(changes));
  return {};
}

// --- warnings --------------------------------------------------------------------------------

void SubmitParser::warn(Place place, std::string_view text) {
  submission_.warnings.push_back(
      {place.file == 0 ? place.line : 0, cat(places_.text(place), ": ", text)});
}

// An assigned name that is no command, no attribute and no macro that anything uses.
void SubmitParser::warn_of_unused() {
  for (const auto& [name, macro] : macros_.assigned()) {
    if (macro.used || name.find('.') != std::string::npos) continue;
    if (macro.file == 0 && macro.line > last_queue_line_) continue;
    const Place place{macro.file, macro.line};
    if (macro.live) {
      if (!equal_ignoring_case(name, "Process") && !equal_ignoring_case(name, "Cluster"))
        warn({0, last_queue_line_},
             cat("the variable ", name, " of the queue statement is not used"));
    } else if (const auto command = known_command(name)) {
      warn(place, cat(name, " has no effect here"));
    } else if (!is_setting(name)) {
      const auto meant = nearest(name, submit_commands());
      warn(place, cat("unknown command ", name, " is ignored",
                      meant ? cat("; did you mean ", *meant, "?") : ""));
    }
  }
}

// Commands are read where a queue statement stands.
void SubmitParser::warn_of_late() {
  if (context_.queue) return;
  for (const auto& [name, macro] : macros_.assigned())
    if (macro.file == 0 && macro.line > last_queue_line_)
      warn({0, macro.line}, cat(name, " comes after the last queue statement and has no effect"));
}

// A list as one value; names with a comma cannot be in one.
Result<std::string> to_list(std::string_view command, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (name.find(',') != std::string::npos || trim(name) != name || name.empty())
      return Error{Errc::invalid, cat(command, ": '", name, "' cannot be in a list of files"), 0,
                   "rename it: no commas, no blanks at its ends"};
  return names.empty() ? std::string("\"\"") : join(names, ",");
}

}  // namespace

JobAd SubmittedCluster::job(std::size_t proc) const {
  JobAd whole = ad;
  whole.set_integer("ProcId", static_cast<std::int64_t>(proc));
  whole.set_string("GlobalJobId", cat(host, "#", id, ".", proc, "#", submitted_seconds));
  // What we wrote ourselves can be read.
  const JobAd own = JobAd::parse(changes.at(proc)).value();
  for (const auto& [name, expression] : own.attributes()) whole.set(name, expression);
  return whole;
}

std::size_t Submission::size() const {
  std::size_t count = 0;
  for (const SubmittedCluster& cluster : clusters) count += cluster.changes.size();
  return count;
}

std::vector<JobAd> Submission::jobs() const {
  std::vector<JobAd> jobs;
  jobs.reserve(size());
  for (const SubmittedCluster& cluster : clusters)
    for (std::size_t proc = 0; proc < cluster.changes.size(); ++proc)
      jobs.push_back(cluster.job(proc));
  return jobs;
}

Result<Submission> parse_submit_file(std::string_view text, const SubmitContext& context) {
  return SubmitParser(context).parse(text);
}

Result<Submission> command_submission(const CommandJob& job, const SubmitContext& context) {
  Macros macros;
  macros.set_directory(context.directory.native());
  macros.assign_literal("executable", job.executable);
  if (!job.transfer_executable) macros.assign_literal("transfer_executable", "false");
  macros.assign_literal("arguments", quote_for_submit(join_v2(job.arguments)));
  macros.assign_literal("environment", quote_for_submit(join_environment_v2(job.environment)));
  macros.assign_literal("should_transfer_files", "YES");
  if (job.checkpoint_exit_code)
    macros.assign_literal("checkpoint_exit_code", cat(*job.checkpoint_exit_code));
  for (const auto& [command, files] :
       {std::pair{"transfer_checkpoint_files", &job.checkpoint_files},
        std::pair{"transfer_output_files", &job.output_files},
        std::pair{"transfer_input_files", &job.input_files}})
    if (*files) {
      CAIRN_TRY(const auto list, to_list(command, **files));
      macros.assign_literal(command, list);
    }
  for (const auto& [command, value] : job.settings) {
    const auto known = known_command(command);
    if (!known)
      return Error{Errc::invalid, cat("'", command, "' is no submit command"), 0,
                   "see docs/submit.md for the list"};
    macros.assign_literal(*known, trim(value));
  }
  const SubmitPlaces places(context.file);
  Submission submission;
  AdMaker ads(context, macros, places, [&submission, &context](Place, std::string_view text) {
    submission.warnings.push_back({0, cat(context.file, ": ", text)});
  });
  ads.begin_cluster(context.cluster);
  ads.begin_statement();
  CAIRN_TRY(std::string changes, ads.make(0, {}));
  submission.clusters.push_back({.id = context.cluster,
                                 .host = context.host,
                                 .submitted_seconds = context.now_seconds,
                                 .ad = ads.cluster_ad(),
                                 .changes = {}});
  submission.clusters.back().changes.push_back(std::move(changes));
  return submission;
}

Status check_runs_here(const JobAd& ad) {
  const auto refuse = [](std::string_view what, std::string_view hint) {
    return Error{Errc::unsupported, cat(what, " is not run by Cairn's own engine"), 0,
                 std::string(hint)};
  };
  constexpr std::int64_t kVanilla = 5;
  if (ad.get_bool("WantDocker").value_or(false) || ad.get_bool("WantContainer").value_or(false))
    return refuse("a job in a container",
                  "take container_image and universe out, or hand it to a pool");
  if (ad.get_integer("JobUniverse").value_or(kVanilla) != kVanilla)
    return refuse("another universe than vanilla", "take the line `universe` out");
  if (ad.get("DeferralTime") || ad.get("DeferralPrepTime"))
    return refuse("a job that waits for a time of day", "take deferral_time out, or use at(1)");
  if (ad.get("CheckpointDestination"))
    return refuse("a job with a checkpoint_destination",
                  "take the line out: checkpoints are then kept in the spool");
  return {};
}

Result<JobAd> command_ad(const CommandJob& job, const SubmitContext& context) {
  CAIRN_TRY(const Submission submission, command_submission(job, context));
  return submission.clusters.front().job(0);
}

}  // namespace cairn
