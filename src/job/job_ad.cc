#include "job/job_ad.h"

#include <algorithm>

#include "base/assert.h"
#include "base/try.h"

namespace cairn {
namespace {

// An ad is lines of text, so a value has none of its own.
std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return line;
}

Error parse_error(std::size_t line, std::string_view what) {
  return {Errc::invalid, cat("job ad, line ", line, ": ", what), 0,
          "each line is `Name = expression`"};
}

}  // namespace

void JobAd::set(std::string_view name, std::string_view expression) {
  CAIRN_ASSERT(is_attribute_name(name), "an attribute's name is letters, digits and _");
  const std::string line = on_one_line(expression);
  const std::string_view value = trim(line);
  CAIRN_ASSERT(!value.empty(), "an attribute has an expression; use erase()");
  attributes_.insert_or_assign(std::string(name), std::string(value));
}
void JobAd::set_string(std::string_view name, std::string_view value) {
  set(name, quote_string(value));
}
void JobAd::set_integer(std::string_view name, std::int64_t value) { set(name, cat(value)); }
void JobAd::set_bool(std::string_view name, bool value) { set(name, value ? "true" : "false"); }

void JobAd::erase(std::string_view name) {
  if (const auto found = attributes_.find(name); found != attributes_.end())
    attributes_.erase(found);
}

std::optional<std::string> JobAd::get(std::string_view name) const {
  const auto found = attributes_.find(name);
  if (found == attributes_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> JobAd::get_string(std::string_view name) const {
  const auto found = attributes_.find(name);
  return found == attributes_.end() ? std::nullopt : unquote_string(found->second);
}

std::optional<std::int64_t> JobAd::get_integer(std::string_view name) const {
  const auto found = attributes_.find(name);
  return found == attributes_.end() ? std::nullopt : parse_integer(found->second);
}

std::optional<bool> JobAd::get_bool(std::string_view name) const {
  const auto found = attributes_.find(name);
  if (found == attributes_.end()) return std::nullopt;
  if (equal_ignoring_case(found->second, "true")) return true;
  if (equal_ignoring_case(found->second, "false")) return false;
  return std::nullopt;
}

std::string JobAd::text() const {
  std::string text;
  for (const auto& [name, expression] : attributes_) text += cat(name, " = ", expression, "\n");
  return text;
}

Result<JobAd> JobAd::parse(std::string_view text) {
  JobAd ad;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return parse_error(number, "there is no =");
    const std::string_view name = trim(line.substr(0, equals));
    const std::string_view expression = trim(line.substr(equals + 1));
    if (!is_attribute_name(name))
      return parse_error(number, cat("'", name, "' is no attribute name"));
    if (expression.empty()) return parse_error(number, cat(name, " has no value"));
    ad.set(name, std::string(expression));
  }
  return ad;
}

}  // namespace cairn
