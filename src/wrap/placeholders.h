// What stands in braces in arguments, names and recipes.  Pure.
//
//   {generation}            of the checkpoint that the program goes on from; 0 at the beginning
//   {elapsed}               seconds that the program has run so far, in all its executions
//   {remaining}             seconds until it is to be ended; {remaining_minutes}, {remaining_hours}
//   {program}, {arguments}  of the command; {argument 2}, {argument -1}: one of them
//   {option -s|--seq X}     the argument after one of these options, or joined to it; else X
//   {setting FILE KEY X}    of a line "KEY = VALUE" or "KEY VALUE" in a file; else X
//   {stem X}                X without its last ".suffix"
//   {{, }}                  the braces themselves; so are "{ " and "${", as a shell has them
// X may have placeholders of its own.  Without an X, what is not there is an error.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"

namespace cairn::wrap {

struct Meanings {
  std::vector<std::string> program;  // name and arguments
  std::uint64_t generation = 0;
  std::int64_t elapsed_seconds = 0;
  // Nothing: no end is planned.
  std::optional<std::int64_t> remaining_seconds = {};
  // The content of a file in the working folder; nothing if it cannot be read.
  std::function<std::optional<std::string>(const std::string& name)> file = {};
};

// Errors: invalid (unknown or unclosed placeholder; what it asks for is not there).
Result<std::string> expand(std::string_view text, const Meanings& meanings);

// As a shell splits words: blanks between them, '…', "…" and \ keep them together; then each
// word is expanded, and a word that is {arguments} alone becomes all of them.
// Errors: as expand(); invalid (a quote that is not closed).
Result<std::vector<std::string>> expand_words(std::string_view text, const Meanings& meanings);

// The same without placeholders.
Result<std::vector<std::string>> split_words(std::string_view text);

// {pid} in a line for a shell, whose own braces all others are.
std::string with_pid(std::string line, std::int64_t pid);

// Whether the text uses this placeholder.
bool uses(std::string_view text, std::string_view placeholder);

}  // namespace cairn::wrap
