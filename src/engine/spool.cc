#include "engine/spool.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <map>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "base/try.h"
#include "engine/spool_manifest.h"
#include "format/generation.h"

namespace cairn {
namespace {

// Few system calls per gigabyte, and still in the processor's cache.
constexpr std::size_t kReadBytes = std::size_t{256} * 1024;

// Fewer are not worth a thread.
constexpr std::size_t kPiecesPerThread = 8;

constexpr const char* kAsideSuffix = ".suspect";

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
  CAIRN_TRY(const std::uint64_t expected, file.size());
  std::vector<std::byte> buffer(std::clamp<std::uint64_t>(expected, 1, kReadBytes));
  for (std::uint64_t offset = 0;;) {
    CAIRN_TRY(const std::size_t got, file.read_at(offset, buffer));
    if (got == 0) return offset;
    CAIRN_CHECK(take(Bytes(buffer).first(got)));
    offset += got;
  }
}

// The number in the name of a generation, wherever it stands; none for other names.
std::optional<std::uint64_t> generation_of(const std::string& name) {
  return parse_generation_file_name(Path(name).filename().native());
}

class FileSource final : public ByteSource {
 public:
  FileSource(File& file, std::uint64_t bytes) : file_(file), bytes_(bytes) {}
  std::string name() const override { return "generation"; }
  std::uint64_t size() const override { return bytes_; }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) override {
    return file_.read_at(offset, into);
  }

 private:
  File& file_;
  std::uint64_t bytes_;
};

// Is there a newer generation than `name` among `names`, in the same folder?
bool is_superseded(const std::string& name, const std::vector<std::string>& names) {
  const auto number = generation_of(name);
  return number && std::any_of(names.begin(), names.end(), [&](const std::string& other) {
           return Path(other).parent_path() == Path(name).parent_path() &&
                  generation_of(other) > number;
         });
}

