// The functions of the submit language: $ENV(), $INT(), $Fn() and their like.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cairn/result.h"
#include "job/reference.h"

namespace cairn {

class Macros;

class MacroFunctions {
 public:
  using Expand = std::function<Result<std::string>(std::string)>;
  MacroFunctions(Macros& macros, Expand expand) : macros_(macros), expand_(std::move(expand)) {}

  // What `reference`, a function in `text`, stands for.
  // Errors: invalid (what is wrong with which argument).
  Result<std::string> call(const Reference& reference, const std::string& text) const;

 private:
  Result<std::string> env(const Reference& reference, const std::string& text) const;
  Result<std::string> random_choice(std::string_view body) const;
  Result<std::string> random_integer(std::string_view body) const;
  Result<std::string> choice(std::string_view body) const;
  Result<std::string> substr(std::string_view body) const;
  Result<std::string> number(bool real, std::string_view body) const;
  Result<std::string> string(std::string_view body) const;
  Result<std::string> eval(std::string_view body) const;
  Result<std::string> file_part(const Reference& reference, const std::string& text) const;

  // The value of the macro of that name, or the argument itself; expanded.
  Result<std::string> argument(std::string_view text) const;
  std::uint64_t random_below(std::uint64_t limit) const;

  Macros& macros_;
  Expand expand_;
};

}  // namespace cairn
