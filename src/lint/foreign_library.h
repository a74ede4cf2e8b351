// Shared libraries that a compiled program will not find where the job runs.
#pragma once

#include <string>
#include <vector>

#include "lint/job.h"
#include "lint/program.h"

namespace cairn::lint {

struct ForeignLibrary {
  std::string name;
  std::string path;         // here; empty: in no folder that the program names
  bool goes_along = false;  // but the program does not look beside itself
};

// Of those that it needs by itself; those that its libraries need are not looked at.
std::vector<ForeignLibrary> foreign_libraries(const Job& job, const Program& program);

// Whether it looks in its own folder ($ORIGIN).
bool looks_beside(const Program& program);

}  // namespace cairn::lint
