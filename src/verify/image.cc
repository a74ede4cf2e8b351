// A content gets its name, the checksum of its bytes, when all of them are written: what the
// store holds under a name is whole, and two threads that bring the same do each other no harm.
// Nothing is synced: a store is scratch.
#include "verify/image.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <memory>
#include <vector>

#include "base/assert.h"
#include "base/checksum.h"
#include "base/text.h"
#include "base/try.h"
#include "os/descriptor.h"

namespace cairn::verify {
namespace {

using Kind = ImageEntry::Kind;

constexpr std::size_t kBlockBytes = 256U << 10U;  // stays in the cache while it is hashed
constexpr unsigned kNewFolderMode = 0755;

// --- contents ------------------------------------------------------------------

struct Content {
  std::string name;
  std::uint64_t bytes = 0;
};

// A file of the store that has no name yet that means anything.
class Incoming {
 public:
  static Result<Incoming> begin(const Path& folder) {
    static std::atomic<std::uint64_t> number{0};
    Incoming incoming;
    incoming.path_ = folder / cat("incoming-", ::getpid(), "-", ++number);
    incoming.fd_.reset(
        ::open(incoming.path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!incoming.fd_) return system_error("create", incoming.path_, errno);
    return incoming;
  }
  Incoming(Incoming&&) = default;
  ~Incoming() {
    if (fd_) ::unlink(path_.c_str());
  }

  Status append(Bytes bytes) {
    // A hole stays one: what was not written reads as zeros.
    if (bytes.size() == kBlockBytes && bytes.front() == std::byte{0} &&
        std::memcmp(bytes.data(), bytes.data() + 1, kBlockBytes - 1) == 0) {
      offset_ += static_cast<off_t>(bytes.size());
      return {};
    }
    while (!bytes.empty()) {
      const ssize_t written = retry_interrupted(
          [&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), offset_); });
      if (written == -1) return system_error("write", path_, errno);
      offset_ += written;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status keep_as(const Path& path) {
    if (::ftruncate(fd_.get(), offset_) == -1) return system_error("truncate", path_, errno);
    if (::rename(path_.c_str(), path.c_str()) == -1) return system_error("rename", path_, errno);
    fd_.reset();
    return {};
  }

 private:
  Incoming() = default;
  Path path_;
  Descriptor fd_;
  off_t offset_ = 0;
};

// Reads the whole file from its start, and copies it if somebody wants it.
Result<Content> pass_through(int fd, const Path& path, Incoming* incoming) {
  thread_local const auto block = std::make_unique<std::array<std::byte, kBlockBytes>>();
  StreamChecksum checksum;
  Content content;
  for (;;) {
    const ssize_t got = retry_interrupted([&] {
      return ::pread(fd, block->data(), block->size(), static_cast<off_t>(content.bytes));
    });
    if (got == -1) return system_error("read", path, errno);
    if (got == 0) break;
    const Bytes bytes(block->data(), static_cast<std::size_t>(got));
    checksum.add(bytes);
    if (incoming != nullptr) CAIRN_CHECK(incoming->append(bytes));
    content.bytes += bytes.size();
  }
  content.name = to_hex(checksum.value());
  return content;
}

bool is_there(const Path& path) { return ::access(path.c_str(), F_OK) == 0; }

// Most files are there already, so that reading comes first; hashed again when it is copied, as
// it may have changed in between.
Result<Content> keep(const Path& store, int fd, const Path& path) {
  CAIRN_TRY(Content content, pass_through(fd, path, nullptr));
  if (is_there(store / content.name)) return content;
  CAIRN_TRY(Incoming incoming, Incoming::begin(store));
  CAIRN_TRY(content, pass_through(fd, path, &incoming));
  CAIRN_CHECK(incoming.keep_as(store / content.name));
  return content;
}

// Some of the bytes at `offset`: left to the kernel where it can, else done by us.  Returns how
// many, or -1.
ssize_t copy_some(int from, int to, off_t offset, std::size_t bytes) {
  off_t source = offset, target = offset;
  const ssize_t copied = ::copy_file_range(from, &source, to, &target, bytes, 0);
  if (copied > 0) return copied;
  std::array<char, 64U << 10U> block;
  const ssize_t got = ::pread(from, block.data(), std::min(bytes, block.size()), offset);
  if (got == 0) errno = EIO;  // the store's file became shorter: not by us
  return got > 0 ? ::pwrite(to, block.data(), static_cast<std::size_t>(got), offset) : -1;
}

// Holes are not copied.
Status copy_data(int from, int to, off_t bytes, const Path& path) {
  for (off_t offset = 0; offset < bytes;) {
    offset = ::lseek(from, offset, SEEK_DATA);
    if (offset == -1 && errno == ENXIO) break;  // a hole up to the end
    const off_t hole = offset == -1 ? -1 : ::lseek(from, offset, SEEK_HOLE);
    if (hole == -1) return system_error("seek for", path, errno);
    while (offset < hole) {
      const ssize_t copied = copy_some(from, to, offset, static_cast<std::size_t>(hole - offset));
      if (copied == -1) return system_error("copy to", path, errno);
      offset += copied;
    }
  }
  if (::ftruncate(to, bytes) == -1) return system_error("truncate", path, errno);
  return {};
}

Status copy_file(int from, int to, const Path& path) {
  if (::ioctl(to, FICLONE, from) == 0) return {};
  struct stat status {};
  if (::fstat(from, &status) == -1) return system_error("stat", path, errno);
  return copy_data(from, to, status.st_size, path);
}

// --- folders -------------------------------------------------------------------

Descriptor open_folder(int parent, const char* name) {
  return Descriptor(retry_interrupted(
      [&] { return ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
}

Result<std::vector<std::string>> names_in(int folder, const Path& path) {
  // A descriptor of its own: the stream closes it, and its position is not shared.
  Descriptor fd = open_folder(folder, ".");
  DIR* const stream = fd ? ::fdopendir(fd.get()) : nullptr;
  if (stream == nullptr) return system_error("list", path, errno);
  static_cast<void>(fd.release());
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int failure = errno;
  ::closedir(stream);
  if (failure != 0) return system_error("list", path, failure);
  return names;
}

// A program may have taken from its folders the permission to look into them.
Descriptor open_folder_by_force(int parent, const char* name) {
  Descriptor folder = open_folder(parent, name);
  if (!folder && errno == EACCES && ::fchmodat(parent, name, 0700, 0) == 0)
    folder = open_folder(parent, name);
  if (folder) ::fchmod(folder.get(), 0700);
  return folder;
}

Status empty_folder(int folder, const Path& path) {
  CAIRN_TRY(const auto names, names_in(folder, path));
  for (const std::string& name : names) {
    if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR && errno != EPERM) return system_error("remove", path / name, errno);
    const Descriptor below = open_folder_by_force(folder, name.c_str());
    if (!below) return system_error("remove", path / name, errno);
    CAIRN_CHECK(empty_folder(below.get(), path / name));
    if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) == -1)
      return system_error("remove", path / name, errno);
  }
  return {};
}

Result<std::string> target_of_link(int folder, const std::string& name, const Path& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t bytes = ::readlinkat(folder, name.c_str(), target.data(), target.size());
  if (bytes == -1) return system_error("read link", path, errno);
  target.resize(static_cast<std::size_t>(bytes));
  return target;
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The clock that files are stamped with: it stands still for some milliseconds at a time.
std::int64_t file_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

// It was there when the folder was listed, and now it is not, or it is something else.
bool vanished(int sys_errno) {
  return sys_errno == ENOENT || sys_errno == ELOOP || sys_errno == ENOTDIR || sys_errno == ENXIO ||
         sys_errno == ESTALE || sys_errno == EINVAL;
}

Error unreadable(const char* what, const Path& path, int sys_errno) {
  Error error = system_error(what, path, sys_errno);
  if (sys_errno == EACCES || sys_errno == EPERM)
    error.hint =
        "the job made it unreadable for its own user, and what cannot be read cannot be compared: "
        "let it be readable (chmod u+rX)";
  return error;
}

std::string parent_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

}  // namespace

// --- images --------------------------------------------------------------------

const ImageEntry* Image::find(const std::string& name) const {
  const auto entry = entries.find(name);
  return entry == entries.end() ? nullptr : &entry->second;
}

std::uint64_t Image::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, entry] : entries) sum += entry.bytes;
  return sum;
}

