// From the cheap to the dear: equal names of contents end most comparisons; the first difference
// is looked for behind the part that is equal; how lines are twice or gone, only if one was found.
#include "verify/oracle.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <set>
#include <string_view>

#include "base/text.h"
#include "base/try.h"
#include "os/process.h"
#include "verify/lines.h"
#include "verify/npy.h"
#include "verify/numbers.h"

namespace cairn::verify {
namespace {

using Kind = ImageEntry::Kind;
using LeftOut = std::function<bool(std::string_view)>;

constexpr std::size_t kShownLetters = 70;
constexpr std::size_t kListedLines = 5;
constexpr std::size_t kProbeBytes = 64U << 10U;  // by which text is told from binary
constexpr std::size_t kShownBytes = 8;
constexpr const char* kEnd = "(the end of the file)";
constexpr const char* kBlankLine = "(an empty line)";

// --- text that a person reads ----------------------------------------------------

// The bytes of the UTF-8 letter at the start of `text`, 0 if there is none.
std::size_t letter_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  const bool overlong = first == 0xF0 && byte(1) < 0x90;
  const bool too_large = first == 0xF4 && byte(1) >= 0x90;
  const bool four = first >= 0xF0 && first <= 0xF4 && follows(1) && follows(2) && follows(3);
  return four && !overlong && !too_large ? 4 : 0;
}

std::string hex(unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[byte >> 4U], kDigits[byte & 15U]};
}

// What a terminal might obey (C0, DEL, C1, and what changes the direction of writing) or could
// not show is escaped.
std::string printable_letter(std::string_view letter) {
  static const std::set<std::string_view> kTurning = {"\u200e", "\u200f", "\u202a", "\u202b",
                                                      "\u202c", "\u202d", "\u202e", "\u2066",
                                                      "\u2067", "\u2068", "\u2069"};
  if (letter == "\n") return "\\n";
  if (letter == "\r") return "\\r";
  if (letter == "\t") return "\\t";
  const auto first = static_cast<unsigned char>(letter[0]);
  const bool control = first < 0x20 || first == 0x7F ||
                       (first == 0xC2 && static_cast<unsigned char>(letter[1]) < 0xA0);
  if (letter_bytes(letter) > 0 && !control && !kTurning.contains(letter))
    return std::string(letter);
  std::string escaped;
  for (const char byte : letter) escaped += "\\x" + hex(static_cast<unsigned char>(byte));
  return escaped;
}

std::string shown(std::string_view text, std::size_t letters = kShownLetters) {
  std::string result;
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == letters) return result + "...";
    const std::size_t bytes = std::max<std::size_t>(letter_bytes(text), 1);
    result += printable_letter(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return result;
}

// A long line is shown from a little before the byte at which it differs.
std::string shown_around(std::string_view line, std::size_t differs_at) {
  constexpr std::size_t kBefore = 20;
  if (line.size() <= kShownLetters || differs_at <= kShownLetters / 2) return shown(line);
  std::size_t start = std::min(differs_at, line.size()) - kBefore;
  while (start < line.size() && (static_cast<unsigned char>(line[start]) & 0xC0U) == 0x80U) ++start;
  return "..." + shown(line.substr(start));
}

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  return line;
}

struct Sides {
  std::string reference, candidate;
};

// Both lines, or what is there instead; lines may differ in nothing but their end.
Sides show_lines(const std::optional<Line>& reference, const std::optional<Line>& candidate) {
  const std::string_view one = reference ? without_end(reference->text) : std::string_view();
  const std::string_view other = candidate ? without_end(candidate->text) : std::string_view();
  const auto at = static_cast<std::size_t>(
      std::mismatch(one.begin(), one.end(), other.begin(), other.end()).first - one.begin());
  const bool only_ends =
      reference && candidate && one == other && reference->text != candidate->text;
  const auto show = [&](const std::optional<Line>& line) -> std::string {
    if (!line) return kEnd;
    if (only_ends && !line->text.ends_with('\n'))
      return shown_around(without_end(line->text), at) + " (no end of line)";
    if (without_end(line->text).empty()) return kBlankLine;
    return shown_around(without_end(line->text), at);
  };
  return {show(reference), show(candidate)};
}

