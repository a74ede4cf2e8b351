// The lines of two texts: which belong together, which are there twice, which are gone.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace cairn::verify {

struct Line {
  std::size_t number = 0;  // from 1
  std::string_view text;   // with its end of line, if it has one
};

// Gives the lines of a text that count, one after the other.
class LineReader {
 public:
  //   left_out  for those that do not count; may be empty
  LineReader(std::string_view text, std::function<bool(std::string_view)> left_out,
             std::size_t number = 1)
      : rest_(text), left_out_(std::move(left_out)), number_(number) {}
  std::optional<Line> next();
  std::vector<Line> all();

 private:
  std::string_view rest_;
  std::function<bool(std::string_view)> left_out_;
  std::size_t number_;
};

// How the lines of a candidate follow those of the reference.
struct Alignment {
  std::vector<std::size_t> twice;    // of the candidate: more often there than in the reference
  std::vector<std::size_t> missing;  // of the reference
  std::vector<std::size_t> foreign;  // of the candidate: no lines of the reference
  bool in_order = true;              // but for these; else all ends where the order does

  // Where they part for the first time, foreign lines left aside.
  struct Parting {
    std::size_t reference = 0, candidate = 0;  // may be behind the last line
    std::size_t foreign = 0;  // the first line of the candidate that was passed over
  };
  std::optional<Parting> parting;
};

// Lines are compared without their ends; their numbers within the tolerance.
Alignment align(const std::vector<Line>& reference, const std::vector<Line>& candidate,
                double tolerance);

}  // namespace cairn::verify
