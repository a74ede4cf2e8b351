// The arguments of a queue statement:
//   queue [count] [variables] in|from|matching [files|dirs|any|table(…)] [slice] items
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"

namespace cairn {

// As in Python: [start:end:step], the step more than 0.  [n] alone is [n:], as in HTCondor.
struct Slice {
  std::optional<std::int64_t> start, end, step;
  bool selects(std::int64_t index, std::int64_t count) const;
};

enum class ItemsMode : std::uint8_t { none, in, from, matching };
enum class MatchKind : std::uint8_t { by_setting, files, folders, any };
enum class ItemsFrom : std::uint8_t {
  here,   // `items` is all
  lines,  // further lines of the submit file, up to one that begins with )
  file,
  command,
  standard_input
};

// Of queue … from table(…).
struct TableOptions {
  int header_row = 0;    // it names the variables; -1: there is none
  int skip_rows = 0;     // after it
  char separator = ',';  // 0: blanks and commas
  bool trim = true;
};

struct QueueStatement {
  std::int64_t count = 1;
  std::vector<std::string> variables;  // never empty where there are items
  ItemsMode mode = ItemsMode::none;
  MatchKind match = MatchKind::by_setting;
  std::optional<TableOptions> table;
  Slice slice;
  ItemsFrom source = ItemsFrom::here;
  std::string source_name;         // of a file or command
  std::vector<std::string> items;  // names, lines or patterns
};

// `text` is what follows `queue`, expanded.
// Errors: invalid.
Result<QueueStatement> parse_queue(std::string_view text);

// A line of `in (` or `from (`: items are added.
void add_items(QueueStatement& statement, std::string_view line);

// The values of `item` for that many variables, at least one: the last takes the rest of the
// line; where the line ends early there are fewer.
std::vector<std::string_view> split_item(std::string_view item, std::size_t variables,
                                         const std::optional<TableOptions>& table);

}  // namespace cairn
