#include "wrap/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/try.h"
#include "os/descriptor.h"

namespace cairn::wrap {
namespace {

Result<void*> map(int fd, std::size_t bytes, int protection, int flags, const Path& path) {
  if (bytes == 0) return static_cast<void*>(nullptr);
  void* const data = ::mmap(nullptr, bytes, protection, flags, fd, 0);
  if (data == MAP_FAILED) return system_error("map", path, errno);
  return data;
}

}  // namespace

Result<MappedFile> MappedFile::open(const Path& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return system_error("open", path, errno);
  const auto bytes = static_cast<std::size_t>(info.st_size);
  CAIRN_TRY(void* const data, map(fd.get(), bytes, PROT_READ, MAP_PRIVATE, path));
  if (data != nullptr) ::madvise(data, bytes, MADV_SEQUENTIAL);
  return MappedFile(data, bytes);
}

Result<MappedFile> MappedFile::create(const Path& path, std::uint64_t size, unsigned mode) {
  const Descriptor fd(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return system_error("create", path, errno);
  if (size > 0)
    if (const int failure = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(size)); failure != 0)
      return system_error("write", path, failure);
  if (::fchmod(fd.get(), mode) != 0) return system_error("chmod", path, errno);
  const auto bytes = static_cast<std::size_t>(size);
  CAIRN_TRY(void* const data, map(fd.get(), bytes, PROT_READ | PROT_WRITE, MAP_SHARED, path));
  return MappedFile(data, bytes);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace cairn::wrap
