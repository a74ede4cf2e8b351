#include "session/output_file.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;
constexpr std::size_t kTailBytes = 4096;
constexpr const char* kAppendOnly =
    "a protected file may only be appended to: open it for appending, after restore()";

Error shorter(const std::string& name, std::uint64_t bytes, std::uint64_t expected) {
  return {Errc::corrupt, cat(name, " has ", bytes, " bytes, the checkpoint needs ", expected), 0,
          kAppendOnly};
}

Error rewritten(const std::string& name, std::uint64_t known_bytes) {
  return {Errc::corrupt,
          cat(name, " is another file than before: what ends at byte ", known_bytes,
              " is not what was there at the last checkpoint"),
          0, kAppendOnly};
}

std::string name_of(const Path& given) {
  const Path path = given.lexically_normal();
  std::error_code none;
  const Path here = std::filesystem::current_path(none);
  if (none || !path.is_absolute()) return path.generic_string();
  const Path relative = path.lexically_relative(here);
  return (relative.empty() || *relative.begin() == ".." ? path : relative).generic_string();
}

}  // namespace

OutputFile::OutputFile(Path path, Flush flush)
    : path_(std::move(path)), name_(name_of(path_)), flush_(std::move(flush)) {}

Status OutputFile::add_up_to(File& file, std::uint64_t bytes) {
  std::vector<std::byte> piece(
      static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes - known_bytes_)));
  while (known_bytes_ < bytes) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes - known_bytes_));
    CAIRN_TRY(const std::size_t got, file.read_at(known_bytes_, MutableBytes(piece).first(wanted)));
    if (got == 0) return shorter(path_.native(), known_bytes_, bytes);
    const Bytes added = Bytes(piece).first(got);
    checksum_.add(added);
    known_bytes_ += got;
    tail_.insert(tail_.end(), added.begin(), added.end());
    if (tail_.size() > kTailBytes)
      tail_.erase(tail_.begin(), tail_.end() - static_cast<std::ptrdiff_t>(kTailBytes));
  }
  return {};
}

// A program that opened its file with truncation, or under a name that was given to another,
// has soon written as much as there was: its length alone does not tell.
Status OutputFile::check_tail(File& file) const {
  if (tail_.empty()) return {};
  std::vector<std::byte> now(tail_.size());
  CAIRN_TRY(const std::size_t got, file.read_at(known_bytes_ - now.size(), now));
  if (got < now.size() || now != tail_) return rewritten(path_.native(), known_bytes_);
  return {};
}

Result<FileRecord> OutputFile::settle(FileSystem& files, std::optional<std::uint64_t> up_to) {
  CAIRN_CHECK(sync_failure_);
  auto file = files.open(path_);
  if (!file) {
    // A program may open its output late; one that was there must stay.
    if (file.error().code == Errc::not_found && known_bytes_ == 0)
      return FileRecord{name(), 0, checksum_.value()};
    return std::move(file).error();
  }
  CAIRN_TRY(const std::uint64_t found, (*file)->size());
  const std::uint64_t bytes = std::min(found, up_to.value_or(found));
  if (bytes < known_bytes_) return shorter(path_.native(), bytes, known_bytes_);
  CAIRN_CHECK(check_tail(**file));
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
  tail_.clear();
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
