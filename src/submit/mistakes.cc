#include "submit/mistakes.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "classad/evaluate.h"
#include "classad/expression.h"
#include "submit/macro.h"
#include "submit/number.h"

namespace cairn {
namespace {

using classad::Comparison;
using classad::Expression;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [word](std::string_view each) { return equal_ignoring_case(each, word); });
}

bool has_only(std::string_view text, bool (*is)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is);
}

// --- expressions -----------------------------------------------------------------------------

bool holds_text(std::string_view attribute) {
  return is_one_of(
      attribute,
      {"OpSys",          "OpSysAndVer", "OpSysName", "OpSysShortName", "OpSysLongName",
       "Arch",           "Machine",     "Name",      "UidDomain",      "FileSystemDomain",
       "Microarch",      "State",       "Activity",  "GLIDEIN_Site",   "GLIDEIN_ResourceName",
       "CUDADeviceName", "Owner",       "User",      "RemoteHost",     "LastRemoteHost",
       "HoldReason"});
}

bool holds_number(std::string_view attribute) {
  return is_one_of(attribute, {"Memory",
                               "Cpus",
                               "Disk",
                               "GPUs",
                               "TotalCpus",
                               "TotalMemory",
                               "DetectedCpus",
                               "DetectedMemory",
                               "KFlops",
                               "Mips",
                               "LoadAvg",
                               "OpSysMajorVer",
                               "CpuFamily",
                               "CUDACapability",
                               "CUDAGlobalMemoryMb",
                               "SlotID",
                               "JobStatus",
                               "ExitCode",
                               "ExitStatus",
                               "ExitSignal",
                               "NumJobStarts",
                               "NumShadowStarts",
                               "NumHolds",
                               "NumRestarts",
                               "JobRunCount",
                               "HoldReasonCode",
                               "HoldReasonSubCode",
                               "RequestCpus",
                               "RequestMemory",
                               "RequestDisk",
                               "MemoryUsage",
                               "DiskUsage",
                               "ResidentSetSize",
                               "ImageSize",
                               "RemoteWallClockTime"});
}

bool is_text(const Expression& expression) {
  return expression.as_literal() != nullptr && expression.as_literal()->as_string() != nullptr;
}

// LINUX, node1.x.org: names, and nothing of them is known.
bool is_unknown_name(const Expression& expression, const IsKnown& is_known) {
  const std::string text = expression.text();
  if (!has_only(text, [](char c) { return is_letter(c) || is_digit(c) || c == '.'; })) return false;
  const auto references = expression.references();
  return !references.empty() && references.front().scope == classad::RefScope::none &&
         !is_known(references.front().name);
}

// Whatever the machine, this is undefined: all that it refers to is unknown.
bool is_never_defined(const Expression& expression, const IsKnown& is_known) {
  const auto references = expression.references();
  if (references.empty() || !expression.calls().empty()) return false;
  for (const classad::Reference& reference : references)
    if (reference.scope == classad::RefScope::target || is_known(reference.name)) return false;
  const classad::Value value = classad::evaluate(expression, classad::Scope{});
  return value.is_undefined() || value.is_error();
}

