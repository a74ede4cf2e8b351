// Recipes and their placeholders: any text gives a value or a sentence.
#include <cstddef>
#include <cstdint>
#include <string>

#include "wrap/placeholders.h"
#include "wrap/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  const std::string text(reinterpret_cast<const char*>(data), bytes);
  using namespace cairn::wrap;
  const Meanings known{.program = {"program", "-s", text.substr(0, 20), "last"},
                       .generation = 3,
                       .elapsed_seconds = 4,
                       .remaining_seconds = 5,
                       .file = [&](const std::string&) { return std::optional(text); }};
  static_cast<void>(expand(text, known).has_value());
  static_cast<void>(expand_words(text, known).has_value());
  static_cast<void>(split_words(text).has_value());
  if (const auto recipe = read_recipe("fuzzed", text))
    for (const auto& [key, values] : recipe->settings)
      for (const std::string& value : values) static_cast<void>(expand(value, known).has_value());
  return 0;
}
