#include "verify/tracee.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "os/descriptor.h"
#include "os/process.h"
#include "os/shared_mapping.h"

namespace cairn::verify {
namespace {

using Path = std::filesystem::path;

std::optional<__ptrace_syscall_info> syscall_info(pid_t thread) {
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return {};
  return info;
}

// --- registers -----------------------------------------------------------------

#if defined(__x86_64__)
void set_register(pid_t thread, std::size_t offset, std::uint64_t value) {
  ::ptrace(PTRACE_POKEUSER, thread, offset, value);
}
#else
void set_register(pid_t thread, int index, std::uint64_t value) {
  user_regs_struct registers{};
  iovec piece{&registers, sizeof registers};
  if (::ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &piece) != 0) return;
  registers.regs[index] = value;
  ::ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &piece);
}
#endif

// --- /proc ---------------------------------------------------------------------

// The text after "name:\t"; empty: there is no such line.
std::string_view field(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':')
      return trim(line.substr(name.size() + 1));
    at = end + 1;
  }
  return {};
}

std::string read_link(const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t got = ::readlink(path.c_str(), text.data(), text.size());
  return got <= 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(got));
}

// Opens what `path` means in the thread's root, without any effect.
Descriptor look_at(pid_t thread, const std::string& path, bool follow_last) {
  const Descriptor root(::open(cat("/proc/", thread, "/root").c_str(), O_PATH | O_CLOEXEC));
  if (!root) return {};
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | (follow_last ? 0U : static_cast<unsigned>(O_NOFOLLOW));
  how.resolve = RESOLVE_IN_ROOT;
  return Descriptor(
      static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
}

std::string own_path(const Descriptor& fd) { return read_link(cat("/proc/self/fd/", fd.get())); }

}  // namespace

// --- the call --------------------------------------------------------------------

std::optional<StoppedCall> call_of(pid_t thread) {
  const auto info = syscall_info(thread);
  if (!info || info->op != PTRACE_SYSCALL_INFO_SECCOMP) return {};
  StoppedCall call;
  call.number = static_cast<long>(info->seccomp.nr);
  std::copy_n(info->seccomp.args, 6, call.arguments.begin());
  return call;
}

std::optional<CallResult> result_of(pid_t thread) {
  const auto info = syscall_info(thread);
  if (!info || info->op != PTRACE_SYSCALL_INFO_EXIT) return {};
  const std::int64_t value = info->exit.rval;
  return CallResult{value, info->exit.is_error ? static_cast<int>(-value) : 0};
}

#if defined(__x86_64__)
void skip_call(pid_t thread) {
  set_register(thread, offsetof(user_regs_struct, orig_rax), ~std::uint64_t{0});
}
void set_result(pid_t thread, std::int64_t value) {
  set_register(thread, offsetof(user_regs_struct, rax), static_cast<std::uint64_t>(value));
}
void set_third_argument(pid_t thread, std::uint64_t value) {
  set_register(thread, offsetof(user_regs_struct, rdx), value);
}
#else
void skip_call(pid_t thread) {
  int none = -1;
  iovec piece{&none, sizeof none};
  ::ptrace(PTRACE_SETREGSET, thread, NT_ARM_SYSTEM_CALL, &piece);
}
void set_result(pid_t thread, std::int64_t value) {
  set_register(thread, 0, static_cast<std::uint64_t>(value));
}
void set_third_argument(pid_t thread, std::uint64_t value) { set_register(thread, 2, value); }
#endif

// --- memory ----------------------------------------------------------------------

bool read_memory(pid_t thread, std::uint64_t address, void* into, std::size_t bytes) {
  const iovec here{into, bytes};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address in the other process
  const iovec there{reinterpret_cast<void*>(address), bytes};
  return ::process_vm_readv(thread, &here, 1, &there, 1, 0) == static_cast<ssize_t>(bytes);
}

std::optional<std::string> read_text(pid_t thread, std::uint64_t address) {
  // To the end of a page at a time: the next one may not be there.
  constexpr std::uint64_t kPage = 4096;
  std::string text;
  while (text.size() < PATH_MAX) {
    std::array<char, kPage> block;
    const std::size_t bytes = kPage - address % kPage;
    if (!read_memory(thread, address, block.data(), bytes)) return {};
    char* const end = std::find(block.data(), block.data() + bytes, '\0');
    text.append(block.data(), end);
    if (end != block.data() + bytes) return text;
    address += bytes;
  }
  return {};
}

