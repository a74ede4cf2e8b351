// Names and literals as job ads write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cairn::classad {

// Letters, digits and _, not a digit first.
bool is_attribute_name(std::string_view text);

// say "hi" <-> "say \"hi\"", as job ads write strings: a backslash stands for itself unless
// a double quote follows.  A line break becomes a blank, since an ad is lines.
std::string quote_string(std::string_view text);
std::optional<std::string> unquote_string(std::string_view expression);  // nothing: no literal

// A real as HTCondor writes it: 2.5, 4.0, 1E+100, real("INF").
std::string real_text(double number);

}  // namespace cairn::classad
