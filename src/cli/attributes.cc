#include "cli/attributes.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>

#include "base/try.h"
#include "listing/seen_ad.h"

namespace cairn::cli {
namespace {

// "%-10s", taken apart: what stands before it, the conversion, what stands behind.
struct Format {
  std::string before, conversion, behind;
  char letter = 0;  // d, s, f, v
};

// "\n" and "\t" as a shell leaves them.
std::string unescape(const std::string& text) {
  std::string clear;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 'n' || next == 't' || next == '\\') {
      clear += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
      ++i;
    } else {
      clear += text[i];
    }
  }
  return clear;
}

Result<Format> parse_format(const std::string& written) {
  const std::string text = unescape(written);
  const auto wrong = [&] {
    return Error{Errc::invalid, fmt::format("format '{}' is none", written), 0,
                 "it has one of %d, %s, %f and %v, with a width if you like: '%-10s '"};
  };
  Format format;
  const std::size_t percent = text.find('%');
  if (percent == std::string::npos) return wrong();
  const std::size_t letter = text.find_first_not_of("0123456789.-+ #", percent + 1);
  if (letter == std::string::npos || letter - percent > 16) return wrong();
  // A width of a thousand is one that nobody means, and printf would keep to it.
  constexpr std::size_t kDigitsMax = 3;
  for (std::size_t i = percent, digits = 0; i < letter; ++i) {
    digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
    if (digits > kDigitsMax) return wrong();
  }
  format.before = text.substr(0, percent);
  format.behind = text.substr(letter + 1);
  if (format.behind.find('%') != std::string::npos) return wrong();
  format.conversion = text.substr(percent, letter - percent);
  switch (text[letter]) {
    case 'd':
    case 'i':
    case 'u':
      format.letter = 'd';
      format.conversion += "lld";
      return format;
    case 'f':
    case 'g':
    case 'e':
      format.letter = 'f';
      format.conversion += text[letter];
      return format;
    case 's':
    case 'v':
    case 'V':
      format.letter = text[letter];
      format.conversion += 's';
      return format;
    default:
      return wrong();
  }
}

// The conversion has one letter of a type that parse_format() knows, so printf is safe.
template <class T>
std::string print(const std::string& conversion, T value) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const int length = std::snprintf(nullptr, 0, conversion.c_str(), value);
  std::string text(static_cast<std::size_t>(std::max(length, 0)) + 1, '\0');
  static_cast<void>(std::snprintf(text.data(), text.size(), conversion.c_str(), value));
#pragma GCC diagnostic pop
  text.pop_back();
  return text;
}

// An attribute that is not there prints nothing, as with condor_q.
std::string apply(const Format& format, const classad::Value& value) {
  if (value.is_undefined()) return "";
  std::string text;
  if (format.letter == 'd') {
    const auto number = value.to_integer();
    if (!number) return "";
    text = print(format.conversion, static_cast<long long>(*number));
  } else if (format.letter == 'f') {
    const auto number = value.to_real();
    if (!number) return "";
    text = print(format.conversion, *number);
  } else {
    const std::string plain = format.letter == 'V' ? value.text() : value.plain_text();
    text = print(format.conversion, plain.c_str());
  }
  return format.before + text + format.behind;
}

Result<listing::Question> question(const std::string& text) {
  auto parsed = listing::Question::parse(text);
  if (!parsed)
    return Error{Errc::invalid, fmt::format("'{}': {}", text, parsed.error().message), 0,
                 parsed.error().hint};
  return parsed;
}

}  // namespace

struct AttributePrinter::Parts {
  bool long_form = false;
  std::vector<listing::Question> autoformat;
  std::vector<std::pair<Format, listing::Question>> formats;
};

AttributePrinter::AttributePrinter(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
AttributePrinter::AttributePrinter(AttributePrinter&&) noexcept = default;
AttributePrinter& AttributePrinter::operator=(AttributePrinter&&) noexcept = default;
AttributePrinter::~AttributePrinter() = default;

void declare_attributes(CLI::App& app, AttributeChoices& choices) {
  app.add_flag("--long", choices.long_form, "The whole job ads, as condor_q -long");
  app.add_option("--af,--autoformat", choices.autoformat,
                 "The values of these attributes or expressions, one line for each job; also -af")
      ->expected(1, -1);
  app.add_option("--format", choices.formats,
                 "printf's format and an attribute: --format '%d.' ClusterId; may be repeated")
      ->expected(2)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Result<AttributePrinter> AttributePrinter::make(const AttributeChoices& choices) {
  auto parts = std::make_unique<Parts>();
  parts->long_form = choices.long_form;
  for (const std::string& text : choices.autoformat) {
    CAIRN_TRY(auto asked, question(text));
    parts->autoformat.push_back(std::move(asked));
  }
  for (std::size_t i = 0; i + 1 < choices.formats.size(); i += 2) {
    CAIRN_TRY(Format format, parse_format(choices.formats[i]));
    CAIRN_TRY(auto asked, question(choices.formats[i + 1]));
    parts->formats.emplace_back(std::move(format), std::move(asked));
  }
  return AttributePrinter(std::move(parts));
}

std::string AttributePrinter::text(const JobRow& row, std::int64_t now_seconds) {
  const listing::SeenAd ad(row);
  if (parts_->long_form) return ad.text() + "\n";
  std::string text;
  for (auto& asked : parts_->autoformat) {
    if (&asked != &parts_->autoformat.front()) text += ' ';
    text += asked.ask(ad, now_seconds).plain_text();
  }
  if (!parts_->autoformat.empty()) text += '\n';
  for (auto& [format, asked] : parts_->formats) text += apply(format, asked.ask(ad, now_seconds));
  return text;
}

}  // namespace cairn::cli