// Whole as far as header, footer and manifest say, which is quickly read.
bool is_generation(const std::string& name, File& file) {
  const auto bytes = file.size();
  if (!bytes) return false;
  FileSource source(file, *bytes);
  return read_manifest(source, generation_of(name)).has_value();
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

// ---- taking

Status make_folders(FileSystem& files, const Path& folder, const TakenCheckpoint& taken) {
  for (const auto& [name, mode] : taken.folders)
    CAIRN_CHECK(files.make_folder(name.empty() ? folder : folder / name));
  return {};
}

// Puts the files of one checkpoint into a new folder.
//   before  the folder of the checkpoint before it
class Taker {
 public:
  Taker(FileSystem& files, Path folder, Path before, std::uint64_t memory_bytes)
      : files_(files),
        folder_(std::move(folder)),
        before_(std::move(before)),
        memory_left_(memory_bytes) {}

  Result<TakenCheckpoint> take(int number, const std::vector<SpoolItem>& items);

 private:
  void note_folder(const Path& name, unsigned mode);
  Status take_file(const SpoolItem& item);
  bool may_link(const SpoolItem& item, File& source);

  FileSystem& files_;
  Path folder_;
  Path before_;
  std::vector<std::string> names_;
  std::uint64_t memory_left_;
  TakenCheckpoint taken_;
};

Result<TakenCheckpoint> Taker::take(int number, const std::vector<SpoolItem>& items) {
  taken_.number = number;
  for (const SpoolItem& item : items) names_.push_back(item.name);
  note_folder("", 0777);
  for (const SpoolItem& item : items) {
    if (item.folder) {
      note_folder(item.name, (item.mode & 0777U) | 0700U);
      continue;
    }
    note_folder(Path(item.name).parent_path(), 0777);
    CAIRN_CHECK(take_file(item));
  }
  return std::move(taken_);
}

void Taker::note_folder(const Path& name, unsigned mode) {
  if (!name.empty()) note_folder(name.parent_path(), 0777);
  const auto [entry, is_new] = taken_.folders.emplace(name, mode);
  if (mode != 0777) entry->second = mode;
}

// The newest generation must not be one file with that of the checkpoint before, as where a
// program leaves twice with the same: one damage would hit both.
bool Taker::may_link(const SpoolItem& item, File& source) {
  if (!is_immutable(item) || !is_generation(item.name, source)) return false;
  return is_superseded(item.name, names_) || !files_.info(before_ / item.name);
}

Status Taker::take_file(const SpoolItem& item) {
  CAIRN_TRY(auto source, item.open());
  CAIRN_TRY(const std::uint64_t bytes, source->size());
  TakenCheckpoint::Piece piece{.name = item.name, .mode = item.mode & 0777U};
  if (may_link(item, *source)) {
    CAIRN_CHECK(make_folders(files_, folder_, taken_));
    piece.linked = files_.link(*source, folder_ / item.name).has_value();
  }
  if (piece.linked) {
    CAIRN_TRY(piece.info, files_.info(folder_ / item.name));
    taken_.bytes += piece.info.bytes;
  } else if (bytes <= memory_left_) {
    std::string text(bytes, '\0');
    CAIRN_TRY(const std::size_t got, source->read_at(0, std::as_writable_bytes(std::span(text))));
    text.resize(got);
    memory_left_ -= got;
    taken_.bytes += got;
    piece.bytes = std::move(text);
  } else {
    CAIRN_CHECK(make_folders(files_, folder_, taken_));
    CAIRN_TRY(auto copy, files_.create(folder_ / item.name, 0600));
    CAIRN_TRY(const std::uint64_t copied, copy->append_all_of(*source));
    CAIRN_CHECK(copy->close());
    CAIRN_CHECK(files_.set_mode(folder_ / item.name, piece.mode));
    taken_.bytes += copied;
  }
  taken_.pieces.push_back(std::move(piece));
  return {};
}

// ---- making durable

Result<SpoolManifestLine> make_durable(FileSystem& files, const Path& folder,
                                       const TakenCheckpoint::Piece& piece) {
  const Path path = folder / piece.name;
  Sha256 hash;
  if (piece.bytes) {
    CAIRN_TRY(auto file, files.create(path, 0600));
    CAIRN_CHECK(file->append(as_bytes(*piece.bytes)));
    CAIRN_CHECK(files.set_mode(path, piece.mode));
    CAIRN_CHECK(file->sync());
    CAIRN_CHECK(file->close());
    hash.add(as_bytes(*piece.bytes));
    return SpoolManifestLine{piece.name, hash.hex()};
  }
  CAIRN_TRY(auto file, files.open(path));
  CAIRN_CHECK(read_through(*file, [&](Bytes bytes) { return hash.add(bytes), Status(); }));
  CAIRN_CHECK(file->sync());
  CAIRN_CHECK(file->close());
  if (piece.linked) {
    CAIRN_TRY(const FileInfo now, files.info(path));
    if (now.bytes != piece.info.bytes || now.modified_ns != piece.info.modified_ns)
      return Error{Errc::invalid,
                   cat(piece.name, " was changed after the program had left with it"), 0,
                   "a committed generation must not be written to"};
  }
  return SpoolManifestLine{piece.name, hash.hex()};
}

// Returns a line for each piece, in their order.  A file's way to the disk is mostly waiting, and
// the disk takes many at once.
Result<SpoolManifest> make_pieces_durable(FileSystem& files, const Path& folder,
                                          const std::vector<TakenCheckpoint::Piece>& pieces,
                                          std::size_t threads_max) {
  std::vector<std::optional<Result<SpoolManifestLine>>> lines(pieces.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    for (std::size_t i = next++; i < pieces.size() && !failed; i = next++) {
      lines[i].emplace(make_durable(files, folder, pieces[i]));
      if (!*lines[i]) failed = true;
    }
  };
  std::vector<std::thread> helpers;
  while (helpers.size() + 1 < std::min(threads_max, pieces.size() / kPiecesPerThread)) {
    try {
      helpers.emplace_back(work);
    } catch (const std::system_error&) {
      break;  // the process may have no more threads: then with fewer
    }
  }
  work();
  for (std::thread& helper : helpers) helper.join();
  SpoolManifest manifest;
  for (auto& line : lines) {
    if (!line) continue;  // behind a failure
    CAIRN_TRY(SpoolManifestLine good, *std::move(line));
    manifest.push_back(std::move(good));
  }
  return manifest;
}

// Every byte and name in `folder` durable but the folder's own name.
Result<SpoolManifest> make_durable(FileSystem& files, const Path& folder,
                                   const TakenCheckpoint& taken, std::size_t threads_max) {
  CAIRN_CHECK(make_folders(files, folder, taken));
  for (const auto& [name, mode] : taken.folders)
    if (mode != 0777) CAIRN_CHECK(files.set_mode(folder / name, mode));
  CAIRN_TRY(SpoolManifest manifest, make_pieces_durable(files, folder, taken.pieces, threads_max));
  std::sort(manifest.begin(), manifest.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  CAIRN_TRY(auto file, files.create(folder / kSpoolManifestName, 0644));
  CAIRN_CHECK(file->append(as_bytes(encode_spool_manifest(manifest))));
  CAIRN_CHECK(file->sync());
  CAIRN_CHECK(file->close());
  for (auto inner = taken.folders.rbegin(); inner != taken.folders.rend(); ++inner)
    CAIRN_CHECK(files.sync_directory(inner->first.empty() ? folder : folder / inner->first));
  return manifest;
}

// ---- verifying

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
  if (const auto number = generation_of(line.name)) {
    CAIRN_TRY(const std::uint64_t bytes, file->size());
    FileSource source(*file, bytes);
    Status good = verify_generation(source, number);
    if (good || (good.error().code != Errc::corrupt && good.error().code != Errc::unsupported))
      return good;
  }
  Sha256 hash;
  CAIRN_CHECK(read_through(*file, [&](Bytes piece) { return hash.add(piece), Status(); }));
  if (hash.hex() == line.sha256) return {};
  return damaged(cat(line.name, ": is not what was written (its checksum differs)"));
}

// Exactly the files of the MANIFEST, each with its checksum.
Result<SpooledCheckpoint> verify_folder(FileSystem& files, const Path& folder, int number) {
  CAIRN_TRY(const std::string text, read_file(files, folder / kSpoolManifestName));
  CAIRN_TRY(const SpoolManifest manifest, decode_spool_manifest(text));
  std::map<std::string, std::uint64_t> present;
  CAIRN_CHECK(list_files(files, folder, "", present));
  present.erase(std::string(kSpoolManifestName));
  SpooledCheckpoint checkpoint{number, folder, 0, {}, {}};
  for (const SpoolManifestLine& line : manifest) {
    const auto file = present.extract(line.name);
    const Status good =
        file.empty() ? damaged(cat(line.name, ": is missing")) : verify_file(files, folder, line);
    if (good) {
      checkpoint.bytes += file.mapped();
      checkpoint.files.push_back(line.name);
    } else if (generation_of(line.name) && means_damage(good.error())) {
      checkpoint.left_out.emplace(line.name, good.error());
    } else {
      return good.error();
    }
  }
  for (const auto& [name, error] : checkpoint.left_out)
    if (!is_superseded(name, checkpoint.files)) return error;
  if (!present.empty()) return damaged(cat(present.begin()->first, ": is not in the MANIFEST"));
  return checkpoint;
}

}  // namespace

