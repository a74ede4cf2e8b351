#include "os/private_home.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "os/kernel_file.h"

namespace cairn {
namespace {

constexpr const char* kPasswd = "/etc/passwd";
// The cache is asked before the file.
constexpr const char* kCache = "/run/nscd/socket";

}  // namespace

std::string with_home(const std::string& text, unsigned uid, unsigned gid,
                      const std::string& home) {
  std::string first = cat("user:x:", uid, ":", gid, "::", home, ":/bin/sh\n"), rest;
  bool known = false;
  for (const std::string& line : split_list(text, '\n')) {
    // name:password:uid:gid:comment:home:shell; a field may be empty.
    std::vector<std::string_view> fields;
    for (std::string_view left = line;; left.remove_prefix(fields.back().size() + 1)) {
      fields.push_back(left.substr(0, left.find(':')));
      if (fields.back().size() == left.size()) break;
    }
    if (fields.size() != 7 || fields[2] != std::to_string(uid)) {
      rest += line + "\n";
    } else if (!std::exchange(known, true)) {
      first = cat(fields[0], ":", fields[1], ":", fields[2], ":", fields[3], ":", fields[4], ":",
                  home, ":", fields[6], "\n");
    }
  }
  return first + rest;
}

Result<PrivateHome> PrivateHome::make(FileSystem& files, const Path& folder) {
  PrivateHome home;
  home.folder_ = std::filesystem::absolute(folder).lexically_normal();
  const std::string name = home.folder_.native();
  if (name.find_first_of(":\n") != std::string::npos)
    return Error{Errc::invalid, cat("the home ", name, " has a colon in its name"), 0,
                 "work in a folder without one"};
  std::error_code failure;
  std::filesystem::create_directories(home.folder_, failure);
  if (failure) return system_error("make", home.folder_, failure.value());
  const auto known = read_file(files, kPasswd);
  home.uid_map_ = cat(::geteuid(), " ", ::geteuid(), " 1");
  home.gid_map_ = cat(::getegid(), " ", ::getegid(), " 1");
  home.passwd_ = cat(name, "/.passwd-", ::getpid());
  const std::string text = with_home(known ? *known : "", ::getuid(), ::getgid(), name);
  const int fd = ::open(home.passwd_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd == -1) return system_error("make", home.passwd_, errno);
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int failed = errno;
  ::close(fd);
  if (!whole) return system_error("write", home.passwd_, failed);
  return home;
}

PrivateHome::PrivateHome(PrivateHome&& other) noexcept
    : folder_(std::move(other.folder_)),
      passwd_(std::exchange(other.passwd_, {})),
      uid_map_(std::move(other.uid_map_)),
      gid_map_(std::move(other.gid_map_)) {}

PrivateHome::~PrivateHome() {
  if (!passwd_.empty()) ::unlink(passwd_.c_str());
}

int PrivateHome::enter() const {
  if (::unshare(CLONE_NEWNS) != 0) {
    if (errno != EPERM || ::unshare(CLONE_NEWNS | CLONE_NEWUSER) != 0) return -1;
    if (write_kernel_file("/proc/self/setgroups", "deny") != 0 && errno != ENOENT) return -1;
    if (write_kernel_file("/proc/self/uid_map", uid_map_) != 0 ||
        write_kernel_file("/proc/self/gid_map", gid_map_) != 0)
      return -1;
  }
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return -1;
  if (::mount(passwd_.c_str(), kPasswd, nullptr, MS_BIND, nullptr) != 0) return -1;
  if (::access(kCache, F_OK) != 0) return 0;
  return ::mount(passwd_.c_str(), kCache, nullptr, MS_BIND, nullptr);
}

}  // namespace cairn
