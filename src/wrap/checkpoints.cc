#include "wrap/checkpoints.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/text.h"
#include "base/try.h"
#include "os/standard_streams.h"
#include "session/environment.h"
#include "wrap/mapped_file.h"
#include "wrap/placeholders.h"
#include "wrap/program.h"

namespace cairn::wrap {
namespace {

namespace stdfs = std::filesystem;

// The wrapper's own facts, besides the program's files.
constexpr const char* kFactsName = ".cairn-wrap";
constexpr std::string_view kElapsed = "elapsed_seconds = ";
constexpr const char* kInputsName = ".cairn-inputs";
constexpr const char* kFacts = "facts";  // the type of both

const Path kHere = ".";
constexpr const char* kAside = ".aside";
constexpr const char* kChanged = ".changed";
constexpr const char* kSuspect = ".suspect";

// Whether a pattern like * has met the wrapper's own: the checkpoints, and what was put aside.
bool is_ours(const std::string& name, const Path& folder) {
  const std::string whole = folder.lexically_normal().generic_string();
  for (const std::string& each : {whole, whole + kAside, whole + kChanged})
    if (name == each || name.starts_with(each + "/")) return true;
  return false;
}

// And a standard stream: put back, it would be another file than the one that is written to.
void erase_ours(FileSet& found, const Path& folder) {
  const auto streams = standard_stream_files();
  const auto is_stream = [&](const std::string& name, std::uint64_t inode) {
    struct stat info {};
    return std::any_of(streams.begin(), streams.end(),
                       [&](const auto& stream) { return stream.second == inode; }) &&
           ::lstat(name.c_str(), &info) == 0 && streams.contains({info.st_dev, info.st_ino});
  };
  std::erase_if(found, [&](const auto& entry) {
    const auto& [name, mark] = entry;
    return is_ours(name, folder) ||
           (mark.kind == FileMark::Kind::file && is_stream(name, mark.inode));
  });
}

bool is_safe(const std::string& name) { return check_pattern(name).has_value(); }

Status check_names(const Manifest& manifest) {
  for (const Section& section : manifest.sections)
    if (!is_safe(section.name))
      return Error{Errc::corrupt, cat("it has a file with the name ", section.name), 0, {}};
  return {};
}

// A section's type says what the name is: "file 644", "folder 755", "link".
std::string type_of(const FileMark& mark) {
  if (mark.kind == FileMark::Kind::link) return "link";
  std::string octal;
  for (unsigned rest = mark.mode & 0777U; rest != 0; rest /= 8)
    octal.insert(octal.begin(), static_cast<char>('0' + rest % 8));
  return cat(mark.kind == FileMark::Kind::file ? "file " : "folder ", octal.empty() ? "0" : octal);
}

unsigned mode_of(const std::string& type) {
  unsigned mode = 0;
  const auto blank = type.find(' ');
  if (blank == type.npos) return 0644;
  for (const char digit : type.substr(blank + 1))
    mode = mode * 8 + static_cast<unsigned>(digit - '0');
  return mode & 0777U;
}

bool is_whole(const Section& section, const std::string& name) {
  auto file = MappedFile::open(name);
  return file && file->bytes().size() == section.raw_bytes && section.encoding == Encoding::raw &&
         checksum(file->bytes()) == section.checksum;
}

Status put_link(const std::string& name, const std::string& target) {
  const std::string part = name + ".cairn-part";
  ::unlink(part.c_str());
  if (::symlink(target.c_str(), part.c_str()) != 0 || ::rename(part.c_str(), name.c_str()) != 0)
    return system_error("link", name, errno);
  return {};
}

Status put_file(ByteSource& source, const Section& section) {
  const Path part = section.name + ".cairn-part";
  {
    CAIRN_TRY(const auto file, MappedFile::create(part, section.raw_bytes, mode_of(section.type)));
    CAIRN_CHECK(read_section_into(source, section, file.mutable_bytes()));
  }
  if (::rename(part.c_str(), section.name.c_str()) != 0) return system_error("rename", part, errno);
  return {};
}

std::int64_t elapsed_in(ByteSource& source, const Manifest& manifest) {
  for (const Section& section : manifest.sections) {
    if (section.name != kFactsName) continue;
    const auto bytes = read_section(source, section);
    if (!bytes) return 0;
    const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    if (!text.starts_with(kElapsed)) return 0;
    return parse_integer(trim(text.substr(kElapsed.size()))).value_or(0);
  }
  return 0;
}

Status move_to(const Path& folder, const std::string& name) {
  std::error_code failure;
  stdfs::create_directories((folder / name).parent_path(), failure);
  stdfs::rename(name, folder / name, failure);
  return failure ? Status(system_error("move", name, failure.value())) : Status();
}

std::string words_of(const GenerationWriter::Identity& identity) {
  std::string words;
  for (const auto& [key, value] : identity)
    words += cat(words.empty() ? "" : ", ", key == "command" ? "" : key + " ", "'", value, "'");
  return words;
}

// "a.txt, b.txt and 3 more"
std::string some_of(const FileSet& files) {
  constexpr std::size_t kMost = 3;
  std::vector<std::string> names;
  for (const auto& [name, mark] : files) {
    if (names.size() == kMost) break;
    names.push_back(name);
  }
  return cat(join(names, ", "),
             files.size() > kMost ? cat(" and ", files.size() - kMost, " more") : "");
}

bool is_damage(const Error& error) {
  return error.code == Errc::corrupt || error.code == Errc::not_found ||
         (error.code == Errc::io && error.sys_errno == EIO);
}

}  // namespace

Checkpoints::Checkpoints(FileSystem& files, const WrapOptions& options, FolderLock lock,
                         GenerationFolder folder)
    : files_(&files),
      options_(&options),
      lock_(std::move(lock)),
      folder_(std::move(folder)),
      patterns_(options.checkpoint_files) {
  patterns_.insert(patterns_.end(), options.optional_files.begin(), options.optional_files.end());
}

Result<Checkpoints> Checkpoints::open(FileSystem& files, const WrapOptions& options) {
  for (const auto* patterns :
       {&options.checkpoint_files, &options.optional_files, &options.open_files, &options.rollback})
    for (const std::string& pattern : *patterns) CAIRN_CHECK(check_pattern(pattern));
  CAIRN_CHECK(GenerationFolder::make(files, options.folder));
  CAIRN_TRY(auto lock, FolderLock::take(options.folder));
  CAIRN_TRY(auto folder, GenerationFolder::open(files, options.folder));
  return Checkpoints(files, options, std::move(lock), std::move(folder));
}

GenerationWriter::Identity Checkpoints::identity() const {
  GenerationWriter::Identity identity = {{"command", quoted_line(options_->program)}};
  if (!options_->identity.empty()) identity.emplace_back("identity", options_->identity);
  return identity;
}

Result<FileSet> Checkpoints::present(std::vector<std::string>* unmatched) const {
  CAIRN_TRY(FileSet found, find_files(kHere, options_->checkpoint_files, unmatched));
  CAIRN_TRY(FileSet more, find_files(kHere, options_->optional_files));
  found.merge(more);
  erase_ours(found, options_->folder);
  if (!before_) return found;
  CAIRN_TRY(const FileSet now, others());
  for (const auto& [name, mark] : now) {
    const auto was = before_->find(name);
    if (was == before_->end() || was->second != mark || since_.contains(name))
      found.emplace(name, mark);
  }
  return found;
}

Result<FileSet> Checkpoints::whole() const {
  CAIRN_TRY(FileSet found, present());
  CAIRN_TRY(FileSet open, find_files(kHere, options_->open_files));
  erase_ours(open, options_->folder);
  found.merge(open);
  return found;
}

// What nobody has named: not the wrapper's, and no standard stream, which the job's system keeps.
Result<FileSet> Checkpoints::others() const {
  const std::string folder = options_->folder.lexically_normal().generic_string();
  CAIRN_TRY(FileSet found, all_files(kHere, [&](const std::string& name) {
              return name == folder || name == folder + kAside || name == folder + kChanged;
            }));
  erase_ours(found, options_->folder);
  std::erase_if(found, [&](const auto& entry) {
    return stands_for(patterns_, entry.first) || stands_for(options_->rollback, entry.first);
  });
  return found;
}

Status Checkpoints::look_before() {
  if (!options_->whole_folder) return {};
  CAIRN_TRY(before_, others());
  return {};
}

std::optional<std::string> Checkpoints::only_file() const {
  const auto found = present();
  return found && found->size() == 1 ? std::optional(found->begin()->first) : std::nullopt;
}

bool Checkpoints::is_named(const std::string& file) const {
  return patterns_.size() == 1 && patterns_.front() == file;
}

bool Checkpoints::is_renewed() const {
  const auto found = present();
  return found && *found != last_;
}

// ---- taking

// Why these files are no checkpoint; empty: they are.
Result<std::string> Checkpoints::flaw(const FileSet& found,
                                      const std::vector<std::string>& unmatched) const {
  if (!unmatched.empty()) return cat(unmatched.front(), " is missing");
  for (const auto& [name, mark] : found) {
    const auto slash = name.rfind('/');
    const bool is_inside = slash != name.npos && found.contains(name.substr(0, slash));
    const bool is_optional =
        stands_for(options_->optional_files, name) || !stands_for(options_->checkpoint_files, name);
    if (mark.kind == FileMark::Kind::file && mark.bytes == 0 && !is_inside && !is_optional)
      return cat(name, " is empty");
  }
  if (options_->check.empty()) return std::string();
  CAIRN_TRY(const CommandResult result, run_shell(options_->check, options_->grace));
  return result.succeeded()
             ? std::string()
             : cat("the check", in_a_line(options_->check), " says no: ", result.failure());
}

Result<FileSet> Checkpoints::output_files() const {
  CAIRN_TRY(FileSet found, find_files(kHere, options_->rollback));
  std::erase_if(found, [&](const auto& entry) {
    return entry.second.kind != FileMark::Kind::file || is_ours(entry.first, options_->folder);
  });
  return found;
}

// Makes output files durable: as they are, or as long as they were at a renewal.
Result<std::vector<FileRecord>> Checkpoints::settle(const FileSet* then) {
  CAIRN_TRY(const FileSet found, output_files());
  std::vector<FileRecord> records;
  for (const auto& [name, mark] : found) {
    std::optional<std::uint64_t> bytes;
    if (then != nullptr) {
      const auto was = then->find(name);
      if (was == then->end()) continue;  // it is younger
      bytes = was->second.bytes;
    }
    auto output = outputs_.find(name);
    if (output == outputs_.end()) output = outputs_.emplace(name, OutputFile(name, nullptr)).first;
    CAIRN_TRY(records.emplace_back(), output->second.settle(*files_, bytes));
  }
  return records;
}

Status Checkpoints::commit(std::uint64_t number, const FileSet& found,
                           const std::vector<FileRecord>& outputs, std::int64_t elapsed_seconds) {
  const bool tells_time = elapsed_seconds > 0;
  const auto fill = [&](GenerationWriter& writer) -> Status {
    if (tells_time) {
      const std::string facts = cat(kElapsed, elapsed_seconds, "\n");
      CAIRN_CHECK(writer.add_section({.name = kFactsName, .type = kFacts}, as_bytes(facts)));
    }
    if (!inputs_.empty())
      CAIRN_CHECK(writer.add_section({.name = kInputsName, .type = kFacts}, as_bytes(inputs_)));
    for (const auto& [name, mark] : found) {
      const SectionInfo info{.name = name, .type = type_of(mark)};
      if (mark.kind != FileMark::Kind::file) {
        CAIRN_CHECK(writer.add_section(info, as_bytes(mark.target)));
        continue;
      }
      CAIRN_TRY(const MappedFile file, MappedFile::open(name));
      CAIRN_CHECK(writer.add_section(info, file.bytes()));
    }
    CAIRN_TRY(const FileSet after, whole());
    if (after != found && !(number == 0 && options_->whole_folder))
      return Error{Errc::mismatch, "the files changed while they were being read", 0, {}};
    CAIRN_CHECK(writer.finish(outputs));
    return {};
  };
  CAIRN_CHECK(folder_.commit(number, identity(), fill));
  folder_.retain(options_->keep);
  return {};
}

Result<Checkpoints::Taken> Checkpoints::take(std::int64_t elapsed_seconds,
                                             const FileSet* outputs_then) {
  std::vector<std::string> unmatched;
  CAIRN_TRY(const FileSet found, present(&unmatched));
  if (found == last_ && unmatched.empty())
    return Taken{NewState::none, cat(join(patterns_, ", "), patterns_.size() == 1 ? " is" : " are",
                                     " as at the last checkpoint")};
  CAIRN_TRY(std::string why, flaw(found, unmatched));
  if (!why.empty()) return Taken{NewState::bad, std::move(why)};
  auto outputs = settle(outputs_then);
  if (!outputs && outputs.error().code == Errc::corrupt)
    return Taken{NewState::bad, outputs.error().message};
  if (!outputs) return std::move(outputs).error();
  CAIRN_TRY(const FileSet all, whole());
  CAIRN_TRY(const std::uint64_t number, folder_.next());
  if (auto done = commit(number, all, *outputs, elapsed_seconds); !done) {
    if (done.error().code == Errc::mismatch) return Taken{NewState::bad, done.error().message};
    return std::move(done).error();
  }
  last_ = found;
  Taken taken{NewState::good, {}, number};
  for (const auto& [name, mark] : all) taken.bytes += mark.bytes;
  return taken;
}

// ---- restoring

// What is there before the first start: which folder it is, then one line each, which tells whether
// a file is still the same.
Result<std::string> Checkpoints::inputs() const {
  struct statx here {};
  if (::statx(AT_FDCWD, ".", 0, STATX_INO | STATX_BTIME, &here) != 0)
    return system_error("stat", kHere, errno);
  CAIRN_TRY(const FileSet found, others());
  // Its inode may be another's later; with the time of its birth it is not.
  std::string text = cat(here.stx_dev_major, ':', here.stx_dev_minor, ':', here.stx_ino, ':',
                         here.stx_btime.tv_sec, ':', here.stx_btime.tv_nsec, '\n');
  for (const auto& [name, mark] : found)
    if (name.find('\n') == name.npos)
      text += cat(mark.inode, ' ', mark.bytes, ' ', mark.changed_ns, ' ', name, '\n');
  return text;
}

namespace {

// The lines of inputs(), by name; the first is by "".
std::map<std::string, std::string> by_name(const std::string& inputs) {
  std::map<std::string, std::string> lines;
  for (std::size_t begin = 0; begin < inputs.size();) {
    const std::size_t end = std::min(inputs.find('\n', begin), inputs.size());
    const std::string line = inputs.substr(begin, end - begin);
    std::size_t name = 0;
    for (int word = 0; word < 3 && name != line.npos; ++word)
      name = line.find(' ', name + (word == 0 ? 0 : 1));
    lines.emplace(name == line.npos ? std::string() : line.substr(name + 1), line);
    begin = end + 1;
  }
  return lines;
}

}  // namespace

// What the program has made after this checkpoint, if it is still here.
// Errors: mismatch: it has changed something that was there before, and the checkpoint lacks.
Result<FileSet> Checkpoints::beyond(ByteSource& source, const Manifest& manifest) {
  since_.clear();
  inputs_.clear();
  for (const Section& section : manifest.sections) {
    if (section.name == kInputsName) {
      CAIRN_TRY(const auto bytes, read_section(source, section));
      inputs_.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    } else if (section.type != kFacts && !stands_for(patterns_, section.name)) {
      since_.insert(section.name);
    }
  }
  CAIRN_TRY(const std::string text, inputs());
  const auto now = by_name(text), were = by_name(inputs_);
  CAIRN_TRY(FileSet extra, others());
  std::erase_if(extra, [&](const auto& entry) {
    return since_.contains(entry.first) || were.contains(entry.first);
  });
  // Elsewhere they were brought anew.
  if (!were.contains("") || were.at("") != now.at("")) return extra;
  for (const auto& [name, line] : now) {
    const auto was = were.find(name);
    std::error_code ignored;
    if (was == were.end() || was->second == line || since_.contains(name) ||
        !stdfs::is_regular_file(name, ignored))
      continue;
    return Error{Errc::mismatch,
                 cat(name, " was changed after the newest checkpoint, which does not have it"), 0,
                 "bring it back as it was before the first start"};
  }
  return extra;
}

Result<Checkpoints::Start> Checkpoints::begin() {
  Start start;
  std::vector<std::string> unmatched;
  CAIRN_TRY(FileSet found, present(&unmatched));
  std::erase_if(found, [](const auto& entry) { return entry.second.kind != FileMark::Kind::file; });
  // An image that nobody knows of is not the user's.
  const bool is_input = !options_->whole_folder;
  if (options_->adopt && !found.empty()) {
    CAIRN_TRY(const Taken taken, take(0));
    if (taken.state == NewState::good) {
      start.generation = taken.generation;
      start.warnings.push_back(
          cat("it goes on from the files that are here; they are checkpoint ", taken.generation));
      return start;
    }
    start.warnings.push_back(cat("there is no state to go on from, since ", taken.why,
                                 "; it starts from the beginning, and what is here stays"));
  } else if (!found.empty() && is_input) {
    start.warnings.push_back(cat(
        some_of(found), found.size() == 1 ? " is" : " are",
        unmatched.empty() ? " here" : cat(" here without ", unmatched.front()),
        ", and no checkpoint yet: taken for input, left as it is",
        unmatched.empty() ? "; if it is a state of the program to go on from, give --adopt" : ""));
  }
  if (options_->whole_folder) {
    CAIRN_TRY(inputs_, inputs());
  }
  CAIRN_TRY(const auto outputs, settle(nullptr));
  CAIRN_TRY(const FileSet all, whole());
  CAIRN_CHECK(commit(0, is_input ? all : FileSet(), outputs, 0));
  if (!is_input) CAIRN_CHECK(put_aside(all, {}));
  CAIRN_TRY(last_, present());
  return start;
}

// As another command found it, which has left no checkpoint.
Status Checkpoints::undo_beginning(std::vector<std::string>& warnings) {
  CAIRN_TRY(const auto source, folder_.source(0));
  CAIRN_TRY(const Manifest manifest, read_manifest(*source, 0));
  CAIRN_CHECK(verify_generation(*source, 0));
  CAIRN_CHECK(check_names(manifest));
  CAIRN_TRY(auto changed, keep_changed(manifest));
  if (changed) warnings.push_back(*std::move(changed));
  CAIRN_TRY(const FileSet all, whole());
  CAIRN_CHECK(put_aside(all, manifest));
  return put_back(*source, manifest);
}

// Of a whole one: a damaged one may be ours.
bool Checkpoints::belongs_to_another(std::uint64_t number) const {
  const auto source = folder_.source(number);
  if (!source) return false;
  const auto manifest = read_manifest(**source, number);
  return manifest && manifest->identity != identity();
}

Result<Checkpoints::Start> Checkpoints::restore(std::uint64_t below) {
  std::vector<std::string> warnings;
  const std::set<std::uint64_t> present = folder_.present();
  if (present.empty()) return begin();
  if (below == 0 && present == std::set<std::uint64_t>{0} && belongs_to_another(0)) {
    CAIRN_CHECK(undo_beginning(warnings));
    CAIRN_TRY(Start start, begin());
    start.warnings.insert(start.warnings.begin(), warnings.begin(), warnings.end());
    return start;
  }
  for (auto number = present.rbegin(); number != present.rend(); ++number) {
    if (below != 0 && *number >= below) {
      folder_.distrust(*number);
      suspects_.insert(*number);
      continue;
    }
    // Never from the beginning by itself, once there was more.
    if (*number == 0 && below == 0 && !warnings.empty()) break;
    auto start = restore_one(*number);
    if (start) {
      start->warnings.insert(start->warnings.begin(), warnings.begin(), warnings.end());
      return start;
    }
    if (!is_damage(start.error())) return start;
    warnings.push_back(cat("checkpoint ", *number, " is not used: ", start.error().message));
  }
  if (below != 0)
    return Error{Errc::not_found, cat("there is no checkpoint before ", below), 0, {}};
  return Error{Errc::corrupt,
               cat("none of the ", warnings.size(), " checkpoints in ", options_->folder.native(),
                   " can be used: ", warnings.front()),
               0,
               "bring back the folder and the output files from a copy; or remove it, to start "
               "from the beginning"};
}

// For good: their output is about to be cut back.
Status Checkpoints::leave_suspects() {
  for (const std::uint64_t number : suspects_) {
    const Path file = folder_.file_of(number);
    std::error_code failure;
    stdfs::rename(file, Path(file) += kSuspect, failure);
    if (failure && failure != std::errc::no_such_file_or_directory)
      return system_error("rename", file, failure.value());
  }
  suspects_.clear();
  return {};
}

Result<Checkpoints::Start> Checkpoints::restore_one(std::uint64_t number) {
  CAIRN_TRY(const auto source, folder_.source(number));
  CAIRN_TRY(const Manifest manifest, read_manifest(*source, number));
  if (manifest.identity != identity())
    return Error{Errc::mismatch,
                 cat(options_->folder.native(), " belongs to another command: ",
                     words_of(manifest.identity), "; this one is ", words_of(identity())),
                 0, "give this one another --folder, or remove the old one to start anew"};
  CAIRN_CHECK(verify_generation(*source, number));
  CAIRN_CHECK(check_names(manifest));
  std::map<std::string, OutputFile> outputs;
  for (const FileRecord& record : manifest.files) {
    if (!is_safe(record.path))
      return Error{Errc::corrupt, cat("it has an output with the name ", record.path), 0, {}};
    OutputFile output(record.path, nullptr);
    CAIRN_CHECK(output.compare(*files_, record));
    outputs.emplace(record.path, std::move(output));
  }
  outputs_ = std::move(outputs);
  folder_.accept(number);
  CAIRN_CHECK(leave_suspects());
  before_.reset();
  std::optional<std::string> changed;
  if (number == 0) {
    CAIRN_TRY(changed, keep_changed(manifest));
  }
  CAIRN_TRY(FileSet found, whole());
  if (options_->whole_folder) {
    CAIRN_TRY(FileSet extra, beyond(*source, manifest));
    found.merge(extra);
  }
  CAIRN_TRY(FileSet grown, output_files());
  std::erase_if(grown, [&](const auto& entry) { return outputs_.contains(entry.first); });
  found.merge(grown);
  CAIRN_CHECK(put_aside(found, manifest));
  CAIRN_CHECK(put_back(*source, manifest));
  for (auto& [name, output] : outputs_) CAIRN_CHECK(output.cut_back(*files_));
  CAIRN_TRY(last_, present());
  Start start{number, elapsed_in(*source, manifest), {}};
  if (changed) start.warnings.push_back(*std::move(changed));
  return start;
}

Status Checkpoints::put_back(ByteSource& source, const Manifest& manifest) {
  for (const Section& section : manifest.sections) {
    if (section.type == kFacts) continue;
    std::error_code failure;
    const Path parent = Path(section.name).parent_path();
    if (!parent.empty()) stdfs::create_directories(parent, failure);
    if (section.type.starts_with("folder")) {
      stdfs::create_directories(section.name, failure);
      if (failure) return system_error("make folder", section.name, failure.value());
      continue;
    }
    if (section.type == "link") {
      CAIRN_TRY(const auto target, read_section(source, section));
      CAIRN_CHECK(
          put_link(section.name, {reinterpret_cast<const char*>(target.data()), target.size()}));
      continue;
    }
    if (!is_whole(section, section.name)) CAIRN_CHECK(put_file(source, section));
  }
  return {};
}

Status Checkpoints::put_aside(const std::string& pattern) {
  const Path aside = Path(options_->folder) += kAside;
  CAIRN_TRY(const FileSet found, find_files(kHere, {pattern}));
  std::string moved = "/";  // a folder goes with what is in it
  for (const auto& [name, mark] : found) {
    if (name.starts_with(moved + "/") || is_ours(name, options_->folder) ||
        stands_for(patterns_, name) || stands_for(options_->rollback, name) ||
        stands_for(options_->open_files, name))
      continue;
    CAIRN_CHECK(remove_tree(*files_, aside / name));
    CAIRN_CHECK(move_to(aside, name));
    moved = name;
  }
  return {};
}

// Input that is not as it was at the first start: the program may have changed it, or its user.
Result<std::optional<std::string>> Checkpoints::keep_changed(const Manifest& manifest) {
  const Path folder = Path(options_->folder) += kChanged;
  FileSet changed;
  for (const Section& section : manifest.sections) {
    struct stat info {};
    if (!section.type.starts_with("file") || ::lstat(section.name.c_str(), &info) != 0 ||
        !S_ISREG(info.st_mode) || is_whole(section, section.name))
      continue;
    CAIRN_CHECK(remove_tree(*files_, folder / section.name));
    CAIRN_CHECK(move_to(folder, section.name));
    changed.emplace(section.name, FileMark());
  }
  if (changed.empty()) return std::optional<std::string>();
  return std::optional(cat(some_of(changed), changed.size() == 1 ? " is" : " are",
                           " put back as at the first start; what was there now is in ",
                           folder.native(), "; to begin with that, put it back and remove ",
                           options_->folder.native()));
}

// What a killed program left, beyond the checkpoint.
Status Checkpoints::put_aside(const FileSet& found, const Manifest& manifest) {
  const Path aside = Path(options_->folder) += kAside;
  std::set<std::string> kept;
  for (const Section& section : manifest.sections) kept.insert(section.name);
  bool is_clean = false;
  std::vector<std::string> folders;
  for (const auto& [name, mark] : found) {
    if (kept.contains(name)) continue;
    if (mark.kind == FileMark::Kind::folder) {
      folders.push_back(name);
      continue;
    }
    if (!is_clean) CAIRN_CHECK(remove_tree(*files_, aside));
    is_clean = true;
    CAIRN_CHECK(move_to(aside, name));
  }
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    std::error_code not_empty;
    stdfs::remove(*folder, not_empty);
  }
  return {};
}

}  // namespace cairn::wrap
