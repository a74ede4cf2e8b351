#include "submit/wrapped_text.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kRenamed = {{
    {"executable", "wrapped_program"},
    {"arguments", "wrapped_arguments"},
    {"transfer_input_files", "wrapped_inputs"},
}};

// One logical line: its text with continuations, and where it is from.
struct Line {
  std::string text;  // as written, continuation lines and line ends included
  int number = 0;
};

std::vector<Line> logical_lines(std::string_view text) {
  std::vector<Line> lines;
  int number = 0;
  bool continues = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view physical = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    ++number;
    if (!continues) lines.push_back({"", number});
    lines.back().text += physical;
    continues = trim(physical).ends_with('\\');
  }
  return lines;
}

struct Assignment {
  std::string key;    // lower case
  std::string value;  // on one line
};

std::optional<Assignment> assignment_in(const Line& line) {
  const std::string_view text = trim(line.text);
  const auto equals = text.find('=');
  if (text.starts_with('#') || equals == text.npos) return {};
  const std::string_view key = trim(text.substr(0, equals));
  if (key.empty() || key.find_first_of(" \t+@") != key.npos) return {};
  std::string value;
  for (const std::string& part : split_list(text.substr(equals + 1), '\n')) {
    std::string_view piece = part;
    if (piece.ends_with('\\')) piece.remove_suffix(1);
    value += cat(value.empty() ? "" : " ", trim(piece));
  }
  return Assignment{lower(key), std::move(value)};
}

bool is_queue(const Line& line) {
  const std::string_view text = trim(line.text);
  if (!starts_with_ignoring_case(text, "queue")) return false;
  return text.size() == 5 || text[5] == ' ' || text[5] == '\t';
}

Error at(const Line& line, std::string_view what, std::string hint) {
  return {Errc::invalid, cat("line ", line.number, ": ", what), 0, std::move(hint)};
}

// Raw, in the new syntax.
Result<std::string> raw_v2(const Line& line, const std::string& value) {
  auto unquoted = unquote_arguments(value);
  if (!unquoted) return at(line, unquoted.error().message, unquoted.error().hint);
  if (!unquoted->v2 && unquoted->raw.find_first_of("'\"") != std::string::npos)
    return at(line, "arguments with quotes in the old syntax cannot be wrapped",
              "write them in the new one: arguments = \"one 'two words'\"");
  return unquoted->raw;
}

}  // namespace

Result<ProgramLines> program_lines(std::string_view text) {
  ProgramLines program;
  for (const Line& line : logical_lines(text)) {
    if (is_queue(line)) break;
    const auto found = assignment_in(line);
    if (found && found->key == "executable") program.executable = found->value;
    if (found && found->key == "arguments") {
      CAIRN_TRY(const std::string raw, raw_v2(line, found->value));
      CAIRN_TRY(program.arguments, split_v2(raw));
    }
  }
  if (program.executable.empty())
    return Error{Errc::invalid, "the file has no executable", 0, "name the program to be wrapped"};
  return program;
}

Result<std::string> wrapped_text(std::string_view text, const WrapRequest& request) {
  CAIRN_CHECK(program_lines(text));
  std::string wrapped;
  bool has_queue = false, has_arguments = false, has_inputs = false;
  bool has_should = false, has_when = false;
  for (const Line& line : logical_lines(text)) {
    const auto found = assignment_in(line);
    if (found &&
        (found->key == "checkpoint_exit_code" || found->key == "transfer_checkpoint_files"))
      return at(line, "this job knows the contract already", "submit it without --wrap");
    if (found && has_queue && (found->key == "executable" || found->key == "arguments"))
      return at(line, cat(found->key, " is set anew after a queue statement"),
                "make two submit files of it");
    if (is_queue(line) && !has_queue) {
      has_queue = true;
      wrapped += "\n# The program is run by cairn-wrap, which keeps its checkpoints.\n";
      wrapped += cat("executable = ", request.wrapper, "\n");
      wrapped += cat("arguments = ",
                     quote_for_submit(cat(join_v2(request.options), " -- ./$Fnx(wrapped_program)",
                                          has_arguments ? " $(wrapped_arguments)" : "")),
                     "\n");
      wrapped += "transfer_input_files = $(wrapped_program)";
      for (const std::string& input : request.inputs) wrapped += cat(", ", input);
      wrapped += has_inputs ? ", $(wrapped_inputs)\n" : "\n";
      wrapped += cat("checkpoint_exit_code = ", request.exit_code, "\n");
      wrapped += cat("transfer_checkpoint_files = ", join(request.transfers, ", "), "\n");
      if (!has_should) wrapped += "should_transfer_files = YES\n";
      if (!has_when) wrapped += "when_to_transfer_output = ON_EXIT\n";
      wrapped += "\n";
    }
    if (!found) {
      wrapped += line.text;
      continue;
    }
    has_arguments |= found->key == "arguments";
    has_inputs |= found->key == "transfer_input_files";
    has_should |= found->key == "should_transfer_files";
    has_when |= found->key == "when_to_transfer_output";
    const auto renamed = std::find_if(kRenamed.begin(), kRenamed.end(),
                                      [&](const auto& one) { return one.first == found->key; });
    if (renamed == kRenamed.end()) {
      wrapped += line.text;
      continue;
    }
    std::string value = found->value;
    if (found->key == "arguments") {
      CAIRN_TRY(const std::string raw, raw_v2(line, value));
      // It will stand in quotes again.
      const std::string quoted = quote_for_submit(raw);
      value = quoted.substr(1, quoted.size() - 2);
    }
    wrapped += cat(renamed->second, " = ", value, "\n");
  }
  if (!has_queue) return Error{Errc::invalid, "the file queues no job", 0, "end it with: queue"};
  return wrapped;
}

}  // namespace cairn
