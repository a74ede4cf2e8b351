#include "session/output_file.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;

Error shorter(const std::string& name, std::uint64_t bytes, std::uint64_t expected) {
  return {Errc::corrupt, cat(name, " has ", bytes, " bytes, the checkpoint needs ", expected), 0,
          "a protected file may only be appended to"};
}

}  // namespace

std::string OutputFile::name() const {
  const Path path = path_.lexically_normal();
  std::error_code none;
  const Path here = std::filesystem::current_path(none);
  if (none || !path.is_absolute()) return path.generic_string();
  const Path relative = path.lexically_relative(here);
  return (relative.empty() || *relative.begin() == ".." ? path : relative).generic_string();
}

Status OutputFile::add_up_to(File& file, std::uint64_t bytes) {
  std::vector<std::byte> piece(
      static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes - known_bytes_)));
  while (known_bytes_ < bytes) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes - known_bytes_));
    CAIRN_TRY(const std::size_t got, file.read_at(known_bytes_, MutableBytes(piece).first(wanted)));
    if (got == 0) return shorter(path_.native(), known_bytes_, bytes);
    checksum_.add(Bytes(piece).first(got));
    known_bytes_ += got;
  }
  return {};
}

Result<FileRecord> OutputFile::settle(FileSystem& files) {
  CAIRN_CHECK(sync_failure_);
  auto file = files.open(path_);
  if (!file) {
    // A program may open its output late; one that was there must stay.
    if (file.error().code == Errc::not_found && known_bytes_ == 0)
      return FileRecord{name(), 0, checksum_.value()};
    return std::move(file).error();
  }
  CAIRN_TRY(const std::uint64_t bytes, (*file)->size());
  if (bytes < known_bytes_) return shorter(path_.native(), bytes, known_bytes_);
  CAIRN_CHECK(add_up_to(**file, bytes));
  if (bytes != synced_bytes_) {
    if (auto status = (*file)->sync(); !status)
      return sync_failure_ = std::move(status), sync_failure_.error();
    synced_bytes_ = bytes;
  }
  if (!name_is_durable_) CAIRN_CHECK(files.sync_directory(folder_of(path_)));
  name_is_durable_ = true;
  return FileRecord{name(), bytes, checksum_.value()};
}

Status OutputFile::compare(FileSystem& files, const FileRecord& record) {
  checksum_ = StreamChecksum();
  known_bytes_ = found_bytes_ = synced_bytes_ = 0;
  auto file = files.open(path_);
  if (!file && file.error().code == Errc::not_found) {
    if (record.bytes == 0) return {};
    return Error{
        Errc::not_found,
        cat(path_.native(), " is missing, the checkpoint needs its first ", record.bytes, " bytes"),
        0, cat("add ", record.path, " to transfer_checkpoint_files, beside the checkpoint folder")};
  }
  if (!file) return std::move(file).error();
  CAIRN_TRY(found_bytes_, (*file)->size());
  if (found_bytes_ < record.bytes) return shorter(path_.native(), found_bytes_, record.bytes);
  CAIRN_CHECK(add_up_to(**file, record.bytes));
  if (checksum_.value() == record.checksum) return {};
  return Error{Errc::corrupt,
               cat("the first ", record.bytes, " bytes of ", path_.native(),
                   " are not what was written when the checkpoint was made"),
               0, "bring back the file as it was"};
}

Status OutputFile::cut_back(FileSystem& files) {
  if (found_bytes_ > known_bytes_) CAIRN_CHECK(files.truncate(path_, known_bytes_));
  found_bytes_ = known_bytes_;
  return {};
}

}  // namespace cairn