std::string line_text(const Line& line) {
  return cat("line ", line.number, ": ", shown(without_end(line.text)));
}

// --- what is left out ------------------------------------------------------------

bool matches(const std::string& glob, const std::string& text) {
  return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0;
}

// With the folder that it is in, or one above, a file is left out too.
bool is_left_out(const std::string& name, const std::vector<std::string>& globs) {
  for (std::size_t end = name.find('/');; end = name.find('/', end + 1)) {
    const std::string above = name.substr(0, end);
    for (const std::string& glob : globs)
      if (matches(glob, above)) return true;
    if (end == std::string::npos) return false;
  }
}

LeftOut lines_left_out(const std::vector<std::string>& globs) {
  std::vector<std::string> somewhere;
  for (const std::string& glob : globs)
    if (glob.find('/') == std::string::npos) somewhere.push_back(cat("*", glob, "*"));
  if (somewhere.empty()) return {};
  return [somewhere](std::string_view line) {
    const std::string text(line);
    return std::any_of(somewhere.begin(), somewhere.end(),
                       [&](const std::string& glob) { return matches(glob, text); });
  };
}

// --- contents --------------------------------------------------------------------

bool is_text(std::string_view content) {
  std::string_view probe = content.substr(0, kProbeBytes);
  if (probe.find('\0') != std::string_view::npos) return false;
  while (!probe.empty()) {
    const std::size_t bytes = letter_bytes(probe);
    // A letter may be cut by the end of the probe.
    if (bytes == 0) return probe.size() < 4 && content.size() > kProbeBytes;
    probe.remove_prefix(bytes);
  }
  return true;
}

std::size_t common_bytes(std::string_view a, std::string_view b) {
  const std::size_t both = std::min(a.size(), b.size());
  std::size_t at = 0;
  // Blocks first: memcmp reads many bytes at a time.
  constexpr std::size_t kBlock = 4096;
  while (at + kBlock <= both && std::memcmp(a.data() + at, b.data() + at, kBlock) == 0)
    at += kBlock;
  while (at < both && a[at] == b[at]) ++at;
  return at;
}

std::string hex_from(std::string_view content, std::size_t offset) {
  if (offset >= content.size()) return kEnd;
  std::vector<std::string> bytes;
  for (const char byte : content.substr(offset, kShownBytes))
    bytes.push_back(hex(static_cast<unsigned char>(byte)));
  return join(bytes, " ") + (offset + kShownBytes < content.size() ? " ..." : "");
}

Difference make_difference(const std::string& file, std::string where, Sides sides = {}) {
  return {file, std::move(where), std::move(sides.reference), std::move(sides.candidate), {}, {}};
}

std::optional<Difference> binary_difference(std::string_view reference, std::string_view candidate,
                                            const std::string& file) {
  if (reference == candidate) return {};
  const std::size_t at = common_bytes(reference, candidate);
  return make_difference(file, cat("byte ", at),
                         {hex_from(reference, at), hex_from(candidate, at)});
}

std::optional<Difference> array_difference(const NpyArray& reference, const NpyArray& candidate,
                                           double tolerance, const std::string& file) {
  if (reference.type_text() != candidate.type_text())
    return make_difference(file, "type and shape", {reference.type_text(), candidate.type_text()});
  const auto element = first_different_element(reference, candidate, tolerance);
  if (!element) return {};
  return make_difference(file, cat("element ", reference.index_text(*element)),
                         {reference.element_text(*element), candidate.element_text(*element)});
}

