// A pretended machine: what a program finds there beside its sandbox.
//
// On Linux with user namespaces (or as root) a program sees its own, at first empty /tmp,
// /var/tmp, /dev/shm and home, another host name, its sandbox at the path we choose, and
// everything else read-only.  Without namespaces only TMPDIR and HOME can lead it there:
// Isolation says what is missing.
//
// The program gets a root of its own: a small file system in memory with the folders of the real
// root bound into it.  So the sandbox may be seen at a path that is nowhere on the host, and the
// machine's folders on the host hold nothing but what the program wrote.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/result.h"
#include "os/filesystem.h"

namespace cairn::verify {

// The parts of a machine's folder.
inline constexpr const char* kSandboxPart = "sandbox";
inline constexpr const char* kTmpPart = "tmp";
inline constexpr const char* kVarTmpPart = "var_tmp";
inline constexpr const char* kShmPart = "shm";
inline constexpr const char* kHomePart = "home";

// A name in the sandbox as one in the machine's folder: "state.dat" is "sandbox/state.dat"; and
// the other way round, nothing if it is not in the sandbox.
std::string in_sandbox(std::string_view name);
std::optional<std::string> name_in_sandbox(std::string_view part);
// As it is to be said: "sandbox/state.dat" is "state.dat", "tmp/x" is "/tmp/x".
std::string seen_name(const std::string& part);

struct Machine {
  Path folder;  // of the host, absolute: holds the parts above
  // Where the program sees <folder>/sandbox: the same, or a path that is nowhere else, such as
  // /execute/dir_17.  Where some of the folders above it exist on the host, what else is in the
  // last of them is hidden; below /tmp the program sees the folders that lead to it.
  Path sandbox_path;
  std::string host_name;
  // Folders of the host that the program must not find: the scratch folder, the submit folder.
  // `folder` always is one of them, and so is all below /tmp, /var/tmp, /dev/shm and home.
  std::vector<Path> hidden{};

  Path sandbox() const { return folder / kSandboxPart; }
};

// What a program's namespaces can do here, found out once by trying.
struct Isolation {
  bool mounts = false;  // private folders, read-only rest, sandbox_path
  bool host_name = false;
  bool home = false;    // hidden too; not if the program or its interpreter lives there
  std::string missing;  // one sentence, empty if nothing is

  // How: for Entry.
  bool user_namespace = false;  // we are not root
  bool read_only = false;       // the rest is
  std::vector<Path> needed;     // shown, read-only, where they would be hidden
};

//   needed  paths that must stay visible: the program, and what its environment points to
Isolation find_isolation(const std::vector<Path>& needed);

// Where the program sees the machine's files.
class View {
 public:
  View(const Machine& machine, const Isolation& isolation);

  // The name, relative to the machine's folder, of what the program sees at `path` (absolute,
  // normal): "/tmp/x" is "tmp/x".  None: not a file of the machine.
  std::optional<std::string> name_of(std::string_view path) const;
  // The other way round.
  Path path_of(std::string_view name) const;

 private:
  Path folder_;
  std::vector<std::pair<std::string, std::string>> places_;  // path, name; the longest path first
  std::vector<std::string> foreign_;                         // paths in them that are not ours
};

// What the child does between fork and exec, made before: no allocation in it.
class Entry {
 public:
  // Errors: io.  The folders of `machine` that are missing are made.
  static Result<Entry> prepare(const Machine& machine, const Isolation& isolation);
  // Into no other machine than this one.
  static Entry none();
  Entry(Entry&&) noexcept;
  Entry& operator=(Entry&&) noexcept;
  ~Entry();

  // In the child: enters the machine.  Returns 0, or the errno of what failed (what: its name).
  int enter(const char** what) const;

  // What prepare() had to make in the machine's folder for something to be mounted on, by name,
  // the deepest first: no file of the program's.
  const std::vector<std::string>& scaffold() const;
  // Removes it, where the program has put nothing into it.
  void remove_scaffold() const;

 private:
  struct Plan;
  explicit Entry(std::unique_ptr<Plan> plan);
  std::unique_ptr<Plan> plan_;
};

}  // namespace cairn::verify
