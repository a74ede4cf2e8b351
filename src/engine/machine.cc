#include "engine/machine.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace cairn {
namespace {

// "Debian GNU/Linux" -> Debian, "Red Hat Enterprise Linux" -> RedHat.
std::string short_name(const std::string& name) {
  if (name.starts_with("Red Hat")) return "RedHat";
  return name.substr(0, name.find(' '));
}

std::int64_t gpus() {
  std::int64_t count = 0;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", failure)) {
    const std::string name = entry.path().filename();
    constexpr std::string_view kGpu = "nvidia";
    if (name.starts_with(kGpu) && parse_integer(name.substr(kGpu.size()))) ++count;
  }
  return count;
}

}  // namespace

MachineSystem this_system() {
  MachineSystem system;
  utsname names{};
  if (::uname(&names) == 0) {
    system.arch = names.machine;
    for (char& letter : system.arch)
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    if (system.arch == "AARCH64") system.arch = "aarch64";  // as HTCondor writes it
  }
  std::ifstream release("/etc/os-release");
  std::string name, version;
  for (std::string line; std::getline(release, line);) {
    const auto equals = std::min(line.find('='), line.size());
    std::string value = line.substr(std::min(equals + 1, line.size()));
    std::erase(value, '"');
    if (line.substr(0, equals) == "NAME") name = value;
    if (line.substr(0, equals) == "VERSION_ID") version = value;
  }
  const std::size_t dot = std::min(version.find('.'), version.size());
  const auto major = parse_integer(version.substr(0, dot));
  if (name.empty() || !major) return system;
  const auto minor = parse_integer(version.substr(std::min(dot + 1, version.size())));
  const std::string digits = cat(minor.value_or(0) % 100);
  system.name = short_name(name);
  system.long_name = cat(name, " ", version);
  system.major_version = version.substr(0, dot);
  system.version = cat(*major, digits.size() < 2 ? "0" : "", digits);
  return system;
}

Resources this_machine(const Path& folder) {
  Resources machine;
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) machine.cpus = CPU_COUNT(&allowed);
  machine.memory_mb = ::sysconf(_SC_PHYS_PAGES) / 1024 * ::sysconf(_SC_PAGESIZE) / 1024;
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) == 0)
    machine.disk_kb = static_cast<std::int64_t>(disk.f_bavail / 1024 * disk.f_frsize);
  return machine;
}

JobAd machine_ad(const Resources& machine, const std::string& host) {
  JobAd ad;
  ad.set_string("MyType", "Machine");
  ad.set_string("TargetType", "Job");
  ad.set_string("Machine", host);
  ad.set_string("Name", host);
  ad.set_string("FileSystemDomain", host);
  ad.set_string("UidDomain", host);
  const MachineSystem system = this_system();
  ad.set_string("Arch", system.arch);
  ad.set_string("OpSys", "LINUX");
  ad.set_string("OpSysLegacy", "LINUX");
  if (!system.name.empty()) {
    ad.set_string("OpSysName", system.name);
    ad.set_string("OpSysShortName", system.name);
    ad.set_string("OpSysLongName", system.long_name);
    ad.set_string("OpSysAndVer", system.name + system.major_version);
    ad.set("OpSysMajorVer", system.major_version);
    ad.set("OpSysVer", system.version);
  }
  utsname names{};
  if (::uname(&names) == 0) {
    ad.set_string("UtsnameMachine", names.machine);
    ad.set_string("UtsnameNodename", names.nodename);
    ad.set_string("UtsnameRelease", names.release);
    ad.set_string("UtsnameSysname", names.sysname);
    ad.set_string("UtsnameVersion", names.version);
  }
  for (const char* name : {"Cpus", "TotalCpus", "TotalSlotCpus", "DetectedCpus"})
    ad.set_integer(name, machine.cpus);
  for (const char* name : {"Memory", "TotalMemory", "TotalSlotMemory", "DetectedMemory"})
    ad.set_integer(name, machine.memory_mb);
  for (const char* name : {"Disk", "TotalDisk", "TotalSlotDisk"})
    ad.set_integer(name, machine.disk_kb);
  const std::int64_t graphics = gpus();
  for (const char* name : {"GPUs", "TotalGPUs", "DetectedGPUs"}) ad.set_integer(name, graphics);
  // What jobs of this version's submit files ask for, and Cairn does.
  for (const char* name : {"HasFileTransfer", "HasSelfCheckpointTransfers",
                           "HasTransferInputRemaps", "HasReconnect", "HasJICLocalStdin", "START"})
    ad.set_bool(name, true);
  ad.set_string("CondorVersion", "$CondorVersion: 23.9.6 2026-07-12 $");
  ad.set_string("State", "Unclaimed");
  ad.set_string("Activity", "Idle");
  return ad;
}

}  // namespace cairn
