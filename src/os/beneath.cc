#include "os/beneath.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <deque>
#include <optional>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

// What Linux allows in one path, too.
constexpr int kSymlinksMax = 40;

// The status of an open descriptor: of the very thing that is read later.
Result<struct stat> status_of(const Descriptor& fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd.get(), &status) == -1) return system_error("stat", name, errno);
  return status;
}

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0 && path.substr(0, end) != ".") parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : name.empty() ? folder : folder + "/" + name;
}

Error escape_error(const std::string& name) {
  return {Errc::invalid, cat(name, ": leads out of the job's folder"), EXDEV,
          "list only files inside it, by relative names"};
}

Error folder_link_error(const std::string& name) {
  return {Errc::invalid, cat(name, ": is a symbolic link to a folder, which cannot be transferred"),
          0, "list the folder that it points to"};
}

Error kind_error(const std::string& name, const char* what) {
  return {Errc::invalid, cat(name, ": is ", what, ", not a regular file"), 0, {}};
}

Error resolve_error(const std::string& name, int sys_errno) {
  if (sys_errno == ENOENT)
    return {Errc::not_found, cat(name, ": no such file in the job's folder"), ENOENT, {}};
  if (sys_errno == EXDEV) return escape_error(name);
  if (sys_errno == ELOOP)
    return {Errc::invalid, cat(name, ": too many symbolic links"), ELOOP,
            "they point at each other"};
  return system_error("open", name, sys_errno);
}

Descriptor open_path(int folder, const char* name) {
  return Descriptor(
      retry_interrupted([&] { return ::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); }));
}

std::optional<std::string> link_target(const Descriptor& link) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlinkat(link.get(), "", target.data(), target.size());
  if (length == -1) return {};
  target.resize(static_cast<std::size_t>(length));
  return target;
}

// The walk that openat2 does in the kernel.  ".." pops a folder that we hold open,
// so that a folder which the job moves meanwhile leads nowhere.  Sets errno on failure.
Descriptor resolve_by_hand(int root, const std::string& path) {
  std::vector<Descriptor> above;  // the folders from below the root to here
  const auto here = [&] { return above.empty() ? root : above.back().get(); };
  std::deque<std::string> left;
  const auto go_on_with = [&](std::string_view text) {
    auto parts = components(text);
    // A slash at the end asks for a folder: as ".", it must be one to go on.
    if (text.ends_with('/')) parts.emplace_back(".");
    left.insert(left.begin(), parts.begin(), parts.end());
  };
  go_on_with(path);
  if (path.starts_with('/')) return errno = EXDEV, Descriptor();
  for (int links = 0; !left.empty();) {
    const std::string name = std::move(left.front());
    left.pop_front();
    if (name == ".") continue;
    if (name == "..") {
      if (above.empty()) return errno = EXDEV, Descriptor();
      above.pop_back();
      continue;
    }
    Descriptor next = open_path(here(), name.c_str());
    struct stat status {};
    if (!next || ::fstat(next.get(), &status) == -1) return {};
    if (S_ISLNK(status.st_mode)) {
      if (++links > kSymlinksMax) return errno = ELOOP, Descriptor();
      const auto target = link_target(next);
      if (!target) return {};
      if (target->starts_with('/')) return errno = EXDEV, Descriptor();
      go_on_with(*target);
    } else if (S_ISDIR(status.st_mode)) {
      above.push_back(std::move(next));
    } else if (left.empty()) {
      return next;
    } else {
      return errno = ENOTDIR, Descriptor();
    }
  }
  return above.empty() ? open_path(root, ".") : std::move(above.back());
}

Descriptor resolve_in_kernel(int root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const char* const name = path.empty() ? "." : path.c_str();
  // EAGAIN: something was renamed during the walk and the kernel could not tell whether
  // the path stayed beneath.  A job may do that for ever.
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto fd =
        retry_interrupted([&] { return ::syscall(SYS_openat2, root, name, &how, sizeof how); });
    if (fd != -1 || errno != EAGAIN) return Descriptor(static_cast<int>(fd));
  }
  return {};
}

bool kernel_resolves() {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH;
  return static_cast<bool>(
      Descriptor(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how))));
}