bool is_immutable(const FileItem& item) {
  return !item.folder && (item.mode & 0222U) == 0 && generation_of(item.name);
}

Spool::Spool(FileSystem& files, Path folder, int keep, std::uint64_t memory_bytes,
             std::size_t threads_max)
    : files_(files),
      folder_(std::move(folder)),
      keep_(keep),
      memory_bytes_(memory_bytes),
      threads_max_(threads_max) {
  CAIRN_ASSERT(keep >= 1, "a spool keeps at least one checkpoint");
}

Result<TakenCheckpoint> Spool::take(int number, const std::vector<SpoolItem>& items) {
  CAIRN_CHECK(check_items(items));
  CAIRN_CHECK(make_own_folder());
  CAIRN_TRY(const int last, last_number());
  if (number <= last || number < 0)
    return Error{Errc::misuse, cat(folder_.native(), ": checkpoint ", number, " after ", last), 0,
                 "a number is used once, and numbers grow"};
  const Path temporary = unfinished_folder(number);
  CAIRN_CHECK(remove_tree(files_, temporary));
  auto taken = Taker(files_, temporary, checkpoint_folder(last), memory_bytes_).take(number, items);
  // As far as it can be removed; newest() tries again.
  if (!taken) std::ignore = remove_tree(files_, temporary);
  return taken;
}

