// Arguments and environments as HTCondor writes them.
//
// Two styles.  Old (V1): words between blanks, with no way to hold a blank.  New
// (V2): words between blanks, '...' groups, '' in a group is one '.  A job ad holds
// either raw, in Args / Env and Arguments / Environment; a submit file puts a V2 text in
// "...", where "" is one ", and writes " as \" in a V1 text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/result.h"

namespace cairn {

using Arguments = std::vector<std::string>;
using Environment = std::vector<std::pair<std::string, std::string>>;

// V2 raw, as in the attribute Arguments.  split_v2(join_v2(x)) == x for every x.
// Errors of split: invalid (a ' without its other half).
Result<Arguments> split_v2(std::string_view raw);
std::string join_v2(const Arguments& arguments);

// V1 raw, as in the attribute Args.
Arguments split_v1(std::string_view raw);

// Entries NAME=value, V2 raw as in the attribute Environment, or V1 raw (A=1;B=2) as in Env.
// Sorted by name; of two with one name the later one holds.
// Errors: invalid (no =, no name, a ' without its other half).
Result<Environment> split_environment_v2(std::string_view raw);
Result<Environment> split_environment_v1(std::string_view raw);
std::string join_environment_v2(const Environment& environment);

// The value of `arguments` or `environment` in a submit file, without its submit-file quoting.
struct Unquoted {
  bool v2 = false;
  std::string raw;
};
// Errors: invalid (a " that is neither outside nor escaped).
Result<Unquoted> unquote_arguments(std::string_view value);
Result<Unquoted> unquote_environment(std::string_view value);  // a " in V1 is an ordinary letter

// A V2 raw text as a submit file writes it: in "...", with " doubled.
std::string quote_for_submit(std::string_view raw_v2);

}  // namespace cairn
