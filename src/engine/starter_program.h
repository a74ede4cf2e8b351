// Which program a starter is: the static cairn-starter beside this program (an eighth of its
// start-up time, and next to no memory of its own), else this program itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/descriptor.h"
#include "os/filesystem.h"

namespace cairn {

struct StarterProgram {
  Path program;
  std::vector<std::string> arguments;  // argv
  // Keeps the file that was found: an engine that runs for weeks starts no other version when
  // Cairn is installed anew.
  std::shared_ptr<const Descriptor> file{};

  static StarterProgram itself() { return {"/proc/self/exe", {"cairn", "starter"}}; }
  // cairn-starter in `folder`, in ../libexec/cairn from there, else itself().
  static StarterProgram find(const Path& folder);
  static StarterProgram find();  // beside this program
};

}  // namespace cairn
