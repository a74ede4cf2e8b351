#include "listing/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace cairn::listing {
namespace {

constexpr std::size_t kCutMin = 8;  // a column is never cut below that

bool continues(char letter) { return (static_cast<unsigned char>(letter) & 0xC0U) == 0x80U; }

// Where the columns that may be cut give room, the widest first, until the line fits.
void narrow(std::vector<std::size_t>& widths, const std::vector<Column>& columns,
            std::size_t width) {
  const auto line = [&] {
    std::size_t sum = 2 * (widths.size() - 1);
    for (const std::size_t each : widths) sum += each;
    return sum;
  };
  while (line() > width) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (columns[i].may_be_cut && widths[i] > kCutMin &&
          (widest == widths.size() || widths[i] > widths[widest]))
        widest = i;
    if (widest == widths.size()) return;
    --widths[widest];
  }
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char letter) { return !continues(letter); }));
}

std::string printable(std::string_view text) {
  std::string clean;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (code < 0x20 || code == 0x7F)
      clean += fmt::format("\\x{:02x}", code);
    else
      clean += letter;
  }
  return clean;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  std::size_t end = 0;
  for (std::size_t letters = 0; end < text.size(); ++end)
    if (!continues(text[end]) && letters++ + 1 >= columns) break;
  return std::string(text.substr(0, end)) + "…";
}

void Table::add(std::vector<std::string> cells) {
  CAIRN_ASSERT(cells.size() == columns_.size(), "a row has a cell for each column");
  for (std::string& cell : cells) cell = cell.empty() ? "-" : printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::size_t width) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(columns_of(column.title));
  for (const auto& cells : rows_)
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], columns_of(cells[i]));
  if (width > 0) narrow(widths, columns_, width);

  std::string text;
  const auto line = [&](auto cell_of) {
    std::string whole;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell = cut_to(cell_of(i), widths[i]);
      const std::string room(widths[i] - columns_of(cell), ' ');
      if (i > 0) whole += "  ";
      whole += columns_[i].align == Align::right ? room + cell : cell + room;
    }
    whole.erase(whole.find_last_not_of(' ') + 1);
    text += whole + '\n';
  };
  line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& cells : rows_)
    line([&](std::size_t i) -> const std::string& { return cells[i]; });
  return text;
}

}  // namespace cairn::listing
