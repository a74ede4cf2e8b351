#include "os/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/text.h"
#include "base/try.h"
#include "os/kernel_file.h"
#include "os/process.h"

namespace cairn {
namespace {

namespace stdfs = std::filesystem;

constexpr const char* kLeaf = "engine";
constexpr std::string_view kJobs = "job-";
constexpr std::int64_t kKilobyte = 1024;
constexpr auto kDeathTakesAtMost = std::chrono::seconds(10);

Status order(const Path& file, std::string_view what) {
  if (write_kernel_file(file.c_str(), what) == 0) return {};
  return system_error("write", file, errno);
}

std::vector<pid_t> processes_of(const Path& folder) {
  std::vector<pid_t> pids;
  for (const std::string& line : split_list(read_kernel_file(folder / "cgroup.procs"), '\n'))
    if (const auto pid = parse_integer(line)) pids.push_back(static_cast<pid_t>(*pid));
  return pids;
}

bool is_marked(const Path& folder) {
  for (const char* const name : {"trusted.delegate", "user.delegate"}) {
    char value = 0;
    if (::getxattr(folder.c_str(), name, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

bool may_write(const Path& path) { return ::access(path.c_str(), W_OK) == 0; }

CgroupFacts look_at(const CgroupPlace& place) {
  const Path& folder = place.folder;
  CgroupFacts facts;
  for (const std::string& name : split_list(read_kernel_file(folder / "cgroup.controllers"), ' '))
    facts.has_memory = facts.has_memory || name == "memory";
  facts.is_writable = may_write(folder) && may_write(folder / "cgroup.procs") &&
                      may_write(folder / "cgroup.subtree_control");
  facts.is_root = ::access((folder / "cgroup.type").c_str(), F_OK) != 0;
  facts.is_given = is_marked(folder);
  facts.begins_here =
      folder == place.mount || !may_write(folder.parent_path() / "cgroup.subtree_control");
  facts.processes = processes_of(folder);
  return facts;
}

std::string unescaped(std::string_view text) {  // "\040" is a blank
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 3 >= text.size()) {
      plain += text[at];
      continue;
    }
    int code = 0;
    for (int digit = 0; digit < 3; ++digit) code = code * 8 + (text[++at] - '0');
    plain += static_cast<char>(code);
  }
  return plain;
}

// Groups that the job made in its own go first.
Status remove_group(const Path& folder) {
  std::error_code failure;
  for (const auto& entry : stdfs::directory_iterator(folder, failure))
    if (entry.is_directory(failure)) CAIRN_CHECK(remove_group(entry.path()));
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return {};
  return system_error("remove", folder, errno);
}

bool is_populated(const Path& folder) {
  return cgroup_count(read_kernel_file(folder / "cgroup.events"), "populated") != 0;
}

// Kernels before 5.14 have no cgroup.kill: one after the other, until none is new.
void kill_each(const Path& folder) {
  std::error_code failure;
  for (const auto& entry : stdfs::directory_iterator(folder, failure))
    if (entry.is_directory(failure)) kill_each(entry.path());
  for (const pid_t pid : processes_of(folder)) ::kill(pid, SIGKILL);
}

Status kill_group(const Path& folder) {
  const auto deadline = std::chrono::steady_clock::now() + kDeathTakesAtMost;
  for (int wait_ms = 1; is_populated(folder); wait_ms = std::min(2 * wait_ms, 100)) {
    if (!order(folder / "cgroup.kill", "1")) kill_each(folder);
    if (std::chrono::steady_clock::now() > deadline)
      return Error{Errc::io,
                   cat("kill what is in ", folder.native(), ": still there after SIGKILL"), 0,
                   "they hang in the kernel, on a dead network file system perhaps"};
    // Its end is told as an exceptional condition of cgroup.events.
    const Descriptor events(::open((folder / "cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
    pollfd news{events.get(), POLLPRI, 0};
    if (is_populated(folder)) ::poll(&news, 1, wait_ms);
  }
  return {};
}

}  // namespace

// ---- where we are

// proc(5): "36 35 98:0 /root /mount options - type source", fields before the dash may be more.
std::optional<CgroupPlace> cgroup_place(std::string_view cgroup, std::string_view mountinfo) {
  constexpr std::string_view kUnified = "0::";
  std::optional<std::string> own;
  for (const std::string& line : split_list(cgroup, '\n'))
    if (line.starts_with(kUnified)) own = line.substr(kUnified.size());
  if (!own || !own->starts_with('/')) return {};
  for (const std::string& line : split_list(mountinfo, '\n')) {
    const auto dash = line.find(" - cgroup2 ");
    if (dash == std::string::npos) continue;
    const auto fields = split_list(std::string_view(line).substr(0, dash), ' ');
    if (fields.size() < 5) continue;
    const std::string root = unescaped(fields[3]);
    const Path mount = unescaped(fields[4]);
    if (*own == root) return CgroupPlace{mount, mount};
    const std::string above = root == "/" ? root : root + '/';
    if (own->starts_with(above)) return CgroupPlace{mount / own->substr(above.size()), mount};
  }
  return {};
}

Status may_make_groups(const CgroupFacts& facts, pid_t self) {
  const auto no = [](std::string why) { return Error{Errc::unsupported, std::move(why), 0, {}}; };
  if (!facts.has_memory) return no("the memory controller is not given to this control group");
  if (!facts.is_writable) return no("this control group may not be written to");
  // What is writable is not ours for that: root may write everywhere, systemd's user units may
  // write to what systemd looks after.
  if (facts.is_root || !(facts.is_given || facts.begins_here))
    return no("this control group is not delegated");
  if (facts.processes != std::vector<pid_t>{self})
    return no("other processes are in this control group");
  return {};
}

std::int64_t cgroup_count(std::string_view lines, std::string_view name) {
  for (const std::string& line : split_list(lines, '\n'))
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ')
      return parse_integer(trim(std::string_view(line).substr(name.size()))).value_or(0);
  return 0;
}

// ---- a job's

Result<Cgroup> Cgroup::make(const Path& folder, std::int64_t kb_max) {
  if (::mkdir(folder.c_str(), 0755) == -1) {
    if (errno != EEXIST) return system_error("make", folder, errno);
    CAIRN_CHECK(kill_group(folder));
  }
  if (kb_max > 0) {
    CAIRN_CHECK(order(folder / "memory.max", std::to_string(kb_max * kKilobyte)));
    // Where the kernel does not swap, the file is not there.
    static_cast<void>(order(folder / "memory.swap.max", "0").has_value());
  }
  // Half a job is of no use: if one of its processes must be killed, then all.
  CAIRN_CHECK(order(folder / "memory.oom.group", "1"));
  Descriptor entrance(::open((folder / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!entrance) return system_error("open", folder / "cgroup.procs", errno);
  return Cgroup(folder, std::move(entrance));
}

Cgroup::~Cgroup() {
  if (!entrance_) return;  // moved from
  // Nobody to tell; the engine tries again.
  if (kill()) static_cast<void>(remove_group(folder_).has_value());
}

// As HTCondor counts.  What the kernel may drop at any time, copies of files, is not the job's.
std::int64_t Cgroup::used_kb() const {
  const std::string stat = read_kernel_file(folder_ / "memory.stat");
  return (cgroup_count(stat, "anon") + cgroup_count(stat, "shmem")) / kKilobyte;
}

std::int64_t Cgroup::peak_kb() const {
  return parse_integer(trim(read_kernel_file(folder_ / "memory.peak"))).value_or(0) / kKilobyte;
}

// oom_kill alone is the machine's want.
bool Cgroup::was_over_limit() const {
  const std::string events = read_kernel_file(folder_ / "memory.events");
  return cgroup_count(events, "oom") > 0 && cgroup_count(events, "oom_kill") > 0;
}

Status Cgroup::kill() const { return kill_group(folder_); }

// ---- ours

Result<CgroupTree> CgroupTree::enter() {
  const auto place =
      cgroup_place(read_proc(::getpid(), "cgroup"), read_proc(::getpid(), "mountinfo"));
  if (!place) return Error{Errc::unsupported, "there is no cgroup v2 here", 0, {}};
  return enter(*place, look_at(*place));
}

Result<CgroupTree> CgroupTree::enter(const CgroupPlace& place, const CgroupFacts& facts) {
  CAIRN_CHECK(may_make_groups(facts, ::getpid()));
  const Path leaf = place.folder / kLeaf;
  const std::string self = std::to_string(::getpid());
  if (::mkdir(leaf.c_str(), 0755) == -1 && errno != EEXIST)
    return system_error("make", leaf, errno);
  CAIRN_CHECK(order(leaf / "cgroup.procs", self));
  if (auto given = order(place.folder / "cgroup.subtree_control", "+memory"); !given) {
    if (order(place.folder / "cgroup.procs", self)) ::rmdir(leaf.c_str());
    return std::move(given).error();
  }
  CgroupTree tree(place.folder);
  std::error_code failure;
  for (const auto& entry : stdfs::directory_iterator(place.folder, failure))
    if (entry.path().filename().native().starts_with(kJobs))
      static_cast<void>(tree.end(entry.path()).has_value());  // it may hang in the kernel
  return tree;
}

Status CgroupTree::end(const Path& group) const {
  if (::access(group.c_str(), F_OK) != 0) return {};
  CAIRN_CHECK(kill_group(group));
  static_cast<void>(remove_group(group).has_value());  // an empty one does no harm
  return {};
}

}  // namespace cairn