std::string key_of(const Image& image) {
  StreamChecksum checksum;
  const auto add_number = [&](std::uint64_t number) {
    std::array<std::byte, 8> bytes;
    store_le(MutableBytes(bytes), number);
    checksum.add(bytes);
  };
  const auto add_text = [&](const std::string& text) {
    add_number(text.size());
    checksum.add(as_bytes(text));
  };
  for (const auto& [name, entry] : image.entries) {
    add_text(name);
    add_number(static_cast<std::uint64_t>(entry.kind));
    add_number(entry.mode);
    add_number(entry.bytes);
    add_text(entry.content);
  }
  return to_hex(checksum.value());
}

namespace {

using Position = std::map<std::string, ImageEntry>::const_iterator;

// What is below the folder `name`.  '0' is the character behind '/'.
std::pair<Position, Position> below(const Image& image, const std::string& name) {
  return {image.entries.lower_bound(name + "/"), image.entries.lower_bound(name + "0")};
}

void erase(Image& image, const std::string& name) {
  const auto [first, last] = below(image, name);
  image.entries.erase(first, last);
  image.entries.erase(name);
}

}  // namespace

Image part_of(const Image& image, const std::string& name) {
  if (name.empty()) return image;
  Image part;
  const ImageEntry* const self = image.find(name);
  if (self != nullptr && self->kind != Kind::folder) part.entries.emplace("", *self);
  const auto [first, last] = below(image, name);
  for (auto entry = first; entry != last; ++entry)
    part.entries.emplace_hint(part.entries.end(), entry->first.substr(name.size() + 1),
                              entry->second);
  return part;
}