void compare(std::string_view command, const Comparison& comparison, bool has_quoted_name,
             const IsKnown& is_known, Sentences& said) {
  for (const auto& [side, other] : {std::pair{&comparison.left, &comparison.right},
                                    std::pair{&comparison.right, &comparison.left}}) {
    const auto attribute = side->as_reference();
    if (!attribute) continue;
    const std::string whole =
        cat(comparison.left.text(), " ", comparison.op, " ", comparison.right.text());
    // 'linux' is said already.
    if (holds_text(attribute->name) && is_unknown_name(*other, is_known) && !has_quoted_name)
      said.push_back(
          cat(command, ": in ", whole, ", ", other->text(),
              " is the name of an attribute that nothing sets: it is never true; write \"",
              other->text(), "\""));
    if (!is_text(*other)) continue;
    const std::string value = *other->as_literal()->as_string();
    if (holds_number(attribute->name))
      said.push_back(cat(command, ": ", whole,
                         " compares a number with a text, and is never true; write ", value,
                         " without quotes"));
    else if (is_one_of(value, {"true", "false"}) &&
             (attribute->name.starts_with("Has") || attribute->name.starts_with("Is")))
      said.push_back(cat(command, ": ", whole,
                         " compares a truth with a text, and is never true; write ", lower(value),
                         " without quotes"));
    else if (holds_text(attribute->name) && value.find('*') != std::string::npos &&
             is_one_of(comparison.op, {"==", "!=", "=?=", "=!="}))
      said.push_back(cat(command, ": ", whole,
                         " compares letter by letter, and * is a letter; write regexp(\"^",
                         value.substr(0, value.find('*')), "\", ", side->text(), ")"));
  }
}

// Machine == "a" && Machine == "b"; Machine != "a" || Machine != "b".
void contradiction(std::string_view command, const std::vector<Expression>& parts,
                   std::string_view op, std::string_view said_of_it, Sentences& said) {
  std::vector<std::pair<std::string, std::string>> seen;
  for (const Expression& part : parts) {
    const auto comparisons = part.comparisons();
    if (comparisons.size() != 1 || comparisons[0].op != op || !is_text(comparisons[0].right) ||
        !comparisons[0].left.as_reference())
      continue;
    const std::string whole = part.text();
    if (whole != cat(comparisons[0].left.text(), " ", op, " ", comparisons[0].right.text()))
      continue;
    const std::string name = lower(comparisons[0].left.text());
    for (const auto& [other_name, other] : seen)
      if (other_name == name && !equal_ignoring_case(other, whole))
        return said.push_back(cat(command, ": ", other, " and ", whole, said_of_it));
    seen.emplace_back(name, whole);
  }
}

std::string_view never(Meant wanted) {
  return wanted == Meant::number ? "the job never finds a machine" : "it is never true";
}

// --- macros ----------------------------------------------------------------------------------

std::string_view name_at(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() &&
         (is_letter(text[length]) || (length > 0 && is_digit(text[length]))))
    ++length;
  return text.substr(0, length);
}

// What a name stands for that is not the last thing before the job runs.
constexpr auto kShellsOwn = std::to_array<std::string_view>(
    {"HOME", "PATH", "USER", "PWD", "TMPDIR", "SCRATCH", "HOSTNAME", "PYTHONPATH",
     "LD_LIBRARY_PATH", "CONDA_PREFIX", "_CONDOR_SCRATCH_DIR"});

// --- items -----------------------------------------------------------------------------------

// 1..10, {1..10}, 1-10, range(10)
bool is_range(std::string_view item) {
  if (item.size() > 2 && item.front() == '{' && item.back() == '}')
    item = item.substr(1, item.size() - 2);
  for (const std::string_view between : {"..", "-"}) {
    const std::size_t at = item.find(between);
    if (at == std::string_view::npos) continue;
    const std::string_view end = item.substr(at + between.size());
    if (has_only(item.substr(0, at), is_digit) && has_only(end.substr(0, end.find("..")), is_digit))
      return true;
  }
  return false;
}

}  // namespace

