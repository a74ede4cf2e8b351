// What is mounted where in a machine, worked out before the fork; and what is hidden there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "verify/machine.h"

namespace cairn::verify {

// Of paths without "." and "..".
bool is_below(std::string_view path, std::string_view folder);
bool is_at_or_below(std::string_view path, std::string_view folder);
std::optional<std::string> real_path(const Path& path);

// A folder in whose place the program finds a part of the machine.
struct PrivateFolder {
  std::string path;  // canonical
  std::string part;
};
// Each once, folders before what is in them.
std::vector<PrivateFolder> private_folders(bool with_home);
std::optional<std::string> home_folder();

// Where the old root and the new one stand while the child moves from one to the other.
inline constexpr const char* kOld = "/old";
inline constexpr const char* kNew = "/new";

struct MountStep {
  enum Op {
    make_folder,
    make_file,
    make_link,
    bind,          // with all that is mounted below
    bind_if_able,  // the rest of the machine can do without it
    cover,         // with an empty file system
    lock,          // make read-only, with all that is mounted below
  } op;
  std::string source, target;
};

// What makes this name of the root in the new one.  Nothing: it is neither folder, file nor link,
// or is gone: in the root, too, names come and go.
std::optional<MountStep> step_for(const std::string& path);

struct MountPlan {
  std::vector<MountStep> steps;
  std::vector<std::string> scaffold;  // see Entry
};
// Errors: io.
Result<MountPlan> plan_mounts(const Machine& machine, const Isolation& isolation);

}  // namespace cairn::verify