// Names the lines that are twice or gone, if all others are in order.
void account_for_lines(Difference& difference, const Alignment& alignment,
                       const std::vector<Line>& reference, const std::vector<Line>& candidate) {
  if (!alignment.in_order) return;
  // Of a text with few different lines, one more here and one less there says nothing.
  const bool doubtful = !alignment.twice.empty() && !alignment.missing.empty();
  std::map<std::string_view, int> counts;
  if (doubtful)
    for (const Line& line : reference) counts[without_end(line.text)]++;
  const auto known_once = [&](const Line& line) {
    return !doubtful || counts[without_end(line.text)] <= 1;
  };
  // A line that is there with other numbers is not gone.
  std::set<std::string> changed;
  if (!alignment.missing.empty())
    for (const std::size_t place : alignment.foreign)
      changed.insert(skeleton_of(without_end(candidate[place].text)).text);
  const auto list = [](std::vector<std::string>& texts, const Line& line) {
    if (texts.size() < kListedLines) texts.push_back(line_text(line));
  };
  for (const std::size_t place : alignment.twice)
    if (known_once(candidate[place])) list(difference.twice, candidate[place]);
  for (const std::size_t place : alignment.missing)
    if (known_once(reference[place]) &&
        !changed.contains(skeleton_of(without_end(reference[place].text)).text))
      list(difference.missing, reference[place]);
}

std::optional<Difference> text_difference(std::string_view reference, std::string_view candidate,
                                          double tolerance, const LeftOut& left_out,
                                          const std::string& file) {
  if (reference == candidate) return {};
  const std::string_view common = reference.substr(0, common_bytes(reference, candidate));
  const std::size_t start = common.rfind('\n') + 1;  // npos + 1 is 0
  const auto number =
      1 + static_cast<std::size_t>(std::count(common.begin(), common.begin() + start, '\n'));
  LineReader left(reference.substr(start), left_out, number);
  LineReader right(candidate.substr(start), left_out, number);
  std::optional<Line> one, other;
  do {
    one = left.next();
    other = right.next();
    if (!one && !other) return {};
  } while (one && other && equal_lines(one->text, other->text, tolerance));

  Difference difference = make_difference(file, cat("line ", other ? other->number : one->number),
                                          show_lines(one, other));
  const auto lines = LineReader(reference, left_out).all();
  const auto others = LineReader(candidate, left_out).all();
  account_for_lines(difference, align(lines, others, tolerance), lines, others);
  return difference;
}

std::optional<Difference> content_difference(const std::string& reference,
                                             const std::string& candidate,
                                             const Comparison& comparison,
                                             const std::string& file) {
  if (file.ends_with(".npy")) {
    const auto one = parse_npy(reference), other = parse_npy(candidate);
    if (one && other) {
      auto difference = array_difference(*one, *other, comparison.tolerance, file);
      if (difference || comparison.tolerance > 0) return difference;
    }
  }
  if (is_text(reference) && is_text(candidate))
    return first_text_difference(reference, candidate, comparison, file);
  return binary_difference(reference, candidate, file);
}

// --- entries ---------------------------------------------------------------------

std::string kind_text(const ImageEntry& entry) {
  switch (entry.kind) {
    case Kind::file:
      return "a file";
    case Kind::folder:
      return "a folder";
    case Kind::link:
      return "a symbolic link to " + shown(entry.content);
    case Kind::fifo:
      return "a FIFO";
  }
  return {};
}

Result<std::optional<Difference>> entry_difference(const std::string& name,
                                                   const ImageEntry* reference,
                                                   const ImageEntry* candidate,
                                                   const Comparison& comparison,
                                                   const ImageStore& store) {
  using Answer = std::optional<Difference>;
  if (candidate == nullptr) return Answer(make_difference(name, "is missing"));
  if (reference == nullptr)
    return Answer(make_difference(name, "is there, and not in the reference"));
  if (reference->kind == candidate->kind && reference->content == candidate->content)
    return Answer();
  if (reference->kind != Kind::file || candidate->kind != Kind::file)
    return Answer(make_difference(name, "kind", {kind_text(*reference), kind_text(*candidate)}));
  CAIRN_TRY(const std::string one, store.read(*reference));
  CAIRN_TRY(const std::string other, store.read(*candidate));
  return content_difference(one, other, comparison, name);
}

Result<std::optional<Difference>> output_difference(const Image& reference, const Image& candidate,
                                                    const Comparison& comparison,
                                                    const ImageStore& store) {
  std::set<std::string> names;
  for (const auto& [name, entry] : reference.entries) names.insert(name);
  for (const auto& [name, entry] : candidate.entries) names.insert(name);
  for (const std::string& name : names) {
    if (is_left_out(name, comparison.ignore)) continue;
    CAIRN_TRY(auto difference, entry_difference(name, reference.find(name), candidate.find(name),
                                                comparison, store));
    if (difference) return difference;
  }
  return std::optional<Difference>();
}

