#include "submit/queue_statement.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.h"
#include "base/try.h"
#include "submit/number.h"

namespace cairn {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kHint =
    "write queue, queue 10, queue name in (a b), queue name from file.txt, or queue name matching "
    "*.dat";

bool is_blank(char letter) { return kBlanks.find(letter) != std::string_view::npos; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error bad(std::string_view text, std::string_view what) {
  return {Errc::invalid, cat("queue ", text, ": ", what), 0, std::string(kHint)};
}

std::string_view skip_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

// Words between blanks and commas.
std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  while (true) {
    const std::size_t start = text.find_first_not_of(", \t\r\n");
    if (start == std::string_view::npos) return found;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(", \t\r\n"), text.size());
    found.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

struct Keyword {
  ItemsMode mode = ItemsMode::none;
  std::size_t start = 0, end = 0;
};

// The first of in, from, matching with a blank or ( after it.
std::optional<Keyword> find_keyword(std::string_view text) {
  std::size_t start = 0;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_blank(text[at]) && text[at] != '(') {
      if (!in_word) start = at;
      in_word = true;
      continue;
    }
    if (in_word) {
      const std::string_view word = text.substr(start, at - start);
      if (equal_ignoring_case(word, "in")) return Keyword{ItemsMode::in, start, at};
      if (equal_ignoring_case(word, "from")) return Keyword{ItemsMode::from, start, at};
      if (equal_ignoring_case(word, "matching")) return Keyword{ItemsMode::matching, start, at};
    }
    in_word = false;
  }
  return std::nullopt;
}

// Where the variables begin that end at the end of `text`: what is before them is the count.
// A word of digits alone is none of them.
std::size_t variables_start(std::string_view text) {
  std::size_t start = text.size();
  std::size_t at = text.size();
  while (at > 0) {
    char letter = text[at - 1];
    if (is_digit(letter)) {
      --at;
      while (at > 0) {
        letter = text[at - 1];
        if (is_letter(letter)) break;
        if (!is_digit(letter)) return start;
        --at;
      }
      if (at == 0) return start;
    }
    if (!is_blank(letter) && !is_letter(letter) && letter != ',' && letter != '_' && letter != '.')
      break;
    start = --at;
  }
  return start;
}

Result<std::int64_t> read_count(std::string_view text) {
  const std::string_view word = trim(text);
  if (word.empty()) return 1;
  const auto count = evaluate_integer(word);
  if (!count) return bad(word, "expected the number of jobs");
  if (*count < 0 || *count >= std::numeric_limits<int>::max())
    return bad(word, "the number of jobs is 0 or more");
  return *count;
}

// [start:end:step] at the start of `text`, which is moved behind it.
Result<Slice> read_slice(std::string_view& text) {
  const std::size_t close = text.find(']');
  const std::string_view whole = text.substr(0, std::min(close, text.size() - 1) + 1);
  Slice slice;
  std::string_view inside = whole.substr(1, whole.size() - 2);
  for (std::optional<std::int64_t>* part : {&slice.start, &slice.end, &slice.step}) {
    const std::size_t colon = std::min(inside.find(':'), inside.size());
    const std::string_view number = trim(inside.substr(0, colon));
    if (!number.empty()) {
      *part = parse_integer(number);
      if (!*part || **part > std::numeric_limits<int>::max() ||
          **part < std::numeric_limits<int>::min())
        return bad(whole, "expected a slice such as [1:10] or [::2]");
    }
    inside.remove_prefix(std::min(colon + 1, inside.size()));
  }
  if (close == std::string_view::npos || !inside.empty())
    return bad(whole, "expected a slice such as [1:10] or [::2]");
  if (slice.step && *slice.step < 1) return bad(whole, "the step of a slice is 1 or more");
  text = skip_blanks(text.substr(whole.size()));
  return slice;
}

Result<TableOptions> read_table(std::string_view& text) {
  TableOptions options;
  if (!text.starts_with('(')) return options;
  const std::size_t close = text.find(')');
  if (close == std::string_view::npos) return bad(text, "the ( after table has no )");
  for (const std::string& setting : split_list(text.substr(1, close - 1))) {
    const std::size_t equals = setting.find('=');
    const std::string_view name = trim(std::string_view(setting).substr(0, equals));
    const std::string_view value =
        equals == std::string::npos ? "" : trim(std::string_view(setting).substr(equals + 1));
    const auto number = parse_integer(value);
    if (equal_ignoring_case(name, "csv")) {
      options = {.header_row = -1};
    } else if (equal_ignoring_case(name, "standard")) {
      options = {.header_row = -1, .separator = 0};
    } else if (equal_ignoring_case(name, "header") &&
               (number || equal_ignoring_case(value, "none"))) {
      options.header_row =
          number ? static_cast<int>(std::clamp<std::int64_t>(*number, -1, 1'000'000)) : -1;
    } else if (equal_ignoring_case(name, "skip") && number) {
      options.skip_rows = static_cast<int>(std::clamp<std::int64_t>(*number, 0, 1'000'000));
    } else if (equal_ignoring_case(name, "trim") && evaluate_bool(value)) {
      options.trim = *evaluate_bool(value);
    } else if (equal_ignoring_case(name, "comma_sep") && evaluate_bool(value)) {
      options.separator = *evaluate_bool(value) ? ',' : '\0';
    } else if (equal_ignoring_case(name, "sep") && value.size() == 1) {
      options.separator = value.front();
    } else {
      return bad(cat("from table(", setting, ")"),
                 "expected csv, standard, header=N, skip=N, trim=BOOL, comma_sep=BOOL or sep=C");
    }
  }
  text = skip_blanks(text.substr(close + 1));
  return options;
}

