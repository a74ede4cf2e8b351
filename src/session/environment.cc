#include "session/environment.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "base/text.h"

namespace cairn {
namespace {

// The library is not main(): only the kernel can tell it the arguments.
std::vector<std::string> process_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  if (!arguments.empty()) arguments.erase(arguments.begin());
  return arguments;
}

bool is_plain(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%^";
  return !word.empty() && word.find_first_not_of(kPlain) == word.npos;
}

std::string quoted(const std::string& word) {
  if (is_plain(word)) return word;
  std::string text = "'";
  for (const char letter : word) text += letter == '\'' ? "'\\''" : std::string(1, letter);
  return text + "'";
}

}  // namespace

Environment Environment::of_process() {
  return {.variable = [](const char* name) -> std::optional<std::string> {
            const char* value = std::getenv(name);
            if (!value) return std::nullopt;
            return value;
          },
          .arguments = process_arguments()};
}

std::string quoted_line(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  std::ranges::transform(arguments, std::back_inserter(words), quoted);
  return join(words, " ");
}

}  // namespace cairn