Image with_part(Image image, const std::string& name, const Image& part) {
  if (name.empty()) return part;
  const ImageEntry* const old = image.find(name);
  const ImageEntry folder{
      .kind = Kind::folder,
      .mode = old != nullptr && old->kind == Kind::folder ? old->mode : kNewFolderMode,
      .content = {}};
  erase(image, name);
  for (std::string above = parent_of(name); !above.empty(); above = parent_of(above)) {
    ImageEntry& entry = image.entries.try_emplace(above, folder).first->second;
    if (entry.kind != Kind::folder) entry = folder;
  }
  image.entries.emplace(name, folder);
  for (const auto& [below_name, entry] : part.entries)
    image.entries.insert_or_assign(below_name.empty() ? name : cat(name, "/", below_name), entry);
  return image;
}

Image overlaid(Image image, const Image& over) {
  for (const auto& [name, entry] : over.entries) erase(image, name.substr(0, name.find('/')));
  for (const auto& [name, entry] : over.entries) image.entries.insert_or_assign(name, entry);
  return image;
}

// --- the store -----------------------------------------------------------------

// A folder that cannot be made shows at the first use, which can return an error.
ImageStore::ImageStore(Path folder) : folder_(std::move(folder)) { ::mkdir(folder_.c_str(), 0700); }

void ImageStore::Memory::forget(const std::string& name) {
  seen_.erase(name);
  seen_.erase(seen_.lower_bound(name + "/"), seen_.lower_bound(name + "0"));
}

// One capture.
class ImageStore::Walk {
 public:
  Walk(const Path& store, Memory* memory) : store_(store), memory_(memory) {}

  // All that is in the open folder, whose entries are named `prefix` + their name.
  Status walk(int folder, const std::string& prefix, const Path& path) {
    CAIRN_TRY(const auto names, names_in(folder, path));
    for (const std::string& name : names)
      CAIRN_CHECK(take(folder, name, prefix + name, path / name));
    return {};
  }

