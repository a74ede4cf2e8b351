// A home of its own for a program: a folder, which HOME names, and getpwuid(), too.
//
// Programs that keep their state below the home that getpwuid() names (John the Ripper) can be told
// no other place.  So the child gets a mount namespace of its own, in which another file lies over
// /etc/passwd; nobody else sees it.
#pragma once

#include <string>

#include "os/filesystem.h"

namespace cairn {

class PrivateHome {
 public:
  // Makes the folder, if it is not there, and writes into it what the program is to see as
  // /etc/passwd, under a name of this process.
  // Errors: invalid (a colon in the path, which /etc/passwd cannot have); what the file system
  // says.
  static Result<PrivateHome> make(FileSystem& files, const Path& folder);
  PrivateHome(PrivateHome&& other) noexcept;
  PrivateHome(const PrivateHome&) = delete;
  ~PrivateHome();  // what was written goes

  const Path& folder() const { return folder_; }  // absolute

  // In a child before execve; async-signal-safe.  0, or -1 with errno: EPERM without root and
  // without user namespaces.
  int enter() const;

 private:
  PrivateHome() = default;
  Path folder_;
  std::string passwd_;  // the file
  std::string uid_map_, gid_map_;
};

// The lines of a passwd file for a user whose home is to be this one.  Pure.
//   text  the file as it is; the user's own line keeps its name and shell
std::string with_home(const std::string& text, unsigned uid, unsigned gid, const std::string& home);

}  // namespace cairn
