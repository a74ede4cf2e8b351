// The machine that jobs run on, as it is told to them: cores, memory, disk, system.
#pragma once

#include <cstdint>
#include <string>

#include "engine/waiting.h"
#include "job/job_ad.h"
#include "os/filesystem.h"

namespace cairn {

struct MachineSystem {
  std::string arch = "X86_64";
  // Of "Debian GNU/Linux", 12: as HTCondor names them.  Empty: not known.
  std::string name, long_name, major_version, version;
};

// From uname and /etc/os-release.
MachineSystem this_system();

// What this machine has: cores that we may use, memory, room on the disk of `folder`.
Resources this_machine(const Path& folder);

// Its ad, with the names that HTCondor gives these things.
//   machine  what is there to be divided
JobAd machine_ad(const Resources& machine, const std::string& host);

}  // namespace cairn
