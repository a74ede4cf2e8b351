#include "session/generation_folder.h"

#include <cerrno>
#include <limits>
#include <string_view>

#include "base/text.h"
#include "base/try.h"
#include "os/atomic_file.h"
#include "session/retention.h"

namespace cairn {
namespace {

// Nobody is to change a committed generation, its owner neither.
constexpr unsigned kGenerationMode = 0444;

class FileSource final : public ByteSource {
 public:
  static Result<FileSource> open(FileSystem& files, const Path& path) {
    CAIRN_TRY(auto file, files.open(path));
    CAIRN_TRY(const std::uint64_t size, file->size());
    return FileSource(path, std::move(file), size);
  }
  std::string name() const override { return path_.native(); }
  std::uint64_t size() const override { return size_; }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) override {
    return file_->read_at(offset, into);
  }

 private:
  FileSource(Path path, std::unique_ptr<File> file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}

  Path path_;
  std::unique_ptr<File> file_;
  std::uint64_t size_;
};

// Damage of one generation, the medium's included; other errors concern all of them.
bool is_damage(const Error& error) {
  return error.code == Errc::corrupt || (error.code == Errc::io && error.sys_errno == EIO);
}

bool is_left_over(std::string_view name) {
  constexpr std::string_view kSuffix = ".tmp";  // as AtomicFile has it
  return name.ends_with(kSuffix) &&
         parse_generation_file_name(name.substr(0, name.size() - kSuffix.size()));
}

}  // namespace

Status GenerationFolder::make(FileSystem& files, const Path& folder) {
  CAIRN_CHECK(files.make_folder(folder));
  return files.sync_directory(folder_of(folder));
}

Result<GenerationFolder> GenerationFolder::open(FileSystem& files, Path path) {
  GenerationFolder folder(files, std::move(path));
  CAIRN_TRY(const auto names, files.list(folder.folder_));
  for (const std::string& name : names) {
    if (is_left_over(name)) CAIRN_CHECK(files.remove(folder.folder_ / name));
    if (const auto generation = parse_generation_file_name(name))
      folder.present_.insert(*generation);
  }
  return folder;
}

std::optional<std::uint64_t> GenerationFolder::newest_good() const {
  if (good_.empty()) return std::nullopt;
  return *good_.rbegin();
}

Result<Generation> GenerationFolder::read(std::uint64_t number) {
  CAIRN_TRY(auto source, FileSource::open(*files_, file_of(number)));
  Generation generation;
  CAIRN_TRY(generation.manifest, read_manifest(source, number));
  if (generation.manifest.base_generation != 0)
    return Error{Errc::unsupported,
                 cat(source.name(), " holds only the differences to generation ",
                     generation.manifest.base_generation),
                 0, "read it with a newer Cairn"};
  for (const Section& section : generation.manifest.sections) {
    CAIRN_TRY(auto bytes, read_section(source, section));
    generation.sections.push_back(std::move(bytes));
  }
  return generation;
}

Result<std::optional<Generation>> GenerationFolder::read_newest(std::vector<Error>& skipped) {
  if (present_.empty()) return std::optional<Generation>();
  for (auto number = present_.rbegin(); number != present_.rend(); ++number) {
    auto generation = read(*number);
    if (generation) {
      good_.insert(*number);
      return std::optional(*std::move(generation));
    }
    if (!is_damage(generation.error())) return std::move(generation).error();
    skipped.push_back(std::move(generation).error());
  }
  return Error{Errc::corrupt,
               cat("none of the ", present_.size(), " generations in ", folder_.native(),
                   " can be used: ", skipped.front().message),
               skipped.front().sys_errno,
               "bring back the folder from a copy; or remove it, to start from the beginning"};
}

Result<std::unique_ptr<ByteSource>> GenerationFolder::source(std::uint64_t generation) const {
  CAIRN_TRY(auto source, FileSource::open(*files_, file_of(generation)));
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(std::move(source)));
}

std::vector<Manifest> GenerationFolder::older_than(std::uint64_t generation) {
  std::vector<Manifest> manifests;
  for (auto number = present_.rbegin(); number != present_.rend(); ++number) {
    if (*number >= generation) continue;
    if (auto older = read(*number)) manifests.push_back(std::move(older->manifest));
  }
  return manifests;
}

Status GenerationFolder::publish(std::uint64_t generation, GenerationWriter::Identity identity,
                                 const Fill& fill) {
  CAIRN_TRY(auto file, AtomicFile::begin(*files_, file_of(generation), kGenerationMode));
  const auto sink = [&](Bytes bytes) { return file.append(bytes); };
  CAIRN_TRY(auto writer, GenerationWriter::begin(sink, generation, std::move(identity)));
  CAIRN_CHECK(fill(writer));
  return file.commit();
}

Result<std::uint64_t> GenerationFolder::commit(std::uint64_t generation,
                                               GenerationWriter::Identity identity,
                                               const Fill& fill) {
  auto published = publish(generation, std::move(identity), fill);
  // Also after an error the file may be there, if only the folder's sync failed.
  if (published || files_->info(file_of(generation))) present_.insert(generation);
  if (!published) return std::move(published).error();
  good_.insert(generation);
  return generation;
}

Result<std::uint64_t> GenerationFolder::next() const {
  if (present_.empty()) return std::uint64_t{1};
  const std::uint64_t newest = *present_.rbegin();
  if (newest < std::numeric_limits<std::uint64_t>::max()) return newest + 1;
  return Error{Errc::corrupt, cat(file_of(newest).native(), " has used up the last number"), 0,
               "no program has counted so far: remove that file"};
}

void GenerationFolder::retain(int keep) {
  for (const std::uint64_t number : superseded(present_, good_, keep)) {
    const auto removed = files_->remove(file_of(number));
    if (!removed && removed.error().code != Errc::not_found) continue;
    present_.erase(number);
    good_.erase(number);
  }
}

}  // namespace cairn
