// What a session reads of the process it is a guest in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cairn {

struct Environment {
  // The value of an environment variable; nothing if it is not set.
  std::function<std::optional<std::string>(const char* name)> variable;
  std::vector<std::string> arguments;  // the program's, without its own name

  static Environment of_process();
};

// The arguments as one line, so that different ones give different lines: what a
// shell would not read as one plain word is put into single quotes.
std::string quoted_line(const std::vector<std::string>& arguments);

}  // namespace cairn
