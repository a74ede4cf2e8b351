#include "os/memory_use.h"

#include <sys/types.h>
#include <unistd.h>

#include <string>

#include "base/text.h"
#include "os/process.h"

namespace cairn {
namespace {

constexpr std::int64_t kKilobyte = 1024;

// proc(5), statm: the whole, then the resident pages.
std::int64_t resident_kb(pid_t pid) {
  static const std::int64_t page_kb = ::sysconf(_SC_PAGESIZE) / kKilobyte;
  const std::string pages = read_proc(pid, "statm");
  const auto begin = pages.find(' ') + 1;
  return parse_integer(pages.substr(begin, pages.find(' ', begin) - begin)).value_or(0) * page_kb;
}

std::int64_t shared_kb(pid_t pid) {
  constexpr std::string_view kName = "\nPss:";
  const std::string lines = read_proc(pid, "smaps_rollup");
  const auto name = lines.find(kName);
  if (name == std::string::npos) return resident_kb(pid);
  const auto begin = lines.find_first_not_of(' ', name + kName.size());
  return parse_integer(lines.substr(begin, lines.find(' ', begin) - begin)).value_or(0);
}

}  // namespace

MemoryUse memory_of_descendants(MemoryCount count) {
  MemoryUse use;
  for (const pid_t pid : descendants()) {
    use.kb += count == MemoryCount::resident ? resident_kb(pid) : shared_kb(pid);
    ++use.processes;
  }
  return use;
}

}  // namespace cairn