Sentences expression_mistakes(std::string_view command, std::string_view text, Meant wanted,
                              const IsKnown& is_known) {
  const auto parsed = Expression::parse(text);
  if (!parsed) return {};
  Sentences said;
  const bool is_number = wanted == Meant::number;
  if (is_text(*parsed)) {
    said.push_back(cat(command, " = ", text, " is a text, not a ",
                       is_number ? "number" : "condition", ": ", never(wanted),
                       "; take the quotes away"));
    return said;
  }
  if (is_number && parsed->as_literal() != nullptr && !parsed->as_literal()->is_number() &&
      !parsed->as_literal()->is_undefined()) {
    said.push_back(
        cat(command, " = ", text, " is no number: ", never(wanted), "; write how many are wanted"));
    return said;
  }
  const bool is_word = is_unknown_name(*parsed, is_known);
  const bool is_yes = is_word && is_one_of(text, {"yes", "no", "on", "off", "y", "n", "t", "f"});
  // A lone name in requirements may be a feature that a pool's machines have.
  if (is_number ? is_never_defined(*parsed, is_known)
                : (is_word && (is_yes || wanted == Meant::condition)))
    said.push_back(cat(command, " = ", text, ": ",
                       is_word ? cat(text, " is the name of an attribute that nothing sets")
                               : std::string("nothing sets what this refers to"),
                       ", and ", never(wanted), "; write ",
                       is_number                                  ? "a number"
                       : is_one_of(text, {"no", "off", "n", "f"}) ? "false"
                                                                  : "true"));
  for (const Comparison& comparison : parsed->comparisons())
    compare(command, comparison, text.find('\'') != std::string_view::npos, is_known, said);
  contradiction(command, parsed->conjuncts(), "==", " are never true together; write ||", said);
  contradiction(command, parsed->disjuncts(), "!=", ": one of them is always true; write &&", said);
  return said;
}

Sentences attribute_mistakes(std::string_view name, std::string_view text,
                             const IsKnown& is_known) {
  const auto parsed = Expression::parse(text);
  // These are looked at beside the ad of a machine or a GPU.
  if (!parsed || starts_with_ignoring_case(name, "Requirement") ||
      equal_ignoring_case(name, "Rank") || starts_with_ignoring_case(name, "Require") ||
      !is_never_defined(*parsed, is_known))
    return {};
  const bool is_truth = is_one_of(text, {"yes", "no", "on", "off"});
  return {cat("+", name, " = ", text, ": nothing sets what this refers to, and ", name,
              " is undefined; write ",
              is_truth ? (is_one_of(text, {"yes", "on"}) ? "true, or " : "false, or ") : "", "\"",
              text, "\"", is_truth ? " for a text" : "")};
}

Sentences size_mistakes(std::string_view command, std::string_view text) {
  if (!has_only(text, [](char c) { return is_digit(c) || c == '.'; })) return {};
  const bool is_memory = equal_ignoring_case(command, "request_memory");
  constexpr double kMemoryMin = 32, kDiskMin = 1024;
  const auto size = evaluate_real(text);
  if (!size || *size <= 0 || *size >= (is_memory ? kMemoryMin : kDiskMin)) return {};
  return {cat(command, " = ", text, " is ", text, is_memory ? " MB" : " KB", "; write ", command,
              " = ", text, "GB if that was meant")};
}

Sentences list_mistakes(std::string_view command, std::string_view text, const IsKnown& is_file) {
  Sentences said;
  for (const std::string& entry : split_list(text)) {
    if (entry.find("://") != std::string::npos || is_file(entry)) continue;
    const auto words = split_list(entry, ' ');
    const bool are_names =
        words.size() > 1 && std::all_of(words.begin(), words.end(), [](const std::string& word) {
          return word.find('.', 1) != std::string::npos || word.find('/') != std::string::npos;
        });
    if (entry.find(';') != std::string::npos)
      said.push_back(cat(command, ": ", entry, " is one name; write commas between names"));
    else if (are_names)
      said.push_back(cat(command, ": ", entry, " is one name; write ", join(words, ", ")));
    else if (entry.front() == '[' || entry.front() == '{' || entry.front() == '\'')
      said.push_back(cat(command, ": the ", entry.substr(0, 1), " is a letter of the name ", entry,
                         "; write the bare names, with commas between them"));
  }
  return said;
}

