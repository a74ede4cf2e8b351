// Numbers in text, compared as numbers: "0.1" is "1e-1".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cairn::verify {

// |a-b| <= tolerance*max(1,|a|,|b|).  A NaN equals any NaN; an infinity only itself.
bool equal_within(double a, double b, double tolerance);

// Whether the numbers of two lines are equal within the tolerance, and the text between them is
// the same.  Blanks before a number do not count: columns are padded.  Digits behind a letter are
// part of a word ("x1").
bool equal_lines(std::string_view a, std::string_view b, double tolerance);

// A line without its numbers, and what they are together: lines that are equal within a tolerance
// have one skeleton, and sums that differ by at most `tolerance * 2 * size`.
struct Skeleton {
  std::string text;
  double sum = 0;   // of the finite ones
  double size = 0;  // the sum of max(1, |x|)
};
Skeleton skeleton_of(std::string_view line);

}  // namespace cairn::verify
