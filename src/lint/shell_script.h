// What a shell script says, as far as one can see without running it.
//
// A tolerant reader of POSIX sh and bash: it never fails.  It knows quoting, comments, here
// documents, $(…), ((…)), [[…]], compound commands and functions.  It does not know what a
// variable holds, what `source` and `eval` bring, or which branch is taken.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cairn::lint {

struct ShellWord {
  std::string text;        // without quotes; $… as written
  bool is_plain = true;    // no $…, no `…`, no glob: `text` is what the shell makes of it
  bool is_quoted = false;  // some of it stood in quotes
};

struct ShellRedirect {
  std::string op;  // ">", ">>", "<", ">|", "&>", "<<<"
  ShellWord target;
};

// How a command is joined to the one behind it.
enum class ShellJoin { end, semicolon, background, and_then, or_else, pipe };

struct ShellCommand {
  int line = 0;
  std::vector<ShellWord> words;       // the assignments before them taken off
  std::vector<std::string> assigned;  // names that `NAME=value` before them sets
  std::vector<ShellRedirect> redirects;
  ShellJoin before = ShellJoin::end, after = ShellJoin::end;
  std::string function;       // the function it stands in; empty: none
  int depth = 0;              // of if, loops, case, { } and ( ) around it, functions not counted
  int loops = 0;              // of those, loops
  int subshells = 0;          // of those, ( )
  bool is_condition = false;  // of if, elif, while, until, or behind !
  // One of assignments alone: `s=$?`.  Its values, raw.
  std::vector<std::string> values;
  std::string raw;  // as written, in one line

  std::string_view name() const { return words.empty() ? std::string_view() : words[0].text; }
  bool is(std::string_view command) const { return name() == command; }
};

struct ShellScript {
  std::vector<ShellCommand> commands;  // in order; those in $(…) and `…` are not among them
  std::vector<std::string> functions;  // the names that are defined
  // What does not fit together, if anything: "`fi` without `if`", and its line.
  std::string imbalance;
  int imbalance_line = 0;

  bool defines(std::string_view function) const;
  // Whether `set -e` (or -eu …) holds somewhere, or the #! line has -e.
  bool sets(char option) const;
  bool sets_pipefail() const;
};

ShellScript read_shell(std::string_view text);

}  // namespace cairn::lint
