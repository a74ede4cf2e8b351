#include "submit/functions.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "submit/file_parts.h"
#include "submit/macro.h"
#include "submit/number.h"

namespace cairn {
namespace {

std::vector<std::string_view> split_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

Error wrong(std::string_view function, std::string_view body, std::string_view what,
            std::string_view hint) {
  return {Errc::invalid, cat('$', function, '(', body, "): ", what), 0, std::string(hint)};
}

// A printf format with one conversion: what is before it, the conversion, what is after.
struct Format {
  std::string before, spec, after;  // spec: for fmt, "{:04d}"
};

constexpr std::size_t kWidthDigitsMax = 3;

// kinds: the conversions that are allowed.
std::optional<Format> parse_format(std::string_view text, std::string_view kinds) {
  const std::size_t percent = text.find('%');
  if (percent == std::string_view::npos) return std::nullopt;
  Format format{.before = std::string(text.substr(0, percent)), .spec = {}, .after = {}};
  std::size_t at = percent + 1;
  bool left = false, zero = false, sharp = false;
  std::string sign;
  for (; at < text.size(); ++at) {
    if (text[at] == '-')
      left = true;
    else if (text[at] == '0')
      zero = true;
    else if (text[at] == '#')
      sharp = true;
    else if (text[at] == '+' || text[at] == ' ')
      sign = text[at];
    else
      break;
  }
  const auto digits = [&text, &at] {
    const std::size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return std::string(text.substr(start, at - start));
  };
  const std::string width = digits();
  std::string precision;
  if (at < text.size() && text[at] == '.') {
    ++at;
    precision = "." + digits();
    if (precision == ".") precision = ".0";
  }
  while (at < text.size() && std::string_view("hlLqjzt").find(text[at]) != std::string_view::npos)
    ++at;
  if (at >= text.size() || kinds.find(text[at]) == std::string_view::npos) return std::nullopt;
  if (width.size() > kWidthDigitsMax || precision.size() > kWidthDigitsMax + 1) return std::nullopt;
  const char kind = text[at] == 'i' || text[at] == 'u' ? 'd' : text[at];
  const bool is_integer = std::string_view("dxXo").find(kind) != std::string_view::npos;
  if (is_integer && !precision.empty()) return std::nullopt;  // fmt has none for them
  if (kind == 's') zero = sharp = false, sign.clear();
  format.after = text.substr(at + 1);
  if (format.after.find('%') != std::string::npos) return std::nullopt;
  format.spec = cat("{:",
                    left   ? "<"
                    : zero ? ""
                           : ">",
                    sign, sharp ? "#" : "", zero && !left && !width.empty() ? "0" : "", width,
                    precision, kind, "}");
  return format;
}

template <class T>
std::string formatted(const Format& format, const T& value) {
  return format.before + fmt::format(fmt::runtime(format.spec), value) + format.after;
}

}  // namespace

Result<std::string> MacroFunctions::call(const Reference& reference,
                                         const std::string& text) const {
  const std::string_view body = reference.whole_body(text);
  switch (reference.kind) {
    case ReferenceKind::env:
      return env(reference, text);
    case ReferenceKind::random_choice:
      return random_choice(body);
    case ReferenceKind::random_integer:
      return random_integer(body);
    case ReferenceKind::choice:
      return choice(body);
    case ReferenceKind::substr:
      return substr(body);
    case ReferenceKind::integer:
      return number(false, body);
    case ReferenceKind::real:
      return number(true, body);
    case ReferenceKind::string:
      return string(body);
    case ReferenceKind::eval:
      return eval(body);
    case ReferenceKind::macro:
    case ReferenceKind::basename:
    case ReferenceKind::dirname:
    case ReferenceKind::file_part:
      break;
  }
  return file_part(reference, text);
}

Result<std::string> MacroFunctions::argument(std::string_view text) const {
  const std::string_view name = trim(text);
  const auto value = macros_.find(name);
  return expand_(std::string(value ? *value : name));
}

std::uint64_t MacroFunctions::random_below(std::uint64_t limit) const {
  macros_.varied_ = true;
  return macros_.world_ == nullptr ? 0 : macros_.world_->random() % limit;
}

Result<std::string> MacroFunctions::env(const Reference& reference, const std::string& text) const {
  std::optional<std::string> value;
  if (macros_.world_ != nullptr)
    value = macros_.world_->variable(std::string(reference.name(text)));
  const auto fallback = reference.fallback(text);
  if (fallback) return value && !value->empty() ? *value : std::string(*fallback);
  if (value) return *value;
  const std::string_view name = reference.name(text);
  if (macros_.world_ != nullptr)
    macros_.note_missing(cat("$ENV(", name,
                             ") is not set here, and stands for the word UNDEFINED; "
                             "correct the name, or write $ENV(",
                             name, ":what to take instead)"));
  return std::string("UNDEFINED");  // as in HTCondor
}

Result<std::string> MacroFunctions::random_choice(std::string_view body) const {
  if (trim(body).empty())
    return wrong("RANDOM_CHOICE", body, "there is nothing to choose from",
                 "write $RANDOM_CHOICE(a,b,c), or the name of a macro that holds a list");
  std::string list(body);
  if (body.find(',') == std::string_view::npos) {
    CAIRN_TRY(list, argument(body));
  }
  const auto items = split_commas(list);
  return std::string(trim(items[random_below(items.size())]));
}

Result<std::string> MacroFunctions::random_integer(std::string_view body) const {
  std::vector<std::int64_t> numbers;
  for (const std::string_view part : split_commas(body)) {
    CAIRN_TRY(const std::string text, argument(part));
    const auto number = evaluate_integer(text);
    if (!number)
      return wrong("RANDOM_INTEGER", body, cat("'", text, "' is no whole number"),
                   "write $RANDOM_INTEGER(least,most) or $RANDOM_INTEGER(least,most,step)");
    numbers.push_back(*number);
  }
  if (numbers.size() < 2 || numbers.size() > 3)
    return wrong("RANDOM_INTEGER", body, "expected two or three numbers",
                 "write $RANDOM_INTEGER(least,most) or $RANDOM_INTEGER(least,most,step)");
  const std::int64_t step = numbers.size() == 3 ? numbers[2] : 1;
  if (step < 1) return wrong("RANDOM_INTEGER", body, "the step is less than 1", "use 1 or more");
  if (numbers[0] > numbers[1])
    return wrong("RANDOM_INTEGER", body, "the least is more than the most", "exchange the two");
  const std::uint64_t range =
      static_cast<std::uint64_t>(numbers[1]) - static_cast<std::uint64_t>(numbers[0]);
  const std::uint64_t count = range / static_cast<std::uint64_t>(step) + 1;
  const std::uint64_t steps = count == 0 ? 0 : random_below(count);  // 0: all 64 bits
  return cat(static_cast<std::int64_t>(static_cast<std::uint64_t>(numbers[0]) +
                                       steps * static_cast<std::uint64_t>(step)));
}

// Where the index is out of range condor_submit dies of a segmentation fault.
Result<std::string> MacroFunctions::choice(std::string_view body) const {
  const auto parts = split_commas(body);
  if (parts.size() < 2 || trim(parts[1]).empty())
    return wrong("CHOICE", body, "there is nothing to choose from",
                 "write $CHOICE(index,a,b,c), or $CHOICE(index,name) with the name of a list");
  CAIRN_TRY(const std::string index_text, argument(parts[0]));
  const auto index = evaluate_integer(index_text);
  if (!index)
    return wrong("CHOICE", body, cat("the index '", index_text, "' is no whole number"),
                 "the first argument is a number, or the name of a macro that holds one");
  std::string list(body.substr(parts[0].size() + 1));
  if (parts.size() == 2) {
    const std::string_view name = trim(parts[1]);
    const auto value = macros_.find(name);
    if (!value)
      return wrong("CHOICE", body, cat("there is no list named ", name),
                   cat("assign ", name, " = a, b, c"));
    CAIRN_TRY(list, expand_(std::string(*value)));
  }
  const auto items = split_list(list);  // as condor_submit: what is empty is no item
  if (*index < 0 || static_cast<std::uint64_t>(*index) >= items.size())
    return wrong("CHOICE", body,
                 cat("the index is ", *index, ", but the list has ", items.size(),
                     items.size() == 1 ? " item" : " items"),
                 cat("indices go from 0 to ", items.size() - 1));
  return items[static_cast<std::size_t>(*index)];
}

Result<std::string> MacroFunctions::substr(std::string_view body) const {
  const auto parts = split_commas(body);
  std::string value;  // of a name that stands for nothing: nothing
  if (const auto raw = macros_.find(trim(parts[0]))) {
    CAIRN_TRY(value, expand_(std::string(*raw)));
  }
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 1; i < parts.size() && i < 3; ++i) {
    CAIRN_TRY(const std::string text, argument(parts[i]));
    const auto number = evaluate_integer(text);
    if (!number)
      return wrong("SUBSTR", body, cat("'", text, "' is no whole number"),
                   "write $SUBSTR(name,start) or $SUBSTR(name,start,length)");
    numbers.push_back(*number);
  }
  if (numbers.empty())
    return wrong("SUBSTR", body, "where it starts is missing",
                 "write $SUBSTR(name,start) or $SUBSTR(name,start,length)");
  const auto size = static_cast<std::int64_t>(value.size());
  const auto within = [](std::int64_t number, std::int64_t most) {
    if (number < 0) number = number < -most ? 0 : number + most;  // from the end
    return std::min(number, most);
  };
  const std::int64_t start = within(numbers[0], size);
  const std::int64_t length = numbers.size() > 1 ? within(numbers[1], size - start) : size - start;
  return value.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(length));
}

