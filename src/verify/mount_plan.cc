#include "verify/mount_plan.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "base/try.h"

namespace cairn::verify {

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

std::optional<std::string> home_folder() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> text{};
  ::getpwuid_r(::geteuid(), &entry, text.data(), text.size(), &found);
  if (found == nullptr || entry.pw_dir == nullptr || entry.pw_dir[0] != '/') return {};
  auto home = real_path(entry.pw_dir);
  if (!home || *home == "/" || !std::filesystem::is_directory(*home)) return {};
  return home;
}

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

namespace {

bool is_in_one_of(const std::vector<std::string>& folders, std::string_view path) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](const std::string& folder) { return is_at_or_below(path, folder); });
}

// Works out the steps.  It knows what the program's tree will look like: regions, each of which
// is the root in memory, a cover in memory, a private folder, or what the host has there.
class Planner {
 public:
  Planner(const Machine& machine, const Isolation& isolation)
      : machine_(machine), isolation_(isolation) {}

  Result<MountPlan> plan();

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
  void add(MountStep::Op op, const std::string& target, const std::string& source = {}) {
    steps_.push_back({op, source.empty() ? source : kOld + source, kNew + target});
  }

  const Machine& machine_;
  const Isolation& isolation_;
  std::vector<PrivateFolder> private_ = private_folders(isolation_.home);
  std::vector<Region> regions_;
  std::vector<MountStep> steps_, late_;
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
    auto step = step_for(path);
    if (!step) continue;
    steps_.push_back(*std::move(step));
    regions_.push_back({Region::host, path, {}});  // what lies below is found, also below a link
    if (steps_.back().op == MountStep::make_link) continue;
    made_.insert(path);
    if (path != "/proc" && path != "/dev") add(MountStep::bind_if_able, path, path);
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
    if (real && *real != "/" &&
        std::find(needed.begin(), needed.end(), Path(*real)) == needed.end())
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
  add(MountStep::cover, above);
  regions_.push_back({Region::memory, above, {}});
  return mount_point(path, folder);
}

Status Planner::mount_point_in_memory(const Region& region, const std::string& path, bool folder) {
  const std::string above = folder_of(path).native();
  if (above.size() > region.path.size()) CAIRN_CHECK(mount_point_in_memory(region, above, true));
  if (made_.insert(path).second) add(folder ? MountStep::make_folder : MountStep::make_file, path);
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
    add(MountStep::cover, path);
    regions_.push_back({Region::memory, path, {}});
  }
}

Status Planner::plan_shown() {
  for (const auto& [path, source] : shown()) {
    if (region_of(path).kind == Region::host) continue;
    CAIRN_CHECK(mount_point(path, std::filesystem::is_directory(source)));
    late_.push_back({MountStep::bind, kOld + source, kNew + path});
    late_.push_back({MountStep::lock, {}, kNew + path});
    for (const std::string& secret : hidden())
      if (is_below(secret, path)) late_.push_back({MountStep::cover, {}, kNew + secret});
  }
  return {};
}

// The order: what is in memory is made before the lock, what the program may write is bound after.
Result<MountPlan> Planner::plan() {
  plan_top();
  for (const auto& [path, part] : private_)
    regions_.push_back({Region::machine, path, machine_.folder / part});
  plan_covers();
  for (const auto& [path, part] : private_) {
    CAIRN_CHECK(mount_point(path, true));
    late_.push_back({MountStep::bind, kOld + (machine_.folder / part).native(), kNew + path});
  }
  CAIRN_CHECK(plan_shown());
  const std::string sandbox = machine_.sandbox_path.lexically_normal().native();
  CAIRN_CHECK(mount_point(sandbox, true));
  late_.push_back({MountStep::bind, kOld + machine_.sandbox().native(), kNew + sandbox});
  if (isolation_.read_only) add(MountStep::lock, "");
  add(MountStep::bind, "/proc", "/proc");
  add(MountStep::bind, "/dev", "/dev");
  for (MountStep& step : late_)
    if (step.op != MountStep::lock || isolation_.read_only) steps_.push_back(std::move(step));
  return MountPlan{std::move(steps_), {made_on_host_.rbegin(), made_on_host_.rend()}};
}

}  // namespace

std::optional<MountStep> step_for(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  const std::string target = kNew + path;
  if (S_ISDIR(status.st_mode)) return MountStep{MountStep::make_folder, {}, target};
  if (S_ISREG(status.st_mode)) return MountStep{MountStep::make_file, {}, target};
  if (!S_ISLNK(status.st_mode)) return {};
  // As it is written: the link leads to the same place in the new root.
  std::error_code gone;
  const Path text = std::filesystem::read_symlink(path, gone);
  if (gone) return {};
  return MountStep{MountStep::make_link, text.native(), target};
}

Result<MountPlan> plan_mounts(const Machine& machine, const Isolation& isolation) {
  return Planner(machine, isolation).plan();
}

}  // namespace cairn::verify
