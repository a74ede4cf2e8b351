// Regular expressions: libpcre2, as HTCondor uses it.  For this folder alone.
//
// Hostile patterns cannot run away: pcre2's own limits on steps, depth and memory apply.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::classad {

struct RegexOptions {
  bool ignore_case = false, multiline = false, dot_all = false, extended = false;
  bool global = false;  // g: every match, for what replaces
};
RegexOptions parse_regex_options(std::string_view letters);

class Regex {
 public:
  // Begin and end of each group, group 0 first; a group that took no part begins at npos.
  using Spans = std::vector<std::pair<std::size_t, std::size_t>>;

  // Nothing: the pattern is none.
  static std::optional<Regex> compile(std::string_view pattern, const RegexOptions& options);

  struct Match {
    bool found = false;
    bool failed = false;  // a limit was met: nothing is known
    Spans spans;
  };
  Match match(std::string_view text, std::size_t start = 0) const;

 private:
  struct Code;
  explicit Regex(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

}  // namespace cairn::classad
