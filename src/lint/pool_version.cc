#include "lint/pool_version.h"

#include "base/text.h"

namespace cairn::lint {

std::optional<PoolVersion> parse_pool_version(std::string_view text) {
  constexpr std::string_view kBanner = "$CondorVersion:";
  if (const auto banner = text.find(kBanner); banner != text.npos)
    text.remove_prefix(banner + kBanner.size());
  text = trim(text);
  text = text.substr(0, text.find_first_of(" \t\r\n"));
  std::array<int, 3> numbers{};
  std::size_t count = 0;
  for (; count < numbers.size() && !text.empty(); ++count) {
    const std::string_view part = text.substr(0, text.find('.'));
    const auto number = parse_integer(part);
    if (!number || *number < 0 || *number > 9999) return std::nullopt;
    numbers.at(count) = static_cast<int>(*number);
    if (part.size() == text.size()) {
      text = {};
    } else {
      text.remove_prefix(part.size() + 1);
      if (text.empty()) return std::nullopt;
    }
  }
  if (count < 2 || !text.empty()) return std::nullopt;
  return PoolVersion{numbers[0], numbers[1], numbers[2]};
}

std::string to_text(const PoolVersion& version) {
  return cat(version.major, ".", version.minor, ".", version.patch);
}

}  // namespace cairn::lint