Result<std::string> MacroFunctions::number(bool real, std::string_view body) const {
  const std::string_view function = real ? "REAL" : "INT";
  const std::size_t comma = body.find(',');
  std::optional<Format> format;
  if (comma != std::string_view::npos) {
    format = parse_format(body.substr(comma + 1), real ? "eEfFgGaA" : "diuxXo");
    if (!format)
      return wrong(function, body,
                   cat("'", body.substr(comma + 1), "' is no format for a ",
                       real ? "real number" : "whole number"),
                   real ? "use one like %.3f" : "use one like %04d");
  }
  CAIRN_TRY(const std::string text, argument(body.substr(0, comma)));
  const std::string_view hint =
      text.find("$(") != std::string::npos
          ? "write the name without $( ), or assign the expression to a macro and name that"
          : "the argument is the name of a macro, or an expression of numbers";
  if (!real) {
    const auto value = evaluate_integer(text);
    if (!value)
      return wrong(function, body, cat("'", text, "' does not evaluate to a whole number"), hint);
    return format ? formatted(*format, *value) : cat(*value);
  }
  const auto value = evaluate_real(text);
  if (!value) return wrong(function, body, cat("'", text, "' does not evaluate to a number"), hint);
  if (!format) return fmt::format("{:.16G}", *value);
  std::string shown = formatted(*format, *value);
  if (shown.find('.') == std::string::npos) shown += ".0";  // it must look like a real
  return shown;
}

