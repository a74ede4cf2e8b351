#include "verify/calls.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace cairn::verify {
namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "cairn verify: tracing knows x86-64 and aarch64"
#endif

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

constexpr long kOpenat2 = 437;

// sync_file_range is left out: it promises nothing.  So is chown: an image knows no owner.
constexpr CallForm kForms[] = {
#ifdef SYS_open  // newer architectures have only the calls with a folder
    {SYS_open, Call::open, Shape::open, -1, 0, -1, 1},
    {SYS_creat, Call::open, Shape::open, -1, 0, -1, -1},
    {SYS_mknod, Call::open, Shape::path, -1, 0},
    {SYS_rename, Call::rename, Shape::two_paths, -1, 0, -1, 1},
    {SYS_link, Call::link, Shape::two_paths, -1, 0, -1, 1},
    {SYS_symlink, Call::symlink, Shape::new_link, -1, 1},
    {SYS_unlink, Call::unlink, Shape::path, -1, 0},
    {SYS_rmdir, Call::unlink, Shape::path, -1, 0},
    {SYS_mkdir, Call::make_folder, Shape::path, -1, 0},
    {SYS_chmod, Call::mode, Shape::path, -1, 0},
    {SYS_stat, Call::open, Shape::look, -1, 0},
    {SYS_lstat, Call::open, Shape::look, -1, 0},
    {SYS_access, Call::open, Shape::look, -1, 0},
    {SYS_readlink, Call::open, Shape::look, -1, 0},
#endif
#ifdef SYS_renameat
    {SYS_renameat, Call::rename, Shape::two_paths, 0, 1, 2, 3},
#endif
    {SYS_openat, Call::open, Shape::open, 0, 1, -1, 2},
    {kOpenat2, Call::open, Shape::open_how, 0, 1, -1, 2},
    {SYS_mknodat, Call::open, Shape::path, 0, 1},
    {SYS_write, Call::write, Shape::write},
    {SYS_pwrite64, Call::write, Shape::write_at},
    {SYS_writev, Call::write, Shape::gather},
    {SYS_pwritev, Call::write, Shape::gather_at},
    {SYS_pwritev2, Call::write, Shape::gather_at},
    {SYS_sendfile, Call::write, Shape::send},
    {SYS_copy_file_range, Call::write, Shape::copy, -1, 2},
    {SYS_splice, Call::write, Shape::copy, -1, 2},
    {SYS_ioctl, Call::write, Shape::clone},
    {SYS_fallocate, Call::write, Shape::allocate},
    {SYS_truncate, Call::truncate, Shape::resize},
    {SYS_ftruncate, Call::truncate, Shape::resize_fd},
    {SYS_renameat2, Call::rename, Shape::two_paths, 0, 1, 2, 3},
    {SYS_linkat, Call::link, Shape::two_paths, 0, 1, 2, 3},
    {SYS_symlinkat, Call::symlink, Shape::new_link, 1, 2},
    {SYS_unlinkat, Call::unlink, Shape::path, 0, 1},
    {SYS_mkdirat, Call::make_folder, Shape::path, 0, 1},
    {SYS_fchmod, Call::mode, Shape::descriptor},
    {SYS_fchmodat, Call::mode, Shape::path, 0, 1},
    {SYS_fchmodat2, Call::mode, Shape::path, 0, 1},
    {SYS_fsync, Call::sync, Shape::descriptor},
    {SYS_fdatasync, Call::sync, Shape::descriptor},
    {SYS_msync, Call::sync, Shape::memory},
    {SYS_sync, Call::sync_disk, Shape::disk},
    {SYS_syncfs, Call::sync_disk, Shape::disk},
    {SYS_close, Call::close, Shape::descriptor},
    {SYS_exit, Call::exit, Shape::process},
    {SYS_exit_group, Call::exit, Shape::process},
    {SYS_newfstatat, Call::open, Shape::look, 0, 1},
    {SYS_statx, Call::open, Shape::look, 0, 1},
    {SYS_faccessat, Call::open, Shape::look, 0, 1},
    {439 /* faccessat2 */, Call::open, Shape::look, 0, 1},
    {SYS_readlinkat, Call::open, Shape::look, 0, 1},
};

constexpr unsigned kWritingFlags = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
}
// The low half of an argument: the machine is little-endian.
sock_filter load_argument(int index) {
  return load(offsetof(seccomp_data, args) + 8 * static_cast<std::size_t>(index));
}
sock_filter answer(unsigned action) { return BPF_STMT(BPF_RET | BPF_K, action); }
sock_filter unless_equal(unsigned value, unsigned char skip) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}

// Falls through to the next call's lines if it is another call.
void add_lines(std::vector<sock_filter>& program, const CallForm& form, bool misses) {
  const auto number = static_cast<unsigned>(form.number);
  if (form.shape == Shape::open && form.what2 != -1 && !misses) {
    program.insert(program.end(), {unless_equal(number, 4), load_argument(form.what2),
                                   BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kWritingFlags, 0, 1),
                                   answer(SECCOMP_RET_TRACE), answer(SECCOMP_RET_ALLOW)});
  } else if (form.shape == Shape::clone) {
    program.insert(program.end(), {unless_equal(number, 6), load_argument(1),
                                   unless_equal(FICLONE, 1), answer(SECCOMP_RET_TRACE),
                                   unless_equal(FICLONERANGE, 1), answer(SECCOMP_RET_TRACE)});
    program.push_back(answer(SECCOMP_RET_ALLOW));
  } else {
    program.insert(program.end(), {unless_equal(number, 1), answer(SECCOMP_RET_TRACE)});
  }
}

}  // namespace

const CallForm* form_of(long number) {
  const auto found = std::find_if(std::begin(kForms), std::end(kForms),
                                  [&](const CallForm& form) { return form.number == number; });
  return found == std::end(kForms) ? nullptr : found;
}

std::vector<sock_filter> make_filter(bool misses) {
  std::vector<sock_filter> program = {
      load(offsetof(seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      answer(SECCOMP_RET_ALLOW),  // a program for another architecture runs unwatched
      load(offsetof(seccomp_data, nr)),   unless_equal(SYS_io_uring_setup, 1),
      answer(SECCOMP_RET_ERRNO | ENOSYS),
  };
  for (const CallForm& form : kForms)
    if (misses || form.shape != Shape::look) add_lines(program, form, misses);
  program.push_back(answer(SECCOMP_RET_ALLOW));
  return program;
}

}  // namespace cairn::verify
