#include "verify/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "base/try.h"
#include "os/descriptor.h"
#include "os/kernel_file.h"
#include "verify/mount_plan.h"

namespace cairn::verify {
namespace {

Status make_parts(const Machine& machine) {
  struct Part {
    const char* name;
    mode_t mode;
  };
  std::error_code failed;
  std::filesystem::create_directories(machine.folder, failed);
  if (failed) return system_error("make folder", machine.folder, failed.value());
  for (const auto [name, mode] :
       {Part{kSandboxPart, 0755}, Part{kTmpPart, 01777}, Part{kVarTmpPart, 01777},
        Part{kShmPart, 01777}, Part{kHomePart, 0755}}) {
    const Path part = machine.folder / name;
    if (::mkdir(part.c_str(), mode) == 0)
      ::chmod(part.c_str(), mode);  // without regard to the umask
    else if (errno != EEXIST)
      return system_error("make folder", part, errno);
  }
  return {};
}

// --- the child's side: system calls only --------------------------------------

struct MountAttributes {  // struct mount_attr, which older headers have not
  std::uint64_t set = 1;  // MOUNT_ATTR_RDONLY
  std::uint64_t clear = 0, propagation = 0, namespace_fd = 0;
};
#ifdef SYS_mount_setattr
constexpr long kMountSetattr = SYS_mount_setattr;
#else
constexpr long kMountSetattr = 442;  // of every architecture
#endif
constexpr unsigned kRecursive = 0x8000;  // AT_RECURSIVE

const char* name_of(MountStep::Op op) {
  switch (op) {
    case MountStep::cover:
      return "mount a file system in memory";
    case MountStep::lock:
      return "make the rest read-only (mount_setattr)";
    case MountStep::bind:
    case MountStep::bind_if_able:
      return "bind a folder into the new root";
    default:
      return "make the new root";
  }
}

int lock(const char* path) {
  const MountAttributes read_only;
  return static_cast<int>(
      ::syscall(kMountSetattr, -1, path, kRecursive, &read_only, sizeof read_only));
}

int make_file(const char* path) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  return fd == -1 ? -1 : ::close(fd);
}

int perform(const MountStep& step) {
  const char* const source = step.source.c_str();
  const char* const target = step.target.c_str();
  switch (step.op) {
    case MountStep::make_folder:
      return ::mkdir(target, 0755);
    case MountStep::make_file:
      return make_file(target);
    case MountStep::make_link:
      return ::symlink(source, target);
    case MountStep::bind:
      return ::mount(source, target, nullptr, MS_BIND | MS_REC, nullptr);
    case MountStep::bind_if_able:
      ::mount(source, target, nullptr, MS_BIND | MS_REC, nullptr);
      return 0;
    case MountStep::cover:
      return ::mount("none", target, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
    case MountStep::lock:
      return lock(target);
  }
  return 0;
}

long pivot(const char* new_root, const char* old_root) {
  return ::syscall(SYS_pivot_root, new_root, old_root);
}

// From the root of the host into one in memory that has the old one at kOld.
int leave_root() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return -1;
  if (::mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) return -1;
  if (::mkdir("/tmp/old", 0755) != 0 || ::mkdir("/tmp/new", 0755) != 0) return -1;
  if (pivot("/tmp", "/tmp/old") != 0 || ::chdir("/") != 0) return -1;
  return ::mount("none", kNew, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
}

// Into the new one; what was before is gone.
int enter_root() {
  if (::chdir(kNew) != 0 || pivot(".", ".") != 0) return -1;
  return ::umount2(".", MNT_DETACH) != 0 ? -1 : ::chdir("/");
}
}  // namespace

// --- names ---------------------------------------------------------------------

std::string in_sandbox(std::string_view name) { return cat(kSandboxPart, "/", std::string(name)); }

std::optional<std::string> name_in_sandbox(std::string_view part) {
  const std::string above = in_sandbox("");
  if (!part.starts_with(above)) return {};
  return std::string(part.substr(above.size()));
}

std::string seen_name(const std::string& part) {
  if (part == kSandboxPart) return "the working folder";
  if (auto name = name_in_sandbox(part)) return *std::move(name);
  if (part.starts_with("var_tmp/")) return cat("/var/tmp/", part.substr(8));
  if (part.starts_with("shm/")) return cat("/dev/shm/", part.substr(4));
  if (part.starts_with("home/")) return cat("~/", part.substr(5));
  return cat("/", part);
}

// --- View ----------------------------------------------------------------------

View::View(const Machine& machine, const Isolation& isolation)
    : folder_(machine.folder.lexically_normal()) {
  if (!isolation.mounts) {
    places_.emplace_back(folder_.native(), "");
    return;
  }
  places_.emplace_back(machine.sandbox_path.lexically_normal().native(), kSandboxPart);
  for (const auto& [path, part] : private_folders(isolation.home)) places_.emplace_back(path, part);
  std::stable_sort(places_.begin(), places_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  for (const Path& path : isolation.needed)
    if (const auto real = real_path(path)) foreign_.push_back(*real);
}

std::optional<std::string> View::name_of(std::string_view path) const {
  for (const auto& [place, name] : places_) {
    if (!is_at_or_below(path, place)) continue;
    for (const std::string& other : foreign_)
      if (is_at_or_below(path, other) && is_below(other, place)) return {};
    std::string result = name;
    if (path.size() > place.size()) result += path.substr(place.size());
    if (name.empty() && !result.empty()) result.erase(0, 1);
    return result;
  }
  return {};
}

Path View::path_of(std::string_view name) const {
  for (const auto& [place, part] : places_)
    if (name == part)
      return place;
    else if (part.empty() || is_below(name, part))
      return Path(place) / name.substr(part.empty() ? 0 : part.size() + 1);
  return folder_ / name;
}

// --- Entry ---------------------------------------------------------------------

struct Entry::Plan {
  Path folder;
  bool mounts = false, user_namespace = false;
  std::string host_name;  // empty: as it is
  std::string uid_map, gid_map;
  MountPlan in_it;
};

Entry::Entry(std::unique_ptr<Plan> plan) : plan_(std::move(plan)) {}
Entry::Entry(Entry&&) noexcept = default;
Entry& Entry::operator=(Entry&&) noexcept = default;
Entry::~Entry() = default;

Result<Entry> Entry::prepare(const Machine& machine, const Isolation& isolation) {
  CAIRN_CHECK(make_parts(machine));
  auto plan = std::make_unique<Plan>();
  plan->folder = machine.folder;
  plan->mounts = isolation.mounts;
  if (isolation.host_name) plan->host_name = machine.host_name;
  plan->user_namespace = isolation.user_namespace;
  plan->uid_map = cat(::geteuid(), ' ', ::geteuid(), " 1");
  plan->gid_map = cat(::getegid(), ' ', ::getegid(), " 1");
  if (isolation.mounts) {
    CAIRN_TRY(plan->in_it, plan_mounts(machine, isolation));
  }
  return Entry(std::move(plan));
}

Entry Entry::none() { return Entry(std::make_unique<Plan>()); }

int Entry::enter(const char** what) const {
  const auto failed = [what](const char* name) {
    *what = name;
    return errno;
  };
  const int spaces =
      (plan_->mounts ? CLONE_NEWNS : 0) | (plan_->host_name.empty() ? 0 : CLONE_NEWUTS);
  if (spaces == 0) return 0;
  if (::unshare(spaces | (plan_->user_namespace ? CLONE_NEWUSER : 0)) != 0)
    return failed("make a namespace");
  if (plan_->user_namespace) {
    if (write_kernel_file("/proc/self/setgroups", "deny") != 0 && errno != ENOENT)
      return failed("give up groups");
    if (write_kernel_file("/proc/self/uid_map", plan_->uid_map) != 0 ||
        write_kernel_file("/proc/self/gid_map", plan_->gid_map) != 0)
      return failed("map the user");
  }
  if (plan_->mounts) {
    if (leave_root() != 0) return failed("leave the root (pivot_root)");
    for (const MountStep& step : plan_->in_it.steps)
      if (perform(step) != 0) return failed(name_of(step.op));
    if (enter_root() != 0) return failed("enter the new root (pivot_root)");
  }
  if (!plan_->host_name.empty() &&
      ::sethostname(plan_->host_name.data(), plan_->host_name.size()) != 0)
    return failed("set the host name");
  return 0;
}

const std::vector<std::string>& Entry::scaffold() const { return plan_->in_it.scaffold; }

void Entry::remove_scaffold() const {
  for (const std::string& name : plan_->in_it.scaffold) {
    std::error_code not_empty;
    std::filesystem::remove(plan_->folder / name, not_empty);
  }
}

// --- what can be done here -----------------------------------------------------

namespace {

struct Refusal {
  int sys_errno = 0;  // 0: none
  std::string what;
};

// Enters a machine in a child that then ends.
Refusal try_out(const Isolation& isolation) {
  std::string folder = (std::filesystem::temp_directory_path() / "cairn-try-XXXXXX").native();
  if (::mkdtemp(folder.data()) == nullptr) return {errno, "make folder " + folder};
  const Machine machine{folder, "/execute/try", "try"};
  Refusal refusal;
  if (auto entry = Entry::prepare(machine, isolation)) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return {errno, "make a pipe"};
    const Descriptor from(ends[0]);
    Descriptor to(ends[1]);
    struct Word {
      int sys_errno;
      const char* what;  // the child's memory is a copy of ours: it means the same here
    } word{0, nullptr};
    const pid_t child = ::fork();
    if (child == 0) {
      word.sys_errno = entry->enter(&word.what);
      ::_exit(::write(to.get(), &word, sizeof word) == sizeof word ? 0 : 1);
    }
    to.reset();
    const bool told = child != -1 && retry_interrupted([&] {
                                       return ::read(from.get(), &word, sizeof word);
                                     }) == sizeof word;
    if (child != -1) retry_interrupted([&] { return ::waitpid(child, nullptr, 0); });
    if (!told)
      refusal = {EAGAIN, "start a process"};
    else if (word.sys_errno != 0)
      refusal = {word.sys_errno, word.what};
    entry->remove_scaffold();
  } else {
    refusal = {entry.error().sys_errno, entry.error().message};
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return refusal;
}

Isolation full(bool user_namespace, bool read_only) {
  Isolation isolation;
  isolation.mounts = isolation.host_name = true;
  isolation.user_namespace = user_namespace;
  isolation.read_only = read_only;
  return isolation;
}

std::string why(const Refusal& refusal) {
  std::string text = cat("could not ", refusal.what, ": ", std::strerror(refusal.sys_errno));
  if (refusal.sys_errno == EPERM || refusal.sys_errno == ENOSPC || refusal.sys_errno == EACCES)
    text += "; user namespaces may be switched off here";
  return text;
}

}  // namespace

Isolation find_isolation(const std::vector<Path>& needed) {
  Refusal refusal{EPERM, "make a namespace"};
  for (const bool read_only : {true, false}) {
    for (const bool user_namespace : {false, true}) {
      if (!user_namespace && ::geteuid() != 0) continue;
      Isolation isolation = full(user_namespace, read_only);
      const Refusal now = try_out(isolation);
      if (now.sys_errno != 0) {
        if (read_only) refusal = now;  // the first reason is the one that counts
        continue;
      }
      isolation.needed = needed;
      if (!read_only)
        isolation.missing = "Folders beside the sandbox are not read-only: " + why(refusal) + ".";
      const auto home = home_folder();
      const auto in_home = std::find_if(needed.begin(), needed.end(), [&](const Path& path) {
        return home && (is_at_or_below(path.lexically_normal().native(), *home) ||
                        is_at_or_below(real_path(path).value_or(""), *home));
      });
      isolation.home = in_home == needed.end();
      if (!isolation.home) {
        if (!isolation.missing.empty()) isolation.missing += ' ';
        isolation.missing +=
            "The home folder is not hidden: " + in_home->native() + " is needed and lies there.";
      }
      return isolation;
    }
  }
  Isolation none;
  none.needed = needed;
  none.missing =
      "Programs run without a mount namespace, so they see the real /tmp, home and host name: " +
      why(refusal) + ".";
  return none;
}

}  // namespace cairn::verify
