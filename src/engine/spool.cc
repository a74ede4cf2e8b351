#include "engine/spool.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <map>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "base/try.h"
#include "engine/spool_manifest.h"

namespace cairn {
namespace {

// Few system calls per gigabyte, and still in the processor's cache.
constexpr std::size_t kCopyBytes = std::size_t{256} * 1024;

std::string number_name(int number) {
  const std::string digits = std::to_string(number);
  return std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

Error damaged(const std::string& what) { return {Errc::corrupt, what, 0, {}}; }

// Does the error speak of the checkpoint, not of this process or its rights?  A sector
// that cannot be read (EIO) is as good as lost.
bool means_damage(const Error& error) {
  return error.code == Errc::corrupt || error.code == Errc::not_found || error.sys_errno == EIO;
}

// Hands the whole file to `take` in pieces; returns its length.
template <class Take>
Result<std::uint64_t> read_through(File& file, Take take) {
  std::vector<std::byte> buffer(kCopyBytes);
  for (std::uint64_t offset = 0;;) {
    CAIRN_TRY(const std::size_t got, file.read_at(offset, buffer));
    if (got == 0) return offset;
    CAIRN_CHECK(take(Bytes(buffer).first(got)));
    offset += got;
  }
}

Status check_items(const std::vector<SpoolItem>& items) {
  std::set<std::string> names;
  for (const SpoolItem& item : items) {
    if (!is_plain_relative(item.name))
      return Error{
          Errc::invalid, cat("checkpoint file ", item.name, ": not a relative path"), 0, {}};
    if (item.name == kSpoolManifestName)
      return Error{Errc::invalid, cat("checkpoint file ", item.name, ": Cairn needs that name"), 0,
                   "give the file another name, or put it into a folder"};
    if (!names.insert(item.name).second)
      return Error{Errc::invalid, cat("checkpoint file ", item.name, ": is listed twice"), 0, {}};
  }
  return {};
}

// Writes one checkpoint into a new folder, every byte and name of it durable but the
// folder's own name.
class Writer {
 public:
  Writer(FileSystem& files, Path folder) : files_(files), folder_(std::move(folder)) {}

  // The total of bytes; `manifest` is empty before.
  Result<std::uint64_t> write(const std::vector<SpoolItem>& items, SpoolManifest& manifest);

 private:
  Status make_folder(const Path& name);
  Result<std::uint64_t> copy(const SpoolItem& item, SpoolManifest& manifest);
  Status sync_folders(const std::vector<SpoolItem>& items);

  FileSystem& files_;
  Path folder_;
  std::set<Path> made_;  // relative; a folder sorts before what is in it
};

Result<std::uint64_t> Writer::write(const std::vector<SpoolItem>& items, SpoolManifest& manifest) {
  CAIRN_CHECK(make_folder(""));
  std::uint64_t bytes = 0;
  for (const SpoolItem& item : items) {
    if (item.folder) {
      CAIRN_CHECK(make_folder(item.name));
      continue;
    }
    CAIRN_CHECK(make_folder(Path(item.name).parent_path()));
    CAIRN_TRY(const std::uint64_t copied, copy(item, manifest));
    bytes += copied;
  }
  std::sort(manifest.begin(), manifest.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  CAIRN_TRY(auto file, files_.create(folder_ / kSpoolManifestName, 0644));
  CAIRN_CHECK(file->append(as_bytes(encode_spool_manifest(manifest))));
  CAIRN_CHECK(file->sync());
  CAIRN_CHECK(file->close());
  CAIRN_CHECK(sync_folders(items));
  return bytes;
}

Status Writer::make_folder(const Path& name) {
  if (made_.contains(name)) return {};
  if (!name.empty()) CAIRN_CHECK(make_folder(name.parent_path()));
  made_.insert(name);
  return files_.make_folder(name.empty() ? folder_ : folder_ / name);
}

Result<std::uint64_t> Writer::copy(const SpoolItem& item, SpoolManifest& manifest) {
  CAIRN_TRY(auto source, item.open());
  const Path target = folder_ / item.name;
  CAIRN_TRY(auto copied, files_.create(target, 0600));
  CAIRN_CHECK(files_.set_mode(target, item.mode & 0777U));
  Sha256 hash;
  CAIRN_TRY(const std::uint64_t bytes, read_through(*source, [&](Bytes piece) {
              hash.add(piece);
              return copied->append(piece);
            }));
  CAIRN_CHECK(copied->sync());
  CAIRN_CHECK(copied->close());
  manifest.push_back({item.name, hash.hex()});
  return bytes;
}

Status Writer::sync_folders(const std::vector<SpoolItem>& items) {
  for (const SpoolItem& item : items)
    if (item.folder) CAIRN_CHECK(files_.set_mode(folder_ / item.name, (item.mode & 0777U) | 0700U));
  for (auto name = made_.rbegin(); name != made_.rend(); ++name)
    CAIRN_CHECK(files_.sync_directory(name->empty() ? folder_ : folder_ / *name));
  return {};
}

// All files below `folder`, with their sizes.
Status list_files(FileSystem& files, const Path& folder, const std::string& prefix,
                  std::map<std::string, std::uint64_t>& found) {
  CAIRN_TRY(const auto names, files.list(folder));
  for (const std::string& name : names) {
    CAIRN_TRY(const FileInfo info, files.info(folder / name));
    if (info.kind == FileInfo::Kind::folder) {
      CAIRN_CHECK(list_files(files, folder / name, prefix + name + "/", found));
      continue;
    }
    if (info.kind != FileInfo::Kind::file)
      return damaged(cat(prefix, name, ": is neither a file nor a folder"));
    found[prefix + name] = info.bytes;
  }
  return {};
}

Status verify_file(FileSystem& files, const Path& folder, const SpoolManifestLine& line) {
  CAIRN_TRY(auto file, files.open(folder / line.name));
  Sha256 hash;
  CAIRN_CHECK(read_through(*file, [&](Bytes piece) { return hash.add(piece), Status(); }));
  if (hash.hex() == line.sha256) return {};
  return damaged(cat(line.name, ": is not what was written (its SHA-256 differs)"));
}

// Exactly the files of the MANIFEST, each with its checksum.
Result<SpooledCheckpoint> verify_folder(FileSystem& files, const Path& folder, int number) {
  CAIRN_TRY(const std::string text, read_file(files, folder / kSpoolManifestName));
  CAIRN_TRY(const SpoolManifest manifest, decode_spool_manifest(text));
  std::map<std::string, std::uint64_t> present;
  CAIRN_CHECK(list_files(files, folder, "", present));
  present.erase(std::string(kSpoolManifestName));
  SpooledCheckpoint checkpoint{number, folder, 0, {}};
  for (const SpoolManifestLine& line : manifest) {
    const auto file = present.extract(line.name);
    if (file.empty()) return damaged(cat(line.name, ": is missing"));
    CAIRN_CHECK(verify_file(files, folder, line));
    checkpoint.bytes += file.mapped();
    checkpoint.files.push_back(line.name);
  }
  if (!present.empty()) return damaged(cat(present.begin()->first, ": is not in the MANIFEST"));
  return checkpoint;
}

}  // namespace

Spool::Spool(FileSystem& files, Path folder, int keep)
    : files_(files), folder_(std::move(folder)), keep_(keep) {
  CAIRN_ASSERT(keep >= 1, "a spool keeps at least one checkpoint");
}

Result<SpooledCheckpoint> Spool::commit(int number, const std::vector<SpoolItem>& items) {
  CAIRN_CHECK(check_items(items));
  CAIRN_CHECK(make_own_folder());
  CAIRN_TRY(const std::vector<int> existing, numbers());
  const int last = existing.empty() ? -1 : existing.front();
  if (number <= last || number < 0)
    return Error{Errc::misuse, cat(folder_.native(), ": checkpoint ", number, " after ", last), 0,
                 "a number is used once, and numbers grow"};
  const Path temporary = checkpoint_folder(number) += ".tmp";
  CAIRN_CHECK(remove_tree(files_, temporary));
  SpoolManifest manifest;
  auto written = Writer(files_, temporary).write(items, manifest);
  Status published = written ? publish(temporary, number) : Status(written.error());
  if (!published) {
    // As far as it can be removed; newest() tries again.
    std::ignore = remove_tree(files_, temporary);
    return std::move(published).error();
  }
  known_good_.insert(number);
  // The checkpoint stands, whatever becomes of the old ones; the next commit tries again.
  std::ignore = retire();
  SpooledCheckpoint checkpoint{number, checkpoint_folder(number), *written, {}};
  for (SpoolManifestLine& line : manifest) checkpoint.files.push_back(std::move(line.name));
  return checkpoint;
}

Status Spool::make_own_folder() {
  if (folder_synced_) return {};
  // Also if it exists: whoever made it may not have come to the sync.
  CAIRN_CHECK(files_.make_folder(folder_));
  CAIRN_CHECK(files_.sync_directory(folder_of(folder_)));
  folder_synced_ = true;
  return {};
}

Status Spool::publish(const Path& temporary, int number) {
  CAIRN_CHECK(files_.rename(temporary, checkpoint_folder(number)));
  return files_.sync_directory(folder_);
}

// Removes what is older than the `keep` newest good ones.  A damaged one does not count,
// so that it never pushes out a good one.
Status Spool::retire() {
  CAIRN_TRY(const std::vector<int> all, numbers());
  int good = 0;
  for (const int number : all) {
    if (good == keep_) {
      known_good_.erase(number);
      CAIRN_CHECK(remove_tree(files_, checkpoint_folder(number)));
    } else if (known_good_.contains(number) || verify(number)) {
      ++good;
    }
  }
  return {};
}

Result<Spool::Newest> Spool::newest() {
  Newest result;
  CAIRN_TRY(const std::vector<int> all, numbers());
  if (!all.empty()) result.last_number = all.front();
  for (const int number : all) {
    auto checkpoint = verify(number);
    if (checkpoint) {
      result.checkpoint = *std::move(checkpoint);
      break;
    }
    if (!means_damage(checkpoint.error())) return std::move(checkpoint).error();
    result.skipped.push_back(std::move(checkpoint).error());
  }
  remove_unfinished();
  return result;
}

// Never in the way of a restart: what cannot be removed is ignored, as it is anyway.
void Spool::remove_unfinished() {
  const auto names = files_.list(folder_);
  if (!names) return;
  for (const std::string& name : *names)
    if (name.ends_with(".tmp")) std::ignore = remove_tree(files_, folder_ / name);
}

Result<SpooledCheckpoint> Spool::verify(int number) {
  const Path folder = checkpoint_folder(number);
  auto checkpoint = verify_folder(files_, folder, number);
  if (checkpoint) {
    known_good_.insert(number);
    return checkpoint;
  }
  known_good_.erase(number);
  Error error = std::move(checkpoint).error();
  error.message =
      cat("checkpoint ", number, " in ", folder.native(), " is damaged: ", error.message);
  return error;
}

Status Spool::drop() {
  known_good_.clear();
  CAIRN_CHECK(remove_tree(files_, folder_));
  folder_synced_ = false;
  return files_.sync_directory(folder_of(folder_));
}

Path Spool::checkpoint_folder(int number) const { return folder_ / number_name(number); }

Result<std::vector<int>> Spool::numbers() {
  std::vector<int> found;
  const auto names = files_.list(folder_);
  if (!names && names.error().code == Errc::not_found) return found;
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const auto number = parse_integer(name);
    if (number && *number >= 0 && *number <= INT_MAX &&
        number_name(static_cast<int>(*number)) == name)
      found.push_back(static_cast<int>(*number));
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

}  // namespace cairn