  Image image;

 private:
  Status take(int folder, const std::string& name, const std::string& relative, const Path& path) {
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == -1)
      return vanished(errno) ? Status() : Status(system_error("stat", path, errno));
    const unsigned mode = status.st_mode & 07777U;
    if (S_ISREG(status.st_mode)) return take_file(folder, name, relative, path);
    if (S_ISDIR(status.st_mode)) return take_folder(folder, name, relative, path, mode);
    if (S_ISLNK(status.st_mode)) return take_link(folder, name, relative, path);
    if (S_ISFIFO(status.st_mode))
      image.entries[relative] = {.kind = Kind::fifo, .mode = mode, .content = {}};
    return {};
  }

  Status take_folder(int parent, const std::string& name, const std::string& relative,
                     const Path& path, unsigned mode) {
    const Descriptor folder = open_folder(parent, name.c_str());
    if (!folder) return vanished(errno) ? Status() : Status(unreadable("list", path, errno));
    image.entries[relative] = {.kind = Kind::folder, .mode = mode, .content = {}};
    return walk(folder.get(), relative + "/", path);
  }

  Status take_link(int folder, const std::string& name, const std::string& relative,
                   const Path& path) {
    auto target = target_of_link(folder, name, path);
    if (!target)
      return vanished(target.error().sys_errno) ? Status() : Status(std::move(target).error());
    // Linux gives all of them this mode, and other systems do not matter here.
    image.entries[relative] = {.kind = Kind::link, .mode = 0777, .content = *std::move(target)};
    return {};
  }

  Status take_file(int folder, const std::string& name, const std::string& relative,
                   const Path& path) {
    const std::int64_t now_ns = file_clock_ns();
    // Not blocking: it may have become a FIFO.
    const Descriptor fd(retry_interrupted([&] {
      return ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    }));
    if (!fd) return vanished(errno) ? Status() : Status(unreadable("open", path, errno));
    struct stat status {};
    if (::fstat(fd.get(), &status) == -1) return system_error("stat", path, errno);
    if (!S_ISREG(status.st_mode)) return {};

    Memory::Seen seen{status.st_ino, static_cast<std::uint64_t>(status.st_size),
                      nanoseconds(status.st_ctim), std::string()};
    if (const Memory::Seen* const known = remembered(relative, seen)) {
      seen = *known;
    } else {
      CAIRN_TRY(Content content, keep(store_, fd.get(), path));
      seen.content = std::move(content.name);
      if (content.bytes != seen.bytes) seen.changed_ns = now_ns;  // it changes while we look
      seen.bytes = content.bytes;
      remember(relative, seen, now_ns);
    }
    image.entries[relative] = {.kind = Kind::file,
                               .mode = status.st_mode & 07777U,
                               .bytes = seen.bytes,
                               .content = std::move(seen.content),
                               .changed_ns = nanoseconds(status.st_mtim)};
    return {};
  }

  const Memory::Seen* remembered(const std::string& relative, const Memory::Seen& now) const {
    if (memory_ == nullptr) return nullptr;
    const auto seen = memory_->seen_.find(relative);
    if (seen == memory_->seen_.end()) return nullptr;
    const Memory::Seen& then = seen->second;
    const bool same =
        then.inode == now.inode && then.bytes == now.bytes && then.changed_ns == now.changed_ns;
    return same ? &then : nullptr;
  }

  // A file that changed within the present tick of the clock may change again without getting
  // another time: it is not remembered.
  void remember(const std::string& relative, const Memory::Seen& seen, std::int64_t now_ns) {
    if (memory_ == nullptr) return;
    if (seen.changed_ns < now_ns)
      memory_->seen_[relative] = seen;
    else
      memory_->seen_.erase(relative);
  }

  const Path& store_;
  Memory* const memory_;
};