const char* kind_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// The names in an open folder.
Result<std::vector<std::string>> names_in(const Descriptor& folder, const std::string& path) {
  const int fd = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const stream = fd == -1 ? nullptr : ::fdopendir(fd);
  if (stream == nullptr) return system_error("list", path, errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

// An item and the path that it was found at.
struct Found {
  FileItem item;
  std::string path;
};

class Walk {
 public:
  explicit Walk(Beneath beneath) : beneath_(std::move(beneath)) {}

  Status entry(const std::string& entry, bool preserve_relative_paths);

  std::vector<Found> found;

 private:
  Status any(Descriptor fd, const std::string& path, const std::string& name);
  Status contents(const Descriptor& folder, const std::string& path, const std::string& name);
  Status parents(const std::vector<std::string>& parts);

  Beneath beneath_;
};

std::string path_of(const std::vector<std::string>& parts) { return join(parts, "/"); }

Status Walk::entry(const std::string& entry, bool preserve_relative_paths) {
  if (entry.empty()) return Error{Errc::invalid, "an empty file name is listed", 0, {}};
  if (entry.starts_with('/')) return escape_error(entry);
  std::vector<std::string> parts = components(entry);
  const std::string path = path_of(parts);
  const std::vector<std::string> names = components(Path(path).lexically_normal().native());
  if (!names.empty() && names.front() == "..") return escape_error(entry);
  const bool slash = entry.ends_with('/') || entry.ends_with("/.");
  if (names.empty() || (slash && !preserve_relative_paths)) {
    CAIRN_TRY(const Descriptor folder, beneath_.resolve(path));
    CAIRN_TRY(const struct stat status, status_of(folder, path));
    if (!S_ISDIR(status.st_mode)) return system_error("list", path, ENOTDIR);
    return contents(folder, path, "");
  }
  if (preserve_relative_paths) CAIRN_CHECK(parents(names));
  const std::string name = preserve_relative_paths ? path_of(names) : names.back();
  if (parts.back() == "..") {
    CAIRN_TRY(Descriptor folder, beneath_.resolve(path));
    return any(std::move(folder), path, name);
  }
  const std::string last = std::move(parts.back());
  parts.pop_back();
  const auto folder = beneath_.resolve(path_of(parts));
  if (!folder) return resolve_error(path, folder.error().sys_errno);
  Descriptor fd = open_path(folder->get(), last.c_str());
  if (!fd) return resolve_error(path, errno);
  return any(std::move(fd), path, name);
}

// The folders that have to be there for the last of `parts`.
Status Walk::parents(const std::vector<std::string>& parts) {
  std::string above;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    above = joined(above, parts[i]);
    CAIRN_TRY(const Descriptor folder, beneath_.resolve(above));
    CAIRN_TRY(const struct stat status, status_of(folder, above));
    found.push_back({{above, status.st_mode & 0777U, true, {}}, above});
  }
  return {};
}

// What stands in the open folder `path`, under `name` and a slash each.
Status Walk::contents(const Descriptor& folder, const std::string& path, const std::string& name) {
  // Ends the recursion where the job made folders without end.
  if (path.size() > PATH_MAX) return system_error("list", path, ENAMETOOLONG);
  CAIRN_TRY(const auto names, names_in(folder, path));
  for (const std::string& child : names) {
    Descriptor fd = open_path(folder.get(), child.c_str());
    if (!fd && errno == ENOENT) continue;  // gone since it was listed
    if (!fd) return system_error("open", joined(path, child), errno);
    CAIRN_CHECK(any(std::move(fd), joined(path, child), joined(name, child)));
  }
  return {};
}

// Whatever was opened at `path`, itself possibly a symbolic link.
Status Walk::any(Descriptor fd, const std::string& path, const std::string& name) {
  CAIRN_TRY(struct stat status, status_of(fd, path));
  if (S_ISLNK(status.st_mode)) {
    CAIRN_TRY(fd, beneath_.resolve(path));
    CAIRN_TRY(status, status_of(fd, path));
    if (S_ISDIR(status.st_mode)) return folder_link_error(path);
  }
  const unsigned mode = status.st_mode & 0777U;
  if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) return {};
  if (S_ISDIR(status.st_mode)) {
    found.push_back({{name, mode, true, {}}, path});
    return contents(fd, path, name);
  }
  if (!S_ISREG(status.st_mode)) return kind_error(path, kind_name(status.st_mode));
  found.push_back(
      {{name, mode, false, [beneath = beneath_, path] { return beneath.open_file(path); }}, path});
  return {};
}

Error collision_error(const std::string& name, const std::string& first,
                      const std::string& second) {
  return {Errc::invalid, cat(first, " and ", second, " would both arrive as ", name), 0,
          "rename one of them, or say preserve_relative_paths = true"};
}

// By name, each once.
Result<std::vector<FileItem>> merged(std::vector<Found> found) {
  std::stable_sort(found.begin(), found.end(), [](const Found& left, const Found& right) {
    return left.item.name < right.item.name;
  });
  std::vector<FileItem> items;
  const Found* before = nullptr;
  for (Found& next : found) {
    if (before != nullptr && before->item.name == next.item.name) {
      if (before->path == next.path) continue;
      return collision_error(next.item.name, before->path, next.path);
    }
    items.push_back(next.item);
    before = &next;
  }
  return items;
}

}  // namespace

Result<Beneath> Beneath::open(const Path& folder, Way way) {
  Descriptor fd(
      retry_interrupted([&] { return ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd) return system_error("open", folder, errno);
  static const bool kernel_can = kernel_resolves();
  const bool by_hand = way == Way::by_hand || !kernel_can;
  return Beneath(std::make_shared<const Root>(Root{std::move(fd), folder, by_hand}));
}

Result<Descriptor> Beneath::resolve(const std::string& relative) const {
  if (relative.find('\0') != std::string::npos) return resolve_error(relative, EINVAL);
  Descriptor found = root_->by_hand ? resolve_by_hand(root_->fd.get(), relative)
                                    : resolve_in_kernel(root_->fd.get(), relative);
  if (!found) return resolve_error(relative, errno);
  return found;
}

Result<std::unique_ptr<File>> Beneath::open_file(const std::string& relative) const {
  CAIRN_TRY(const Descriptor found, resolve(relative));
  CAIRN_TRY(const struct stat status, status_of(found, relative));
  if (!S_ISREG(status.st_mode)) return kind_error(relative, kind_name(status.st_mode));
  // Through /proc: exactly the file that was looked at, without a second walk.
  const std::string same = cat("/proc/self/fd/", found.get());
  Descriptor readable(retry_interrupted(
      [&] { return ::open(same.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }));
  if (!readable) return system_error("open", relative, errno);
  return make_file(std::move(readable), root_->folder / relative);
}

Result<std::vector<FileItem>> Beneath::walk(const std::string& entry,
                                            bool preserve_relative_paths) const {
  return walk_all({entry}, preserve_relative_paths);
}

Result<std::vector<FileItem>> Beneath::walk_all(const std::vector<std::string>& entries,
                                                bool preserve_relative_paths) const {
  Walk walk(*this);
  for (const std::string& entry : entries) CAIRN_CHECK(walk.entry(entry, preserve_relative_paths));
  return merged(std::move(walk.found));
}

}  // namespace cairn
