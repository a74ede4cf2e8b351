// The submit commands, and the job attributes of those that are one attribute each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"

namespace cairn {

enum class ValueKind : std::uint8_t {
  text,
  unquoted,
  list,
  log_file,
  expression,
  boolean,
  integer
};

// `log = FILE` is `UserLog = "FILE"`: each also goes by its attribute's name.
struct SimpleCommand {
  std::string_view name, attribute;
  ValueKind kind;
};
std::span<const SimpleCommand> simple_commands();

// A command that Cairn knows, in the spelling of the manual; also by another name that
// HTCondor has for it (args, JobPrio).
std::optional<std::string_view> known_command(std::string_view name);

// Commands of HTCondor's for what Cairn does not do; the sentence says what that is.
struct RefusedCommand {
  std::string_view name, why;
};
std::span<const RefusedCommand> refused_commands();

// What steers the reading of the file itself: submit_warn_empty_matches and its like.
bool is_setting(std::string_view name);

// A command with its arguments, as after `include command :`.
// Errors: invalid (a quote without its other half).
Result<std::vector<std::string>> unquote_command(std::string_view text);

}  // namespace cairn