Sentences argument_mistakes(std::string_view command, const std::vector<std::string>& words) {
  Sentences said;
  const bool is_find = std::find(words.begin(), words.end(), "-exec") != words.end();
  for (const std::string& word : words) {
    const auto hand_over = [&](std::string_view instead) {
      said.push_back(
          cat(command, ": no shell reads them, and the program is given ", word, "; ", instead));
    };
    if (word == ">" || word == ">>" || word == "1>" || word == "2>" || word == "2>&1")
      hand_over("name files for stdout and stderr with output and error");
    else if (word == "<")
      hand_over("name the file for stdin with input");
    else if (word == "|" || word == "||" || word == "&&" || word == "&" ||
             (word == ";" && !is_find) || word.starts_with('`') ||
             (word.ends_with('`') && word.size() > 1))
      hand_over("put the line into a script, and make that the executable");
    else if (word.starts_with("~/"))
      hand_over(cat("write $ENV(HOME)", word.substr(1)));
  }
  return said;
}

Sentences macro_mistakes(std::string_view command, std::string_view raw, const IsKnown& macro,
                         const IsKnown& variable) {
  Sentences said;
  const auto stays = [&](std::string_view what, std::string_view instead) {
    said.push_back(cat(command, ": ", what, " stays as it is; ", instead));
  };
  for (std::size_t at = 0; at < raw.size(); ++at) {
    const std::string_view rest = raw.substr(at);
    const bool after_dollar = at > 0 && (raw[at - 1] == '$' || raw[at - 1] == '\\');
    if (rest.front() == '$' && !after_dollar) {
      const std::string_view name = name_at(rest.substr(1));
      const char next = 1 + name.size() < rest.size() ? rest[1 + name.size()] : ' ';
      if (!name.empty() && next != '(') {
        const bool is_shells =
            std::find(kShellsOwn.begin(), kShellsOwn.end(), name) != kShellsOwn.end();
        if (macro(name))
          stays(cat("$", name), cat("write $(", name, ")"));
        else if (name == "_CONDOR_SCRATCH_DIR")
          stays(cat("$", name), "it is the folder that the job starts in, and names need no path");
        else if (is_shells || variable(name))
          stays(cat("$", name), cat("write $ENV(", name, ") for what it is here"));
      } else if (rest.starts_with("$(")) {
        // A command's name and its words are no macro.
        const std::size_t end = rest.find(')');
        const std::string_view inside = rest.substr(2, std::max<std::size_t>(end, 2) - 2);
        if (end == std::string_view::npos)
          said.push_back(cat(command, ": ", rest, " has no ) and stays as it is"));
        else if (inside.find(':') == std::string_view::npos &&
                 inside.find('$') == std::string_view::npos && !is_macro_name(trim(inside)) &&
                 !inside.empty())
          stays(rest.substr(0, end + 1),
                macro(name_at(inside)) && inside.find_first_of("+-*/") != std::string_view::npos
                    ? cat("to compute, write x = ", inside, " and $INT(x)")
                    : std::string("no shell runs it; write it into a script"));
      }
    }
    for (const auto& [open, close] :
         {std::pair{std::string_view("%("), ')'}, std::pair{std::string_view("$["), ']'},
          std::pair{std::string_view("${"), '}'}, std::pair{std::string_view("{"), '}'}}) {
      if (!rest.starts_with(open) || (open == "{" && after_dollar)) continue;
      const std::string_view name = name_at(rest.substr(open.size()));
      if (!name.empty() && rest.size() > open.size() + name.size() &&
          rest[open.size() + name.size()] == close && macro(name))
        stays(rest.substr(0, open.size() + name.size() + 1), cat("write $(", name, ")"));
    }
  }
  return said;
}

