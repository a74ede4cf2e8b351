// The macros of a submit file: names without regard to case, expanded lazily.
//
// Expansion is HTCondor's: a reference is replaced by its text, and reading goes on at the
// start of what was put in, until no reference is left.  What looks like one and is none
// ($(a b), $x) stays as it is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/text.h"
#include "cairn/result.h"
#include "job/job_ad.h"
#include "job/reference.h"
#include "submit/world.h"

namespace cairn {

struct Macro {
  std::string raw;       // as it was written, but for self-references
  int line = 0;          // of the newest assignment; 0: the command line
  int file = 0;          // which of the files that were read; 0: the submit file itself
  bool literal = false;  // stands for itself: no references in it
  bool live = false;     // a variable of the queue statement
  mutable bool used = false;
};

class Macros {
 public:
  using Names = std::set<std::string, LessIgnoringCase>;
  using Table = std::map<std::string, Macro, LessIgnoringCase>;

  // world: for $ENV and chance; nullptr: no variable is set, and chance always picks the first.
  explicit Macros(SubmitWorld* world = nullptr) : world_(world) {}

  // A reference to itself in `raw` stands for the value so far: count = $(count)2.
  // Errors: of a self-reference that cannot be expanded.
  Status assign(std::string_view name, std::string_view raw, int line, int file = 0);
  void assign_literal(std::string_view name, std::string_view text);
  // A variable of a queue statement: replaces what the file assigned, as in HTCondor.
  void set_live(std::string_view name, std::string_view value);
  // $(Step) and its like: for where the file assigns nothing of that name.
  //   varies  from job to job
  void set_default(std::string_view name, std::string value, bool varies = false);
  // Where relative names start, for $Ff().
  void set_directory(std::string directory) { directory_ = std::move(directory); }

  // `text` without its references.  $$(name) and $$([expression]) stay: they are for match time.
  // Errors: invalid (macros in a circle, too large, wrong arguments of a function).
  Result<std::string> expand(std::string_view text);

  // The raw value: of SUBMIT.name, of `name`, or the default of that name.
  std::optional<std::string_view> find(std::string_view name);
  // The assigned macro that find() takes, or nullptr.
  const Macro* assigned_macro(std::string_view name) const;

  const Table& assigned() const { return assigned_; }
  // Sentences about names that were looked up since the last call and are not there, each once.
  std::vector<std::string> take_missing() { return std::exchange(new_missing_, {}); }
  // The same, but they may come again: `if $(name)` is a question.
  void forget_missing();
  // Whether expand() met something since the last call that may differ in the next job.
  bool take_varied() { return std::exchange(varied_, false); }

 private:
  friend class MacroFunctions;
  struct Progress;
  Result<std::string> expand_text(std::string text, Progress& progress, bool keep_dollar);
  Result<std::string> value_of(const Reference& reference, const std::string& text,
                               Progress& progress);
  Status check_circle(const Reference& reference, const std::string& rest, Progress& progress);
  Result<std::string> expand_own(std::string_view name, std::string_view raw);

  struct Default {
    std::string value;
    bool varies = false;
  };
  SubmitWorld* world_;
  std::string directory_;
  Table assigned_;
  std::map<std::string, Default, LessIgnoringCase> defaults_;
  bool has_prefixed_ = false;  // a name SUBMIT.… is assigned
  bool varied_ = false;
  void note_missing(std::string sentence);

  std::set<std::string> missing_;
  std::vector<std::string> new_missing_;
};

bool is_macro_name(std::string_view text);  // letters, digits, _ and .

}  // namespace cairn
