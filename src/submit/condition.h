// if, elif, else, endif of submit files.
//
// HTCondor's conditions are few: true, false, numbers, `defined NAME`, `version >= 8.9.7`, each
// with ! before it.  Comparisons and && are errors there, and so they are here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "submit/macro.h"

namespace cairn {

enum class Truth : std::uint8_t { no, yes };
constexpr Truth truth(bool value) { return value ? Truth::yes : Truth::no; }

// Errors: invalid (it is none of these; what to write instead).
//   pool_version  "23.9.6": what `version` is compared with
Result<Truth> evaluate_condition(std::string_view text, Macros& macros,
                                 std::string_view pool_version);

class IfStack {
 public:
  // Whether the line is one of these statements; then it has been dealt with.
  // Errors: invalid.
  Result<Truth> take(std::string_view line, int number, Macros& macros,
                     std::string_view pool_version);
  bool enabled() const;  // whether statements count where we are
  // The line of the innermost `if` that has no endif yet; 0: there is none.
  int open_line() const { return levels_.empty() ? 0 : levels_.back().line; }

 private:
  struct Level {
    int line = 0;
    bool active = false;  // this part counts, as far as this level is asked
    bool taken = false;   // this or an earlier part of it did
    bool in_else = false;
  };
  Status begin(std::string_view condition, int number, Macros& macros, std::string_view version);
  Status otherwise(std::string_view condition, bool is_elif, Macros& macros,
                   std::string_view version);
  std::vector<Level> levels_;
};

}  // namespace cairn
