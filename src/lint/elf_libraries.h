// The shared libraries that a compiled program asks for when it is started.
#pragma once

#include <string>
#include <vector>

namespace cairn::lint {

struct ElfLibraries {
  std::vector<std::string> needed;   // "libm.so.6"
  std::vector<std::string> folders;  // searched first: "$ORIGIN", "/opt/lib"
};

// Of the bytes of an ELF file.  Empty for a static program, and for what is damaged or cut off.
ElfLibraries read_elf_libraries(std::string bytes);

}  // namespace cairn::lint