Result<Image> ImageStore::capture(const Path& folder, Memory* memory) {
  const Descriptor fd(retry_interrupted(
      [&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd) return unreadable("list", folder, errno);
  Walk walk(folder_, memory);
  CAIRN_CHECK(walk.walk(fd.get(), "", folder));
  return std::move(walk.image);
}

namespace {

// Below the open folder; the folders that it stands in are there and can be written to.
Status make_entry(int root, const std::string& name, const ImageEntry& entry, const Path& content,
                  const Path& path, ImageStore::Times times) {
  const char* const file = name.c_str();
  switch (entry.kind) {
    case Kind::folder:
      if (::mkdirat(root, file, 0700) == -1) return system_error("make folder", path, errno);
      return {};
    case Kind::link:
      if (::symlinkat(entry.content.c_str(), root, file) == -1)
        return system_error("make link", path, errno);
      return {};
    case Kind::fifo:
      if (::mkfifoat(root, file, 0600) == -1 || ::fchmodat(root, file, entry.mode, 0) == -1)
        return system_error("make FIFO", path, errno);
      return {};
    case Kind::file:
      break;
  }
  const Descriptor from(::open(content.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) return system_error("open", content, errno);
  const Descriptor to(::openat(root, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to) return system_error("create", path, errno);
  CAIRN_CHECK(copy_file(from.get(), to.get(), path));
  if (::fchmod(to.get(), entry.mode) == -1) return system_error("change mode of", path, errno);
  if (times == ImageStore::Times::fresh || entry.changed_ns == 0) return {};
  const timespec changed{entry.changed_ns / 1'000'000'000, entry.changed_ns % 1'000'000'000};
  const std::array<timespec, 2> both = {changed, changed};
  if (::futimens(to.get(), both.data()) == -1) return system_error("set times of", path, errno);
  return {};
}

// Or something might be written through a link to anywhere.
void assert_is_a_tree(const Image& image) {
  for (const auto& [name, entry] : image.entries) {
    const Path path(name);
    CAIRN_ASSERT(!name.empty() && path.is_relative() && path.lexically_normal() == path &&
                     *path.begin() != "..",
                 "names in an image are relative and plain");
    const std::string above = parent_of(name);
    const ImageEntry* const parent = above.empty() ? nullptr : image.find(above);
    CAIRN_ASSERT(above.empty() || (parent != nullptr && parent->kind == Kind::folder),
                 "what is in an image stands in a folder of that image");
  }
}

}  // namespace

Status ImageStore::lay_out(const Image& image, const Path& folder, Times times) {
  assert_is_a_tree(image);
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return system_error("make folder", folder, failure.value());
  const Descriptor root = open_folder_by_force(AT_FDCWD, folder.c_str());
  if (!root) return system_error("open folder", folder, errno);
  CAIRN_CHECK(empty_folder(root.get(), folder));
  if (::fchmod(root.get(), kNewFolderMode) == -1)
    return system_error("change mode of", folder, errno);
  for (const auto& [name, entry] : image.entries)
    CAIRN_CHECK(make_entry(root.get(), name, entry, path_of(entry), folder / name, times));
  // Last, and what is in a folder first: one that may not be written to had to be filled.
  for (auto entry = image.entries.rbegin(); entry != image.entries.rend(); ++entry)
    if (entry->second.kind == Kind::folder &&
        ::fchmodat(root.get(), entry->first.c_str(), entry->second.mode, 0) == -1)
      return system_error("change mode of", folder / entry->first, errno);
  return {};
}

Result<ImageEntry> ImageStore::add(Bytes content, unsigned mode) {
  ImageEntry entry{.mode = mode, .bytes = content.size(), .content = to_hex(checksum(content))};
  if (is_there(path_of(entry))) return entry;
  CAIRN_TRY(Incoming incoming, Incoming::begin(folder_));
  CAIRN_CHECK(incoming.append(content));
  CAIRN_CHECK(incoming.keep_as(path_of(entry)));
  return entry;
}

Result<std::string> ImageStore::read(const ImageEntry& entry) const {
  PosixFileSystem files;
  return read_file(files, path_of(entry));
}

Path ImageStore::path_of(const ImageEntry& entry) const { return folder_ / entry.content; }

}  // namespace cairn::verify