// --- descriptors -----------------------------------------------------------------

std::string descriptor_path(pid_t thread, int fd) {
  return without_deleted(read_link(cat("/proc/", thread, "/fd/", fd)));
}

std::optional<struct stat> descriptor_status(pid_t thread, int fd) {
  struct stat status {};
  if (::stat(cat("/proc/", thread, "/fd/", fd).c_str(), &status) != 0) return {};
  return status;
}

bool DescriptorState::writable() const {
  return (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0;
}

std::optional<DescriptorState> descriptor_state(pid_t thread, int fd) {
  const std::string text = read_proc(thread, cat("fdinfo/", fd));
  if (text.empty()) return {};
  const std::string offset(field(text, "pos")), flags(field(text, "flags"));
  return DescriptorState{std::strtoull(offset.c_str(), nullptr, 10),
                         static_cast<int>(std::strtoul(flags.c_str(), nullptr, 8))};
}

std::vector<int> descriptors_of(pid_t process) {
  std::vector<int> fds;
  DIR* const folder = ::opendir(cat("/proc/", process, "/fd").c_str());
  if (folder == nullptr) return fds;
  while (const dirent* entry = ::readdir(folder))
    if (const auto fd = parse_integer(entry->d_name)) fds.push_back(static_cast<int>(*fd));
  ::closedir(folder);
  std::sort(fds.begin(), fds.end());
  return fds;
}

// --- paths -----------------------------------------------------------------------

std::optional<std::string> absolute_path(pid_t thread, int folder_fd, const std::string& path) {
  if (path.starts_with('/')) return Path(path).lexically_normal().native();
  const std::string folder = folder_fd == AT_FDCWD ? read_link(cat("/proc/", thread, "/cwd"))
                                                   : descriptor_path(thread, folder_fd);
  if (folder.empty()) return {};
  std::string whole = (Path(folder) / path).lexically_normal().native();
  if (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  return whole;
}

namespace {

// /proc/self/fd/N and its other names are links that only the kernel can follow.
std::optional<int> named_descriptor(std::string_view path) {
  if (path == "/dev/stdout") return 1;
  if (path == "/dev/stderr") return 2;
  for (const std::string_view folder : {"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/"})
    if (path.starts_with(folder))
      if (const auto fd = parse_integer(path.substr(folder.size()))) return static_cast<int>(*fd);
  return {};
}

}  // namespace

std::optional<PathTarget> find_place(pid_t thread, int folder_fd, const std::string& path,
                                     bool follow_last) {
  if (path.empty()) return {};
  if (const auto fd = named_descriptor(path); fd && follow_last)
    return PathTarget{descriptor_path(thread, *fd), descriptor_status(thread, *fd)};
  std::string whole = path;
  if (!path.starts_with('/')) {
    const std::string folder = folder_fd == AT_FDCWD ? read_link(cat("/proc/", thread, "/cwd"))
                                                     : descriptor_path(thread, folder_fd);
    if (folder.empty()) return {};
    whole = folder + '/' + path;
  }
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  if (const Descriptor fd = look_at(thread, whole, follow_last)) {
    struct stat status {};
    if (::fstat(fd.get(), &status) == 0) return PathTarget{own_path(fd), status};
  }
  const Path normal(whole);
  const Descriptor above = look_at(thread, normal.parent_path().native(), true);
  if (above)
    return PathTarget{(Path(own_path(above)) / normal.filename()).lexically_normal().native(), {}};
  const auto absolute = absolute_path(thread, folder_fd, path);
  if (!absolute) return {};
  return PathTarget{*absolute, {}};
}

// --- processes -------------------------------------------------------------------

pid_t process_of(pid_t thread) {
  const std::string text = read_proc(thread, "status");
  return static_cast<pid_t>(parse_integer(field(text, "Tgid")).value_or(thread));
}

}  // namespace cairn::verify