Result<std::string> MacroFunctions::string(std::string_view body) const {
  const std::size_t comma = body.find(',');
  std::optional<Format> format;
  if (comma != std::string_view::npos) {
    format = parse_format(body.substr(comma + 1), "s");
    if (!format)
      return wrong("STRING", body, cat("'", body.substr(comma + 1), "' is no format for a text"),
                   "use one like %20s");
  }
  CAIRN_TRY(std::string text, argument(body.substr(0, comma)));
  if (auto value = evaluate_text(text); value && value->is_string) text = value->text;
  return format ? formatted(*format, text) : text;
}

Result<std::string> MacroFunctions::eval(std::string_view body) const {
  CAIRN_TRY(const std::string text, argument(body));
  const auto value = evaluate_text(text);
  return value ? value->text : std::string();
}

Result<std::string> MacroFunctions::file_part(const Reference& reference,
                                              const std::string& text) const {
  const std::string_view function = reference.function(text);
  std::string_view letters = function.substr(1);
  if (reference.kind == ReferenceKind::basename) letters = "nx";
  if (reference.kind == ReferenceKind::dirname) letters = "p";
  CAIRN_TRY(const std::string path, argument(reference.whole_body(text)));
  return file_parts(path, letters, macros_.directory_);
}

}  // namespace cairn