// files, dirs, any, table(…) and a slice, in any order.
Status read_qualifiers(std::string_view& text, QueueStatement& statement) {
  while (!text.empty() && text.front() != '(') {
    if (text.front() == '[') {
      CAIRN_TRY(statement.slice, read_slice(text));
      continue;
    }
    const std::size_t end = text.find_first_of(" \t\r\n([");
    const std::string_view word = text.substr(0, end);
    if (end == std::string_view::npos) return {};  // the only item
    MatchKind kind = MatchKind::by_setting;
    if (equal_ignoring_case(word, "files")) kind = MatchKind::files;
    if (equal_ignoring_case(word, "dirs")) kind = MatchKind::folders;
    if (equal_ignoring_case(word, "any")) kind = MatchKind::any;
    const bool is_table = equal_ignoring_case(word, "table") && statement.mode == ItemsMode::from;
    if (kind == MatchKind::by_setting && !is_table) return {};
    if (!is_table && statement.mode != ItemsMode::matching)
      return bad(text, cat("'", word, "' belongs after matching"));
    text = skip_blanks(text.substr(end));
    if (is_table) {
      CAIRN_TRY(statement.table, read_table(text));
    } else {
      statement.match = kind;
    }
  }
  return {};
}

bool is_command(std::string_view source) { return source.ends_with('|'); }

void read_source(std::string_view text, QueueStatement& statement) {
  const bool one_line = text.starts_with('(') && text.ends_with(')');
  if (one_line) {
    text = skip_blanks(text.substr(1, text.size() - 2));
    if (statement.mode == ItemsMode::from)
      statement.items.emplace_back(text);
    else
      add_items(statement, text);
  } else if (text.starts_with('(')) {
    statement.source = ItemsFrom::lines;
    if (text = skip_blanks(text.substr(1)); !text.empty()) add_items(statement, text);
  } else if (statement.mode != ItemsMode::from) {
    add_items(statement, text);
  } else if (const std::string_view name = trim(text); name == "-") {
    statement.source = ItemsFrom::standard_input;
  } else if (is_command(name)) {
    statement.source = ItemsFrom::command;
    statement.source_name = trim(name.substr(0, name.find_last_not_of("| \t") + 1));
  } else {
    statement.source = ItemsFrom::file;
    statement.source_name = name;
  }
}

bool is_variable(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '.'; });
}

std::string_view trim_blanks(std::string_view text, bool wanted) {
  if (!wanted) return text;
  const std::size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return text.substr(text.size());
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

std::vector<std::string_view> split_columns(std::string_view item, std::size_t variables,
                                            std::string_view separators, bool trim_ends) {
  std::vector<std::string_view> values;
  while (values.size() + 1 < variables) {
    const std::size_t end = item.find_first_of(separators);
    if (end == std::string_view::npos) break;
    values.push_back(trim_blanks(item.substr(0, end), trim_ends));
    item.remove_prefix(end + 1);
  }
  values.push_back(trim_blanks(item, trim_ends));
  return values;
}

}  // namespace

bool Slice::selects(std::int64_t index, std::int64_t count) const {
  const auto position = [count](const std::optional<std::int64_t>& at, std::int64_t otherwise) {
    if (!at) return otherwise;
    return *at < 0 ? *at + count : *at;
  };
  const std::int64_t from = position(start, 0), to = position(end, count);
  if (index < 0 || index >= count || index < from || index >= to) return false;
  return !step || (index - from) % *step == 0;
}

Result<QueueStatement> parse_queue(std::string_view text) {
  QueueStatement statement;
  text = trim(text);
  const auto keyword = find_keyword(text);
  if (!keyword) {
    CAIRN_TRY(statement.count, read_count(text));
    return statement;
  }
  statement.mode = keyword->mode;
  const std::string_view before = trim(text.substr(0, keyword->start));
  const std::size_t variables = variables_start(before);
  statement.variables = words(before.substr(variables));
  for (const std::string& name : statement.variables)
    if (!is_variable(name)) return bad(text, cat("'", name, "' is no name of a variable"));
  if (statement.variables.empty()) statement.variables.emplace_back("Item");
  CAIRN_TRY(statement.count, read_count(before.substr(0, variables)));
  std::string_view rest = skip_blanks(text.substr(keyword->end));
  CAIRN_CHECK(read_qualifiers(rest, statement));
  read_source(rest, statement);
  if (statement.source == ItemsFrom::file && statement.source_name.empty())
    return bad(text, "the name of a file is missing after from");
  return statement;
}

void add_items(QueueStatement& statement, std::string_view line) {
  if (statement.mode == ItemsMode::from) {
    statement.items.emplace_back(line);
    return;
  }
  for (std::string& word : words(line)) statement.items.push_back(std::move(word));
}

std::vector<std::string_view> split_item(std::string_view item, std::size_t variables,
                                         const std::optional<TableOptions>& table) {
  constexpr char kUnitSeparator = '\x1F';
  if (table) {
    const char separator = table->separator;
    return split_columns(trim_blanks(item, table->trim), variables,
                         separator == 0 ? ", \t" : std::string_view(&separator, 1), table->trim);
  }
  if (item.find(kUnitSeparator) != std::string_view::npos)
    return split_columns(item, variables, std::string_view(&kUnitSeparator, 1), true);
  std::vector<std::string_view> values;
  while (values.size() + 1 < variables) {
    const std::size_t end = item.find_first_of(", \t");
    if (end == std::string_view::npos) break;
    values.push_back(item.substr(0, end));
    item.remove_prefix(end + 1);
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
  }
  values.push_back(item);
  return values;
}

}  // namespace cairn