// A run without one printed nothing.
Result<std::string> printed(const std::optional<ImageEntry>& output, const ImageStore& store) {
  if (!output) return std::string();
  return store.read(*output);
}

bool same_bytes(const Outcome& reference, const Outcome& candidate) {
  const auto content = [](const std::optional<ImageEntry>& entry) {
    return entry ? entry->content : std::string();
  };
  return reference.outputs == candidate.outputs &&
         content(reference.standard_output) == content(candidate.standard_output);
}

// --- the user's command ------------------------------------------------------------

// Bare where that is the same: the user may have put quotes around the place himself.
std::string shell_quoted(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:@";
  if (text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char letter : text) quoted += letter == '\'' ? "'\\''" : std::string(1, letter);
  return quoted + "'";
}

std::string replaced(std::string text, std::string_view what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

// Without what concerns the job, and without traces in the user's folder.
std::vector<std::string> command_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with("CAIRN_") && !text.starts_with("_CONDOR_")) variables.emplace_back(text);
  }
  variables.emplace_back("PYTHONDONTWRITEBYTECODE=1");
  return variables;
}

Image shown_to_command(const Outcome& outcome) {
  if (!outcome.standard_output) return outcome.outputs;
  Image file;
  file.entries[""] = *outcome.standard_output;
  return with_part(outcome.outputs, "_stdout", file);
}

Result<ProcessEnd> run_shell(const std::string& command, const Path& said) {
  const Descriptor output(::open(said.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!output) return system_error("create", said, errno);
  SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", command};
  options.environment = command_environment();
  options.stdout_fd = options.stderr_fd = output.get();
  options.own_session = false;  // Ctrl-C is meant for it, too
  CAIRN_TRY(const pid_t child, spawn(options));
  return wait_for(child);
}

std::string first_line(const std::string& text) {
  for (LineReader lines(text, {}); const auto line = lines.next();)
    if (!trim(line->text).empty()) return shown(trim(line->text), 2 * kShownLetters);
  return {};
}

Error command_error(const std::string& command, int status, const std::string& said) {
  const std::string how = WIFSIGNALED(status)
                              ? cat("was killed by signal ", WTERMSIG(status))
                              : cat("cannot be run (exit status ", WEXITSTATUS(status), ")");
  return {Errc::invalid,
          cat("the command that compares, ", shown(command, 2 * kShownLetters), ", ", how,
              said.empty() ? "" : ": ", said),
          0, "try it by hand on two folders; it exits with 0 if they are equal, else with 1"};
}

Result<std::optional<Difference>> ask_command(const Outcome& reference, const Outcome& candidate,
                                              const std::string& command, ImageStore& store,
                                              const Path& scratch) {
  CAIRN_CHECK(store.lay_out(shown_to_command(reference), scratch / "reference"));
  CAIRN_CHECK(store.lay_out(shown_to_command(candidate), scratch / "candidate"));
  const std::string filled =
      replaced(replaced(command, "{reference}", shell_quoted(scratch / "reference")), "{candidate}",
               shell_quoted(scratch / "candidate"));
  CAIRN_TRY(const ProcessEnd end, run_shell(filled, scratch / "said"));
  PosixFileSystem files;
  CAIRN_TRY(const std::string output, read_file(files, scratch / "said"));
  const std::string said = first_line(output);
  const int status = end.wait_status;
  if (!WIFEXITED(status) || WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)
    return command_error(command, status, said);
  if (WEXITSTATUS(status) == 0) return std::optional<Difference>();
  return std::optional(make_difference(
      "the outputs", said.empty()
                         ? cat("differ, says the command (exit status ", WEXITSTATUS(status), ")")
                         : said));
}

Result<std::optional<Difference>> command_difference(const Outcome& reference,
                                                     const Outcome& candidate,
                                                     const std::string& command, ImageStore& store,
                                                     const Path& scratch) {
  if (command.find("{candidate}") == std::string::npos)
    return Error{Errc::invalid,
                 cat("the command that compares, ", shown(command), ", does not say {candidate}"),
                 0, "write it as in --compare './same.py {reference} {candidate}'"};
  auto answer = ask_command(reference, candidate, command, store, scratch);
  CAIRN_CHECK(store.lay_out(Image(), scratch));  // removes even what may not be read
  ::rmdir(scratch.c_str());
  return answer;
}

// --- standard output ---------------------------------------------------------------

// What counts of it, as a terminal would show it in the end.
std::vector<Line> lines_of_stdout(const std::string& text, const LeftOut& left_out) {
  std::vector<Line> lines = LineReader(text, left_out).all();
  for (Line& line : lines) {
    line.text = without_end(line.text);
    while (line.text.ends_with('\r')) line.text.remove_suffix(1);
    line.text.remove_prefix(line.text.rfind('\r') + 1);  // npos + 1 is 0
  }
  std::erase_if(lines, [](const Line& line) { return trim(line.text).empty(); });
  return lines;
}

// What the candidate has where it leaves the reference: a line with other numbers, if one was
// passed over there, else the next one that the reference has, too.
std::optional<Line> line_instead(const Alignment::Parting& parting, const std::vector<Line>& lines,
                                 const std::optional<Line>& reference) {
  if (reference) {
    const std::string skeleton = skeleton_of(reference->text).text;
    for (std::size_t i = parting.foreign; i < parting.candidate; ++i)
      if (skeleton_of(lines[i].text).text == skeleton) return lines[i];
  }
  return parting.candidate < lines.size() ? std::optional(lines[parting.candidate]) : std::nullopt;
}

}  // namespace

