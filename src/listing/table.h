// Tables for people: aligned, as wide as the terminal at most, the same columns whatever
// the rows are.
//
// What a name or a reason brings cannot move the cursor: control letters are written as \x1b.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::listing {

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
  bool may_be_cut = false;  // where the terminal is too narrow
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // One cell per column; an empty one is shown as "-".
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  //   width  letters in a line; 0: as many as it takes
  std::string text(std::size_t width = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Letters of UTF-8 text, one column each.
std::size_t columns_of(std::string_view text);
// The text without control letters.
std::string printable(std::string_view text);
// At most `columns` letters, "…" at the end of what was cut.
std::string cut_to(std::string_view text, std::size_t columns);

}  // namespace cairn::listing
