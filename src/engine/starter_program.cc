#include "engine/starter_program.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"

namespace cairn {

StarterProgram StarterProgram::find(const Path& folder) {
  for (const char* const name : {"cairn-starter", "../libexec/cairn/cairn-starter"}) {
    const Path path = folder / name;
    auto file = std::make_shared<const Descriptor>(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!*file || ::access(path.c_str(), X_OK) != 0) continue;
    // In the child it is the same number until execve() is through.
    Path program = cat("/proc/self/fd/", file->get());
    return {std::move(program), {"cairn-starter"}, std::move(file)};
  }
  return itself();
}

StarterProgram StarterProgram::find() {
  std::error_code unknown;
  const Path self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  return unknown ? itself() : find(self.parent_path());
}

}  // namespace cairn
