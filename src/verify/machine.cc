#include "verify/machine.h"

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/text.h"
#include "base/try.h"
#include "os/descriptor.h"

namespace cairn::verify {
namespace {

// --- which folders are hidden -------------------------------------------------

struct PrivateFolder {
  std::string path;  // canonical
  std::string part;
};

std::optional<std::string> real_path(const Path& path) {
  std::error_code failed;
  Path real = std::filesystem::canonical(path, failed);
  if (failed) return {};
  return real.native();
}

bool is_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return path != "/";
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}
bool is_at_or_below(std::string_view path, std::string_view folder) {
  return path == folder || is_below(path, folder);
}

bool is_in_one_of(const std::vector<std::string>& folders, std::string_view path) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](const std::string& folder) { return is_at_or_below(path, folder); });
}

std::optional<std::string> home_folder() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> text{};
  ::getpwuid_r(::geteuid(), &entry, text.data(), text.size(), &found);
  if (found == nullptr || entry.pw_dir == nullptr || entry.pw_dir[0] != '/') return {};
  const auto home = real_path(entry.pw_dir);
  if (!home || *home == "/" || !std::filesystem::is_directory(*home)) return {};
  return home;
}

// Each once, folders before what is in them.
std::vector<PrivateFolder> private_folders(bool with_home) {
  std::vector<PrivateFolder> folders;
  const auto add = [&](const std::optional<std::string>& path, const char* part) {
    const auto same = [&](const PrivateFolder& folder) { return folder.path == *path; };
    if (path && std::none_of(folders.begin(), folders.end(), same))
      folders.push_back({*path, part});
  };
  add(real_path("/tmp"), kTmpPart);
  add(real_path("/var/tmp"), kVarTmpPart);
  add(real_path("/dev/shm"), kShmPart);
  if (with_home) add(home_folder(), kHomePart);
  std::stable_sort(folders.begin(), folders.end(),
                   [](const auto& a, const auto& b) { return a.path.size() < b.path.size(); });
  return folders;
}

// --- the plan of a machine ----------------------------------------------------

// Where the old root and the new one stand while the child moves from one to the other.
constexpr const char* kOld = "/old";
constexpr const char* kNew = "/new";

struct Step {
  enum Op {
    make_folder,
    make_file,
    make_link,
    bind,          // with all that is mounted below
    bind_if_able,  // the rest of the machine can do without it
    cover,         // with an empty file system
    lock,          // make read-only, with all that is mounted below
  } op;
  std::string source, target;
};

const char* name_of(Step::Op op) {
  switch (op) {
    case Step::cover:
      return "mount a file system in memory";
    case Step::lock:
      return "make the rest read-only (mount_setattr)";
    case Step::bind:
    case Step::bind_if_able:
      return "bind a folder into the new root";
    default:
      return "make the new root";
  }
}

// Works out the steps.  It knows what the program's tree will look like: regions, each of which
// is the root in memory, a cover in memory, a private folder, or what the host has there.
class Planner {
 public:
  Planner(const Machine& machine, const Isolation& isolation)
      : machine_(machine), isolation_(isolation) {}

  Result<std::vector<Step>> plan();
  std::vector<std::string> scaffold() const {
    return {made_on_host_.rbegin(), made_on_host_.rend()};
  }

 private:
  struct Region {
    enum Kind { memory, machine, host } kind;
    std::string path;  // as the program sees it
    Path folder;       // of the machine, on the host
  };

  void plan_top();
  void plan_covers();
  Status plan_shown();
  const Region& region_of(const std::string& path) const;
  Status mount_point(const std::string& path, bool folder);
  Status mount_point_in_memory(const Region& region, const std::string& path, bool folder);
  Status mount_point_in_machine(const Region& region, const std::string& path, bool folder);
  std::vector<std::string> hidden() const;
  struct Shown {
    std::string path, source;
  };
  std::vector<Shown> shown() const;
  bool holds_private(const std::string& path) const;
  void add(Step::Op op, const std::string& target, const std::string& source = {}) {
    steps_.push_back({op, source.empty() ? source : kOld + source, kNew + target});
  }

  const Machine& machine_;
  const Isolation& isolation_;
  std::vector<PrivateFolder> private_ = private_folders(isolation_.home);
  std::vector<Region> regions_;
  std::vector<Step> steps_, late_;
  std::set<std::string> made_;             // in memory
  std::vector<std::string> made_on_host_;  // relative to the machine's folder
};