Result<SpooledCheckpoint> Spool::make_durable(const TakenCheckpoint& taken) {
  const Path temporary = unfinished_folder(taken.number);
  auto manifest = cairn::make_durable(files_, temporary, taken, threads_max_);
  Status published = manifest ? publish(temporary, taken.number) : Status(manifest.error());
  if (!published) {
    std::ignore = remove_tree(files_, temporary);
    return std::move(published).error();
  }
  known_good_.insert(taken.number);
  // The checkpoint stands, whatever becomes of the old ones; the next commit tries again.
  std::ignore = retire();
  SpooledCheckpoint checkpoint{taken.number, checkpoint_folder(taken.number), taken.bytes, {}, {}};
  for (SpoolManifestLine& line : *manifest) checkpoint.files.push_back(std::move(line.name));
  return checkpoint;
}

Result<SpooledCheckpoint> Spool::commit(int number, const std::vector<SpoolItem>& items) {
  CAIRN_TRY(const TakenCheckpoint taken, take(number, items));
  return make_durable(taken);
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
  int oldest_kept = 0;
  for (const int number : all) {
    if (good == keep_) {
      known_good_.erase(number);
      CAIRN_CHECK(remove_tree(files_, checkpoint_folder(number)));
    } else if (known_good_.contains(number) || verify(number)) {
      ++good;
      oldest_kept = number;
    }
  }
  if (good < keep_) return {};
  CAIRN_TRY(const std::vector<int> aside, numbers(kAsideSuffix));
  for (const int number : aside)
    if (number < oldest_kept) CAIRN_CHECK(remove_tree(files_, aside_folder(number)));
  return {};
}

Result<Spool::SetAside> Spool::set_aside(int number) {
  CAIRN_TRY(const std::vector<int> all, numbers());
  const bool there = std::find(all.begin(), all.end(), number) != all.end();
  const bool has_older = std::any_of(all.begin(), all.end(),
                                     [&](int other) { return other < number && verify(other); });
  if (!there || !has_older) return SetAside::no;
  known_good_.erase(number);
  CAIRN_CHECK(remove_tree(files_, aside_folder(number)));
  CAIRN_CHECK(files_.rename(checkpoint_folder(number), aside_folder(number)));
  CAIRN_CHECK(files_.sync_directory(folder_));
  return SetAside::yes;
}

Status Spool::recall() {
  CAIRN_TRY(const std::vector<int> aside, numbers(kAsideSuffix));
  for (const int number : aside)
    CAIRN_CHECK(files_.rename(aside_folder(number), checkpoint_folder(number)));
  return aside.empty() ? Status() : files_.sync_directory(folder_);
}

Result<int> Spool::last_number() {
  int last = -1;
  for (const char* const suffix : {"", kAsideSuffix}) {
    CAIRN_TRY(const std::vector<int> found, numbers(suffix));
    if (!found.empty()) last = std::max(last, found.front());
  }
  return last;
}

Result<Spool::Newest> Spool::newest() {
  Newest result;
  CAIRN_TRY(const std::vector<int> all, numbers());
  CAIRN_TRY(result.last_number, last_number());
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

Path Spool::aside_folder(int number) const { return checkpoint_folder(number) += kAsideSuffix; }
Path Spool::checkpoint_folder(int number) const { return folder_ / number_name(number); }

Result<std::vector<int>> Spool::numbers(const std::string& suffix) {
  std::vector<int> found;
  const auto names = files_.list(folder_);
  if (!names && names.error().code == Errc::not_found) return found;
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!name.ends_with(suffix)) continue;
    const auto number = parse_integer(name.substr(0, name.size() - suffix.size()));
    if (number && *number >= 0 && *number <= INT_MAX &&
        number_name(static_cast<int>(*number)) + suffix == name)
      found.push_back(static_cast<int>(*number));
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

}  // namespace cairn
