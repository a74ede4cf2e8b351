#include "submit/submit.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "base/try.h"
#include "submit/macro.h"
#include "submit/submit_ad.h"
#include "submit/submit_lines.h"

namespace cairn {
namespace {

std::string_view first_word(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of(" \t:=([|"), text.size()));
}

// Statements of the whole language that are not there yet.
constexpr std::array<std::string_view, 9> kNotYet = {
    "if", "elif", "else", "endif", "include", "@include", "use", "error", "warning"};

Error not_yet(std::string_view what) {
  return {Errc::unsupported, cat(what, " is not supported yet"), 0,
          "Cairn reads `name = value`, `+Attribute = value` and `queue N`"};
}

class SubmitParser {
 public:
  explicit SubmitParser(const SubmitContext& context) : context_(context) {}

  Result<Submission> parse(std::string_view text);

 private:
  Status statement(const SubmitLine& line);
  Status assign(std::string_view name, std::string_view value, int line);
  Status other_statement(std::string_view text);
  Status queue(std::string_view rest, int line);
  Result<std::int64_t> queue_count(std::string_view rest);
  Status queue_one(int step);
  Result<CommandValues> current_values();

  void warn(int line, std::string_view text);
  void warn_of_unused();
  void warn_of_missing(int line);
  void warn_of_late();

  const SubmitContext& context_;
  Macros macros_;
  Macros::Names missing_;
  Submission submission_;
  int last_queue_line_ = 0;
};

Result<Submission> SubmitParser::parse(std::string_view text) {
  CAIRN_TRY(const auto lines, submit_lines(text, context_.file));
  macros_.set_automatic("SUBMIT_FILE", context_.file);
  for (const std::string_view name : {"Cluster", "ClusterId"})
    macros_.set_automatic(name, cat(context_.cluster));
  for (const std::string_view name : {"Row", "ItemIndex"}) macros_.set_automatic(name, "0");
  for (const std::string_view name : {"Node", "Item"}) macros_.set_automatic(name, "");
  for (const SubmitLine& line : lines)
    if (auto done = statement(line); !done) return std::move(done).error();
  if (last_queue_line_ == 0)
    return at_line(
        context_, 0,
        Error{Errc::invalid, "there is no queue statement", 0, "end the file with a line `queue`"});
  if (submission_.jobs.empty()) {
    warn(last_queue_line_, "nothing is queued");
  } else {
    warn_of_unused();
  }
  warn_of_late();
  std::stable_sort(submission_.warnings.begin(), submission_.warnings.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  return std::move(submission_);
}

Status SubmitParser::statement(const SubmitLine& line) {
  std::string_view text = line.text;
  Status done;
  if (text.starts_with('+')) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos)
      done = Error{Errc::invalid, cat("'", text, "' has no ="), 0, "write +Attribute = value"};
    else
      done = assign(cat("MY.", trim(text.substr(1, equals - 1))), trim(text.substr(equals + 1)),
                    line.number);
  } else if (const std::size_t end = text.find_first_of(" \t=:+@([|");
             is_macro_name(text.substr(0, std::min(end, text.size()))) &&
             trim(text.substr(std::min(end, text.size()))).starts_with('=')) {
    done = assign(text.substr(0, end), trim(text.substr(text.find('=') + 1)), line.number);
  } else if (const std::string word = lower(first_word(text));
             word == "queue" || word == "iterate" || word == "iter") {
    return queue(trim(text.substr(word.size())), line.number);
  } else {
    done = other_statement(text);
  }
  if (!done) return at_line(context_, line.number, std::move(done).error());
  return {};
}

Status SubmitParser::assign(std::string_view name, std::string_view value, int line) {
  if (starts_with_ignoring_case(name, "MY.") && !is_attribute_name(name.substr(3)))
    return Error{Errc::invalid, cat("'", name.substr(3), "' is no attribute name"), 0,
                 "use letters, digits and _"};
  const auto command = known_command(name);
  macros_.assign(command ? *command : name, value, line);
  return {};
}

// Everything that is neither an assignment nor a queue statement.
Status SubmitParser::other_statement(std::string_view text) {
  const std::string word = lower(first_word(text));
  if (std::find(kNotYet.begin(), kNotYet.end(), word) != kNotYet.end())
    return not_yet(cat("the statement `", word, "`"));
  if (text.starts_with('-')) return not_yet("taking an attribute away with -");
  const std::string_view rest = trim(text.substr(std::min(first_word(text).size(), text.size())));
  if (rest.starts_with('@')) return not_yet("a value over several lines with @=");
  if (rest.starts_with('+')) return not_yet("appending with +=");
  if (rest.starts_with(':'))
    return Error{Errc::invalid, cat("'", text, "' is no statement"), 0,
                 "assign with =, not with :"};
  const auto meant = nearest(word, {"queue"});
  return Error{Errc::invalid, cat("'", text, "' is no statement"), 0,
               meant ? "did you mean queue?" : "write name = value"};
}

Status SubmitParser::queue(std::string_view rest, int line) {
  last_queue_line_ = line;
  auto count = queue_count(rest);
  if (!count) return at_line(context_, line, std::move(count).error());
  warn_of_missing(line);
  if (static_cast<std::int64_t>(submission_.jobs.size()) + *count > context_.jobs_max)
    return at_line(context_, line,
                   Error{Errc::invalid, cat("more than ", context_.jobs_max, " jobs in one file"),
                         0, "split it into several"});
  for (int step = 0; step < *count; ++step) CAIRN_CHECK(queue_one(step));
  return {};
}