Sentences letter_mistakes(std::string_view command, std::string_view text) {
  Sentences said;
  constexpr std::string_view kBlank = "\xC2\xA0";
  if (text.find(kBlank) != std::string_view::npos)
    said.push_back(cat(command,
                       ": one of the blanks is none (U+00A0, from a web page or a word "
                       "processor); write it anew"));
  for (const std::string_view quote : {"\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x9E"})
    if (text.starts_with(quote))
      return {cat(command, ": ", quote,
                  " is no quote to a computer, and a letter of the value; "
                  "write \"")};
  for (const std::string_view dash : {"\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x88\x92"})
    for (std::size_t at = text.find(dash); at != std::string_view::npos;
         at = text.find(dash, at + 1)) {
      const bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == '"';
      const std::string_view after = text.substr(at + dash.size());
      if (begins && !after.empty() && is_letter(after.front()))
        return {cat(command, ": ", dash, name_at(after),
                    " begins with a dash that is no minus; "
                    "write -",
                    name_at(after))};
    }
  return said;
}

Sentences item_mistakes(const QueueStatement& statement, std::string_view text,
                        const IsKnown& matches) {
  const auto& items = statement.items;
  if (items.empty() || statement.mode == ItemsMode::matching || statement.table) return {};
  const bool is_in = statement.mode == ItemsMode::in;
  const std::string& first = items.front();
  const bool in_brackets = text.find('(') != std::string_view::npos;
  const std::string variable = join(statement.variables, ", ");
  if (!is_in) {
    // from (a b c), on one line.
    if (statement.source == ItemsFrom::here && items.size() == 1 &&
        statement.variables.size() == 1 && split_list(first, ' ').size() > 1)
      return {cat("queue ", variable, " from (", first, ") is one item, the whole line; write in (",
                  first, ")")};
    return {};
  }
  if (statement.source != ItemsFrom::here && statement.source != ItemsFrom::lines) return {};
  for (const std::string& item : items)
    if (is_range(item) && (items.size() == 1 || item.find("..") != std::string::npos))
      return {cat("the item ", item,
                  " is one job, not a range; write queue 10, and $(Process) "
                  "for the number, or queue ",
                  variable, " from seq 1 10 |")};
  for (const std::string_view call : {"range(", "seq(", "list("})
    if (starts_with_ignoring_case(first, call) && items.back().ends_with(')'))
      return {cat(call.substr(0, call.size() - 1), "() is none here, and ", first,
                  " an item; write in (a, b), or from seq 1 10 |")};
  if (first.starts_with('{') && items.back().ends_with('}'))
    return {cat("the { and } are letters of the items ", first, " and ", items.back(),
                "; write round brackets")};
  if (first.starts_with('`') || first.starts_with("$("))
    return {cat("no shell runs ", text, "; write queue ", variable, " from COMMAND |")};
  if (!in_brackets && items.back().ends_with(')'))
    return {cat("the ) is a letter of the item ", items.back(), "; write in ( before the items")};
  if (!in_brackets && items.size() == 1 && has_only(first, is_digit))
    return {cat("queue ", variable, " in ", first, " is one job, with ", variable, " = ", first,
                "; write queue ", first, " for ", first, " jobs")};
  if (items.size() == 1 && first.find(';') != std::string::npos)
    return {cat(first, " is one item; write blanks or commas between items")};
  for (const std::string& item : items)
    if (item.find_first_of("*?") != std::string::npos && matches(item))
      return {cat("the item ", item, " is no pattern here; write queue ", variable, " matching ",
                  item)};
  return {};
}

std::string missing_items_hint(std::string_view name) {
  if (name.starts_with('"')) return "write the name without quotes";
  if (is_range(name)) return "there are no ranges: write queue 10, or from seq 1 10 |";
  if (name.find_first_of("*?") != std::string_view::npos &&
      name.find(' ') == std::string_view::npos)
    return cat("for files of such a name write matching ", name);
  if (is_one_of(name.substr(0, name.find(' ')), {"ls", "seq", "cat", "echo", "find", "python3"}))
    return cat("a command ends in |: from ", name, " |");
  return {};
}

}  // namespace cairn