std::string Difference::text() const {
  const std::string name = shown(file);
  if (where.starts_with("is ")) return cat(name, " ", where);
  if (reference.empty() && candidate.empty()) return cat(name, ": ", where);
  const auto quoted = [this](const std::string& side) {
    const bool as_it_is = !where.starts_with("line ") || side == kEnd || side == kBlankLine;
    return as_it_is ? side : cat("\"", side, "\"");
  };
  return cat(name, " ", where, ": ", quoted(reference), " in the reference, ", quoted(candidate),
             " here");
}

Result<std::optional<Difference>> first_difference(const Outcome& reference,
                                                   const Outcome& candidate,
                                                   const Comparison& comparison, ImageStore& store,
                                                   const Path& scratch) {
  if (same_bytes(reference, candidate)) return std::optional<Difference>();
  if (!comparison.command.empty())
    return command_difference(reference, candidate, comparison.command, store, scratch);
  CAIRN_TRY(auto difference,
            output_difference(reference.outputs, candidate.outputs, comparison, store));
  if (difference) return difference;
  CAIRN_TRY(const std::string one, printed(reference.standard_output, store));
  CAIRN_TRY(const std::string other, printed(candidate.standard_output, store));
  return stdout_difference(one, other, comparison);
}

std::optional<Difference> first_text_difference(const std::string& reference,
                                                const std::string& candidate,
                                                const Comparison& comparison,
                                                const std::string& file) {
  return text_difference(reference, candidate, comparison.tolerance,
                         lines_left_out(comparison.ignore), file);
}

std::optional<Difference> stdout_difference(const std::string& reference,
                                            const std::string& candidate,
                                            const Comparison& comparison) {
  if (reference == candidate || is_left_out("stdout", comparison.ignore)) return {};
  const LeftOut left_out = lines_left_out(comparison.ignore);
  const auto lines = lines_of_stdout(reference, left_out);
  const auto others = lines_of_stdout(candidate, left_out);
  const Alignment alignment = align(lines, others, comparison.tolerance);
  if (!alignment.parting) return {};
  const std::size_t place = alignment.parting->reference;
  const auto one = place < lines.size() ? std::optional(lines[place]) : std::nullopt;
  const auto other = line_instead(*alignment.parting, others, one);
  Difference difference = make_difference(
      "stdout", cat("line ", other ? other->number : one->number), show_lines(one, other));
  account_for_lines(difference, alignment, lines, others);
  return difference;
}

}  // namespace cairn::verify