// The names in the root, as links, folders and files.  /proc and /dev come later: they stay
// writable.
void Planner::plan_top() {
  regions_.push_back({Region::memory, "/", {}});
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/", ignored)) {
    const std::string path = entry.path().native();
    if (entry.is_symlink(ignored)) {
      // As it is written: the link leads to the same place in the new root.
      steps_.push_back(
          {Step::make_link, std::filesystem::read_symlink(path, ignored).native(), kNew + path});
      regions_.push_back({Region::host, path, {}});  // what lies below it is found
      continue;
    }
    const bool folder = entry.is_directory(ignored);
    if (!folder && !entry.is_regular_file(ignored)) continue;
    add(folder ? Step::make_folder : Step::make_file, path);
    made_.insert(path);
    regions_.push_back({Region::host, path, {}});
    if (path != "/proc" && path != "/dev") add(Step::bind_if_able, path, path);
  }
}

const Planner::Region& Planner::region_of(const std::string& path) const {
  const Region* deepest = &regions_.front();
  for (const Region& region : regions_)
    if (is_at_or_below(path, region.path) && region.path.size() >= deepest->path.size())
      deepest = &region;
  return *deepest;
}

bool Planner::holds_private(const std::string& path) const {
  return std::any_of(private_.begin(), private_.end(),
                     [&](const auto& folder) { return is_at_or_below(folder.path, path); });
}

// What must not be found, canonical, the outermost folders.  What is needed itself is found.
std::vector<std::string> Planner::hidden() const {
  const auto& needed = isolation_.needed;
  std::vector<std::string> paths;
  const auto add_path = [&](const Path& path) {
    const auto real = real_path(path);
    if (real && std::find(needed.begin(), needed.end(), Path(*real)) == needed.end())
      paths.push_back(*real);
  };
  for (const Path& path : machine_.hidden) add_path(path);
  add_path(machine_.folder);
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> outermost;
  for (const std::string& path : paths)
    if (!is_in_one_of(outermost, path)) outermost.push_back(path);
  return outermost;
}

