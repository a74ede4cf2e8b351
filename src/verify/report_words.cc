#include "verify/report_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "base/units.h"

namespace cairn::verify {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kLabel = 9;                          // "repeat" and room behind it

std::vector<std::string> names_with(const Findings& findings, Verdict verdict) {
  std::vector<std::string> names;
  for (const Finding& finding : findings.findings)
    if (finding.verdict == verdict) names.emplace_back(name_of(finding.property));
  return names;
}

// Only who was moved and killed has survived.
std::string what_passed(const Findings& findings) {
  const auto passed = names_with(findings, Verdict::pass);
  const auto untested = names_with(findings, Verdict::untested);
  const auto held = [&](Property property) {
    return std::find(passed.begin(), passed.end(), name_of(property)) != passed.end();
  };
  std::string text =
      held(Property::sufficient) && held(Property::killed)
          ? fmt::format("The job survives being cut off: {} properties hold", passed.size())
          : fmt::format("What was tried holds: {}", join(passed, ", "));
  if (!untested.empty()) text += "; not tested: " + join(untested, ", ");
  return text;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char letter) {
    return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U;  // not inside a letter
  }));
}

// The bytes of the UTF-8 character that `text` begins with; 0: there is none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return 0;
  char32_t letter = first & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    letter = letter << 6U | (byte(i) & 0x3FU);
  }
  const bool overlong = (bytes == 3 && letter < 0x800) || (bytes == 4 && letter < 0x10000);
  const bool surrogate = letter >= 0xD800 && letter < 0xE000;
  return overlong || surrogate || letter > 0x10FFFF ? 0 : bytes;
}

bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F; }

// XML has no way to hold these, not even escaped.
bool is_no_xml(std::string_view character) {
  if (character.size() == 1)
    return is_control(character[0]) && character != "\n" && character != "\t";
  return character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
}

class FlawText {
 public:
  FlawText(std::size_t indent, int width) : indent_(indent), width_(width) {}

  void fact(std::string_view label, std::string_view what) {
    if (what.empty()) return;
    head(label);
    text_ += wrapped(printable(what), indent_ + kLabel, width_) + '\n';
  }

  // To be copied into a shell: in one piece.
  void command(std::string_view label, std::string_view what) {
    if (what.empty()) return;
    head(label);
    text_ += printable(what) + '\n';
  }

  void difference(const Difference& difference) {
    fact("differs", cat(difference.file, difference.where.empty() ? "" : ", ", difference.where));
    if (!difference.reference.empty() || !difference.candidate.empty()) {
      side("reference", difference.reference);
      side("here", difference.candidate);
    }
    for (const std::string& line : difference.twice) fact("twice", line);
    for (const std::string& line : difference.missing) fact("missing", line);
  }

  std::string take() { return std::move(text_); }

 private:
  void head(std::string_view label) {
    text_ += std::string(indent_, ' ') + fmt::format("{:<{}}", label, kLabel);
  }
  void side(std::string_view label, std::string_view what) {
    text_ += std::string(indent_ + kLabel, ' ') + fmt::format("{:<11}", label);
    text_ += what.empty() ? "(nothing)" : wrapped(printable(what), indent_ + kLabel + 11, width_);
    text_ += '\n';
  }

  std::size_t indent_;
  int width_;
  std::string text_;
};

}  // namespace

std::string_view word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "FAIL";
    case Verdict::untested:
      break;
  }
  return "not tested";
}

std::string conclusion(const Findings& findings) {
  std::string text;
  if (findings.overall == Overall::pass)
    text = what_passed(findings);
  else if (findings.overall == Overall::fail)
    text = "The job is not safe to be cut off: " + join(names_with(findings, Verdict::fail), ", ") +
           " failed";
  else
    text = findings.undecided_why.empty() ? "Undecided" : "Undecided: " + findings.undecided_why;
  while (text.ends_with('.')) text.pop_back();
  if (findings.elapsed.count() > 0) text += fmt::format(" ({})", format_duration(findings.elapsed));
  return text + '.';
}

std::string text_of(const Flaw& flaw, std::size_t indent, int width) {
  FlawText text(indent, width);
  text.fact("seen", flaw.seen);
  if (flaw.difference) text.difference(*flaw.difference);
  text.fact("cause", flaw.cause);
  text.command("repeat", flaw.repeat);
  text.fact("to do", flaw.advice);
  return text.take();
}

std::string wrapped(std::string_view text, std::size_t indent, int width) {
  const std::size_t room =
      width == 0 ? std::string::npos
                 : std::max<std::size_t>(static_cast<std::size_t>(width), indent + 20) - indent;
  const std::string next_line = '\n' + std::string(indent, ' ');
  std::string out;
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n') {
      if (++at < text.size()) out += next_line;
      used = 0;
      continue;
    }
    const std::size_t word_begin = std::min(text.find_first_not_of(' ', at), text.size());
    const std::size_t end = std::min(text.find_first_of(" \n", word_begin), text.size());
    std::string_view word = text.substr(at, end - at);  // with the blanks before it
    if (used > 0 && used + columns_of(word) > room) {
      out += next_line;
      used = 0;
      word.remove_prefix(word_begin - at);
    }
    out += word;
    used += columns_of(word);
    at = end;
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char letter : valid_utf8(text)) {
    if (is_control(letter) && letter != '\n')
      out += letter == '\t' ? " " : fmt::format("\\x{:02x}", letter);
    else
      out += letter;
  }
  return out;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    out += bytes == 0 ? kReplacement : text.substr(0, bytes);
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    const std::string_view character = bytes == 0 ? kReplacement : text.substr(0, bytes);
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
    if (is_no_xml(character)) continue;
    if (character == "&")
      out += "&amp;";
    else if (character == "<")
      out += "&lt;";
    else if (character == ">")
      out += "&gt;";
    else if (character == "\"")
      out += "&quot;";
    else if (character == "'")
      out += "&#39;";
    else
      out += character;
  }
  return out;
}

}  // namespace cairn::verify