Result<std::int64_t> SubmitParser::queue_count(std::string_view rest) {
  CAIRN_TRY(const std::string expanded, macros_.expand(rest));
  const std::string_view text = trim(expanded);
  if (text.empty()) return 1;
  if (const auto count = parse_integer(text)) {
    if (*count >= 0 && *count <= std::numeric_limits<int>::max()) return *count;
    return Error{Errc::invalid, cat("queue ", text, ": the number of jobs is 0 or more"), 0, ""};
  }
  for (const std::string_view keyword : {"in", "from", "matching"}) {
    const std::string low = cat(" ", lower(text), " ");
    for (const std::string_view after : {" ", "(", "["})
      if (low.find(cat(" ", keyword, after)) != std::string::npos)
        return not_yet(cat("queue … ", keyword, " …"));
  }
  return Error{Errc::invalid, cat("queue ", text, ": expected the number of jobs"), 0,
               "write queue, or queue 10"};
}

Status SubmitParser::queue_one(int step) {
  const int proc = static_cast<int>(submission_.jobs.size());
  macros_.set_automatic("Step", cat(step));
  for (const std::string_view name : {"Process", "ProcId"}) macros_.set_automatic(name, cat(proc));
  macros_.set_automatic("JobId", cat(context_.cluster, ".", proc));
  if (context_.each_job) context_.each_job(proc, last_queue_line_, macros_);
  CAIRN_TRY(const CommandValues values, current_values());
  CAIRN_TRY(JobAd ad, build_ad(values, context_, proc));
  submission_.jobs.push_back(std::move(ad));
  return {};
}

// Every command and attribute that is set now, expanded.
Result<CommandValues> SubmitParser::current_values() {
  CommandValues values;
  for (const auto& [name, macro] : macros_.assigned()) {
    if (!known_command(name) && !is_refused_command(name) &&
        !starts_with_ignoring_case(name, "MY."))
      continue;
    auto text = macros_.expand(macro.raw);
    if (!text) return at_line(context_, macro.line, std::move(text).error());
    warn_of_missing(macro.line);
    values.insert_or_assign(name, CommandValue{std::string(trim(*text)), macro.line});
  }
  return values;
}

void SubmitParser::warn(int line, std::string_view text) {
  submission_.warnings.push_back({line, cat(context_.file, ":", line, ": ", text)});
}

// An assigned name that is no command, no attribute and no macro that anything uses.
void SubmitParser::warn_of_unused() {
  for (const auto& [name, macro] : macros_.assigned()) {
    if (known_command(name) || starts_with_ignoring_case(name, "MY.")) continue;
    if (macros_.used().contains(name) || macro.line > last_queue_line_) continue;
    if (is_foreign_command(name)) {
      warn(macro.line, cat(name, " is not supported yet and is ignored"));
      continue;
    }
    const auto meant = nearest(name, submit_commands());
    warn(macro.line, cat("unknown command ", name, " is ignored",
                         meant ? cat("; did you mean ", *meant, "?") : ""));
  }
}

// Once for each name, where it was first used.
void SubmitParser::warn_of_missing(int line) {
  for (const std::string& name : macros_.missing())
    if (missing_.insert(name).second)
      warn(line, cat("$(", name, ") is not defined and stands for nothing"));
}

// Commands are read where a queue statement stands.
void SubmitParser::warn_of_late() {
  for (const auto& [name, macro] : macros_.assigned())
    if (macro.line > last_queue_line_)
      warn(macro.line, cat(name, " comes after the last queue statement and has no effect"));
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

Result<Submission> parse_submit_file(std::string_view text, const SubmitContext& context) {
  return SubmitParser(context).parse(text);
}

Result<JobAd> command_ad(const CommandJob& job, const SubmitContext& context) {
  CommandValues values;
  const auto set = [&values](std::string_view command, std::string text) {
    values.insert_or_assign(std::string(command), CommandValue{std::move(text), 0});
  };
  set("executable", job.executable);
  if (!job.transfer_executable) set("transfer_executable", "false");
  set("arguments", quote_for_submit(join_v2(job.arguments)));
  set("environment", quote_for_submit(join_environment_v2(job.environment)));
  set("should_transfer_files", "YES");
  if (job.checkpoint_exit_code) set("checkpoint_exit_code", cat(*job.checkpoint_exit_code));
  for (const auto& [command, files] :
       {std::pair{"transfer_checkpoint_files", &job.checkpoint_files},
        std::pair{"transfer_output_files", &job.output_files},
        std::pair{"transfer_input_files", &job.input_files}})
    if (*files) {
      CAIRN_TRY(auto list, to_list(command, **files));
      set(command, std::move(list));
    }
  for (const auto& [command, value] : job.settings) {
    const auto known = known_command(command);
    if (!known)
      return Error{Errc::invalid, cat("'", command, "' is no submit command"), 0,
                   "see docs/cli.md for the list"};
    set(*known, std::string(trim(value)));
  }
  return build_ad(values, context, 0);
}

}  // namespace cairn