// What must be found, at its own name and at the one it was given, without what is found with
// another.  One that holds a private folder would undo it.
std::vector<Planner::Shown> Planner::shown() const {
  std::vector<Shown> all;
  for (const Path& given : isolation_.needed) {
    const auto real = real_path(given);
    if (!real) continue;
    for (const std::string& path : {*real, given.lexically_normal().native()})
      if (path.starts_with('/') && !holds_private(path)) all.push_back({path, *real});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  std::vector<Shown> outermost;
  std::vector<std::string> paths;
  for (const Shown& one : all) {
    if (is_in_one_of(paths, one.path)) continue;
    paths.push_back(one.path);
    outermost.push_back(one);
  }
  return outermost;
}

// Makes sure that something can be mounted at `path`.
Status Planner::mount_point(const std::string& path, bool folder) {
  const Region region = region_of(folder_of(path).native());
  if (region.kind == Region::memory) return mount_point_in_memory(region, path, folder);
  if (region.kind == Region::machine) return mount_point_in_machine(region, path, folder);
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) == folder) return {};
  // Nothing can be made in a folder of the host: it is covered.
  std::string above = folder_of(path).native();
  while (::lstat(above.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    above = folder_of(above).native();
  add(Step::cover, above);
  regions_.push_back({Region::memory, above, {}});
  return mount_point(path, folder);
}

Status Planner::mount_point_in_memory(const Region& region, const std::string& path, bool folder) {
  const std::string above = folder_of(path).native();
  if (above.size() > region.path.size()) CAIRN_CHECK(mount_point_in_memory(region, above, true));
  if (made_.insert(path).second) add(folder ? Step::make_folder : Step::make_file, path);
  return {};
}

Status Planner::mount_point_in_machine(const Region& region, const std::string& path, bool folder) {
  const std::string above = folder_of(path).native();
  if (above.size() > region.path.size()) CAIRN_CHECK(mount_point_in_machine(region, above, true));
  const Path point = region.folder / Path(path).lexically_relative(region.path);
  const int made =
      folder ? ::mkdir(point.c_str(), 0755) : ::mknod(point.c_str(), S_IFREG | 0644, 0);
  if (made == -1 && errno != EEXIST) return system_error("make", point, errno);
  if (made == 0) made_on_host_.push_back(point.lexically_relative(machine_.folder).native());
  return {};
}

void Planner::plan_covers() {
  for (const std::string& path : hidden()) {
    if (region_of(path).kind != Region::host) continue;
    add(Step::cover, path);
    regions_.push_back({Region::memory, path, {}});
  }
}

Status Planner::plan_shown() {
  for (const auto& [path, source] : shown()) {
    if (region_of(path).kind == Region::host) continue;
    CAIRN_CHECK(mount_point(path, std::filesystem::is_directory(source)));
    late_.push_back({Step::bind, kOld + source, kNew + path});
    late_.push_back({Step::lock, {}, kNew + path});
    for (const std::string& secret : hidden())
      if (is_below(secret, path)) late_.push_back({Step::cover, {}, kNew + secret});
  }
  return {};
}

// The order: what is in memory is made before the lock, what the program may write is bound after.
Result<std::vector<Step>> Planner::plan() {
  plan_top();
  for (const auto& [path, part] : private_)
    regions_.push_back({Region::machine, path, machine_.folder / part});
  plan_covers();
  for (const auto& [path, part] : private_) {
    CAIRN_CHECK(mount_point(path, true));
    late_.push_back({Step::bind, kOld + (machine_.folder / part).native(), kNew + path});
  }
  CAIRN_CHECK(plan_shown());
  const std::string sandbox = machine_.sandbox_path.lexically_normal().native();
  CAIRN_CHECK(mount_point(sandbox, true));
  late_.push_back({Step::bind, kOld + machine_.sandbox().native(), kNew + sandbox});
  if (isolation_.read_only) add(Step::lock, "");
  add(Step::bind, "/proc", "/proc");
  add(Step::bind, "/dev", "/dev");
  for (Step& step : late_)
    if (step.op != Step::lock || isolation_.read_only) steps_.push_back(std::move(step));
  return std::move(steps_);
}

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

int lock(const char* path) {
  const MountAttributes read_only;
  return static_cast<int>(
      ::syscall(kMountSetattr, -1, path, kRecursive, &read_only, sizeof read_only));
}

int make_file(const char* path) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  return fd == -1 ? -1 : ::close(fd);
}

int perform(const Step& step) {
  const char* const source = step.source.c_str();
  const char* const target = step.target.c_str();
  switch (step.op) {
    case Step::make_folder:
      return ::mkdir(target, 0755);
    case Step::make_file:
      return make_file(target);
    case Step::make_link:
      return ::symlink(source, target);
    case Step::bind:
      return ::mount(source, target, nullptr, MS_BIND | MS_REC, nullptr);
    case Step::bind_if_able:
      ::mount(source, target, nullptr, MS_BIND | MS_REC, nullptr);
      return 0;
    case Step::cover:
      return ::mount("none", target, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
    case Step::lock:
      return lock(target);
  }
  return 0;
}

int write_text(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd == -1) return -1;
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int failed = errno;
  ::close(fd);
  errno = failed;
  return whole ? 0 : -1;
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
  std::vector<Step> steps;
  std::vector<std::string> scaffold;
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
    Planner planner(machine, isolation);
    CAIRN_TRY(plan->steps, planner.plan());
    plan->scaffold = planner.scaffold();
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
    if (write_text("/proc/self/setgroups", "deny") != 0 && errno != ENOENT)
      return failed("give up groups");
    if (write_text("/proc/self/uid_map", plan_->uid_map) != 0 ||
        write_text("/proc/self/gid_map", plan_->gid_map) != 0)
      return failed("map the user");
  }
  if (plan_->mounts) {
    if (leave_root() != 0) return failed("leave the root (pivot_root)");
    for (const Step& step : plan_->steps)
      if (perform(step) != 0) return failed(name_of(step.op));
    if (enter_root() != 0) return failed("enter the new root (pivot_root)");
  }
  if (!plan_->host_name.empty() &&
      ::sethostname(plan_->host_name.data(), plan_->host_name.size()) != 0)
    return failed("set the host name");
  return 0;
}

const std::vector<std::string>& Entry::scaffold() const { return plan_->scaffold; }

void Entry::remove_scaffold() const {
  for (const std::string& name : plan_->scaffold) {
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
