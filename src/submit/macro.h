// The macros of a submit file: names without regard to case, expanded lazily.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "cairn/result.h"
#include "job/job_ad.h"

namespace cairn {

struct Macro {
  std::string raw;  // as it was written, but for self-references
  int line = 0;     // of the newest assignment
};

class Macros {
 public:
  using Names = std::set<std::string, LessIgnoringCase>;

  // A reference to itself in `raw` stands for the value so far: count = $(count)2.
  void assign(std::string_view name, std::string_view raw, int line);
  // $(Process) and its like: they go before what the file assigns.
  void set_automatic(std::string_view name, std::string value);

  // `text` with $(name), $(name:default) and $(DOLLAR) replaced.  The default holds where
  // the macro is not defined or empty; without one such a macro is the empty text.
  // Errors: invalid (macros in a circle, too large, no closing bracket), unsupported
  // (functions such as $ENV(), $$() and automatic names that Cairn does not know yet).
  Result<std::string> expand(std::string_view text);

  const std::map<std::string, Macro, LessIgnoringCase>& assigned() const { return assigned_; }
  // The names that expand() has looked up so far, and those it found nothing for.
  const Names& used() const { return used_; }
  const Names& missing() const { return missing_; }

 private:
  struct Progress;
  Status expand_into(std::string& result, std::string_view text, Progress& progress);
  Status expand_reference(std::string& result, std::string_view body, Progress& progress);
  std::optional<std::string_view> find(std::string_view name) const;

  std::map<std::string, Macro, LessIgnoringCase> assigned_;
  std::map<std::string, std::string, LessIgnoringCase> automatic_;
  Names used_, missing_;
};

bool is_macro_name(std::string_view text);  // letters, digits, _ and .

}  // namespace cairn
