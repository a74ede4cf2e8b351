#include "os/atomic_file.h"

#include "base/try.h"

namespace cairn {

AtomicFile::AtomicFile(FileSystem& files, Path target, std::unique_ptr<File> file)
    : files_(&files), target_(std::move(target)), file_(std::move(file)) {}

Result<AtomicFile> AtomicFile::begin(FileSystem& files, Path target, unsigned mode) {
  // In the target's folder, so that the rename cannot cross devices.  What a crash left
  // there goes first: it may be read-only, or a link to somewhere else.
  const Path temporary = temporary_for(target);
  if (auto removed = files.remove(temporary); !removed && removed.error().code != Errc::not_found)
    return std::move(removed).error();
  CAIRN_TRY(auto file, files.create(temporary, mode));
  return AtomicFile(files, std::move(target), std::move(file));
}

AtomicFile::~AtomicFile() {
  if (!file_) return;
  file_.reset();
  static_cast<void>(files_->remove(temporary_for(target_)).has_value());  // readers ignore *.tmp
}

Status AtomicFile::append(Bytes bytes) { return file_->append(bytes); }

Status AtomicFile::commit() {
  CAIRN_CHECK(file_->sync());
  CAIRN_CHECK(file_->close());
  CAIRN_CHECK(files_->rename(temporary_for(target_), target_));
  file_.reset();
  return files_->sync_directory(folder_of(target_));
}

Status write_file_atomically(FileSystem& files, const Path& target, Bytes bytes, unsigned mode) {
  CAIRN_TRY(auto file, AtomicFile::begin(files, target, mode));
  CAIRN_CHECK(file.append(bytes));
  return file.commit();
}

}  // namespace cairn
