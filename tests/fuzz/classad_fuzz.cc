// Any text as an expression, and as an ad of lines: never a crash or a hang, and what was
// written once is written the same again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "classad/evaluate.h"

namespace cairn::classad {
namespace {

void check(const Expression& expression, const Scope& scope) {
  const std::string text = expression.text();
  (void)expression.references();
  (void)evaluate(expression, scope).text();
  // Odd names after a point and a minus before a number are not read back as they were.
  if (const auto again = Expression::parse(text))
    if (const auto third = Expression::parse(again->text()))
      CAIRN_ASSERT(third->text() == again->text(), "text that was written reads as it was written");
}

}  // namespace
}  // namespace cairn::classad

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn::classad;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const Ad job = *Ad::parse("x = 5\ny = x + z\nName = \"Adele\"\nl = {x, [a = x]}\n");
  if (const auto expression = Expression::parse(text)) check(*expression, {.my = &job});
  if (const auto ad = Ad::parse(text)) {
    const Scope scope{.my = &*ad, .target = &job};
    for (const auto& [name, expression] : ad->attributes()) check(expression, scope);
  }
  return 0;
}
