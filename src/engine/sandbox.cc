#include "engine/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>

#include "base/checksum.h"
#include "base/text.h"
#include "base/try.h"
#include "engine/spool_manifest.h"
#include "os/descriptor.h"

namespace cairn {
namespace {

namespace stdfs = std::filesystem;

// HTCondor's STARTER_NUM_THREADS_ENV_VARS: libraries that would take all cores take those
// of the slot.
constexpr std::array<const char*, 12> kThreadVariables = {"CUBACORES",
                                                          "GOMAXPROCS",
                                                          "JULIA_NUM_THREADS",
                                                          "MKL_NUM_THREADS",
                                                          "NUMEXPR_NUM_THREADS",
                                                          "OMP_NUM_THREADS",
                                                          "OMP_THREAD_LIMIT",
                                                          "OPENBLAS_NUM_THREADS",
                                                          "PYTHON_CPU_COUNT",
                                                          "ROOT_MAX_THREADS",
                                                          "TF_LOOP_PARALLEL_ITERATIONS",
                                                          "TF_NUM_THREADS"};

// For sandboxes: no sync, they do not outlive a power cut.
Result<std::uint64_t> copy_file(FileSystem& files, File& from, const Path& target, unsigned mode) {
  CAIRN_TRY(auto to, files.create(target, mode));
  CAIRN_TRY(const std::uint64_t bytes, to->append_all_of(from));
  CAIRN_CHECK(to->close());
  return bytes;
}

// A file of a checkpoint; what nobody may write to becomes the same file, see spool.h.
Result<std::uint64_t> bring(FileSystem& files, const FileItem& item, File& from,
                            const Path& target) {
  if (!is_immutable(item)) return copy_file(files, from, target, item.mode | 0600U);
  if (files.link(from, target)) return from.size();
  return copy_file(files, from, target, item.mode);
}

// For the submit side: under another name first, so that nobody sees half a file.
Result<std::uint64_t> publish_file(FileSystem& files, File& from, const Path& target,
                                   const Path& part, unsigned mode) {
  const Path folder = target.parent_path();
  auto bytes = [&]() -> Result<std::uint64_t> {
    CAIRN_TRY(auto to, files.create(part, mode));
    CAIRN_TRY(const std::uint64_t copied, to->append_all_of(from));
    CAIRN_CHECK(to->sync());
    CAIRN_CHECK(to->close());
    CAIRN_CHECK(files.rename(part, target));
    return copied;
  }();
  if (!bytes) {
    std::ignore = files.remove(part);  // it takes room, which may be what is missing
    return bytes;
  }
  CAIRN_CHECK(files.sync_directory(folder));
  return bytes;
}

Error filesystem_error(const char* what, const Path& path, const std::error_code& code) {
  return system_error(what, path, code.value());
}

// /dev/null and its like take what is written, and stay what they are.
Result<std::uint64_t> write_to_device(File& from, const Path& device) {
  Descriptor fd(::open(device.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return system_error("open", device, errno);
  const auto to = make_file(std::move(fd), device);
  CAIRN_TRY(const std::uint64_t bytes, to->File::append_all_of(from));
  CAIRN_CHECK(to->close());
  return bytes;
}

// A link that the user put in an output's place stays: what it leads to is replaced.
Result<Path> place_of(const Path& target) {
  std::error_code failure;
  Path place = target;
  // As many as Linux follows.
  for (int links = 0; links < 40; ++links) {
    if (!stdfs::is_symlink(stdfs::symlink_status(place, failure))) return place;
    const Path next = stdfs::read_symlink(place, failure);
    if (failure) return filesystem_error("read link", place, failure);
    place = place.parent_path() / next;
  }
  return system_error("write", target, ELOOP);
}

constexpr std::string_view kPartPrefix = ".cairn-part-";

// The name a file has until it is whole: the activation's own, since others may deliver the same
// file, and the one before may be at its end.
Path part_name(const Path& sandbox, const Path& target) {
  const Checksum sum = checksum(as_bytes(cat(sandbox.native(), '\0', target.native())));
  return target.parent_path() / cat(kPartPrefix, to_hex(sum).substr(0, 16));
}

// A user's own input: links to files are followed, links to folders are not (they may be circles).
Result<std::uint64_t> copy_input(FileSystem& files, const Path& from, const Path& target) {
  std::error_code failure;
  const auto status = stdfs::status(from, failure);
  if (status.type() == stdfs::file_type::not_found) return system_error("read input", from, ENOENT);
  if (failure) return filesystem_error("read input", from, failure);
  const auto mode = static_cast<unsigned>(status.permissions()) & 0777U;
  if (stdfs::is_regular_file(status)) {
    CAIRN_TRY(auto file, files.open(from));
    return copy_file(files, *file, target, mode | 0600U);
  }
  if (!stdfs::is_directory(status)) return std::uint64_t{0};  // sockets and FIFOs, as HTCondor
  CAIRN_CHECK(files.make_folder(target));
  CAIRN_TRY(const auto names, files.list(from));
  std::uint64_t bytes = 0;
  for (const std::string& name : names) {
    const Path inner = from / name;
    if (stdfs::is_symlink(inner, failure) && stdfs::is_directory(inner, failure))
      return Error{Errc::invalid, cat("input ", inner.native(), " is a symbolic link to a folder"),
                   0, "list the folder it points to instead"};
    CAIRN_TRY(const std::uint64_t more, copy_input(files, inner, target / name));
    bytes += more;
  }
  return bytes;
}

Status make_folders(FileSystem& files, const Path& folder) {
  std::error_code unknown;
  if (folder.has_parent_path() && folder.parent_path() != folder && !stdfs::exists(folder, unknown))
    CAIRN_CHECK(make_folders(files, folder.parent_path()));
  return files.make_folder(folder);
}

// All that a spooled checkpoint consists of; folders come before what is in them.
Result<std::vector<FileItem>> spooled_items(FileSystem& files,
                                            const SpooledCheckpoint& checkpoint) {
  CAIRN_TRY(const auto names, files.list(checkpoint.folder));
  CAIRN_TRY(const Beneath spooled, Beneath::open(checkpoint.folder));
  std::vector<FileItem> items;
  for (const std::string& name : names) {
    if (name == kSpoolManifestName) continue;
    CAIRN_TRY(const auto found, spooled.walk(name, true));
    std::copy_if(found.begin(), found.end(), std::back_inserter(items),
                 [&](const FileItem& item) { return !checkpoint.left_out.contains(item.name); });
  }
  return items;
}

bool is_internal(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kInternal = {
      kJobAdName, kMachineAdName, kProgressName, kStdoutName, kStderrName};
  return std::find(kInternal.begin(), kInternal.end(), name) != kInternal.end();
}

std::string file_name(const Path& path) { return path.filename().native(); }

}  // namespace

// Holds the name of the part that an activation makes.
static std::string part_file_of(const Path& sandbox) { return cat("part.", file_name(sandbox)); }

Status sweep_parts(FileSystem& files, const Path& job_folder, const Path& sandbox) {
  const std::string newest = part_file_of(sandbox);
  auto names = files.list(job_folder);
  if (!names && names.error().code == Errc::not_found) return {};
  if (!names) return std::move(names).error();
  for (const std::string& name : *names) {
    if (!name.starts_with("part.")) continue;
    // The activations are numbered.
    const bool newer = std::pair(name.size(), name) > std::pair(newest.size(), newest);
    if (!sandbox.empty() && newer) continue;
    CAIRN_TRY(const Path part, read_file(files, job_folder / name));
    if (part.filename().native().starts_with(kPartPrefix))
      if (auto removed = files.remove(part); !removed && removed.error().code != Errc::not_found)
        return removed;
    CAIRN_CHECK(files.remove(job_folder / name));
  }
  return {};
}

// The job may write anything there, or replace the file by whatever.
std::optional<double> read_progress(const Path& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) == -1 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::array<char, 64> text{};
  const auto got = ::read(fd.get(), text.data(), text.size() - 1);
  if (got <= 0) return std::nullopt;
  char* end = nullptr;
  const double fraction = std::strtod(text.data(), &end);
  if (end == text.data() || !(fraction >= 0 && fraction <= 1)) return std::nullopt;
  return fraction;
}

Status check_inputs(const JobSpec& job, const Path& home) {
  std::error_code failure;
  const std::string inner = stdfs::weakly_canonical(home, failure).native() + "/";
  for (const std::string& entry : job.input_files) {
    std::string input = stdfs::weakly_canonical(job.initial_directory / entry, failure).native();
    if (!input.ends_with('/')) input += '/';
    if (!failure && inner.starts_with(input))
      return Error{Errc::invalid,
                   cat("input ", entry, " contains ", home.native(), ", where Cairn runs the job"),
                   0, "set CAIRN_HOME to a folder outside of it, or list what the job needs"};
  }
  return {};
}

Status check_output_folders(const JobSpec& job) {
  std::vector<Path> targets = {job.output, job.error, job.log};
  for (const auto& remap : job.output_remaps) targets.emplace_back(remap.second);
  for (const Path& target : targets) {
    const Path folder = (job.initial_directory / target).parent_path();
    std::error_code unknown;
    if (!target.empty() && !stdfs::is_directory(folder, unknown))
      return Error{Errc::not_found,
                   cat("there is no folder ", folder.native(), " for ", file_name(target)), 0,
                   "make it first"};
  }
  return {};
}

Sandbox::Sandbox(FileSystem& files, StageOrder order, JobSpec job)
    : files_(files), order_(std::move(order)), job_(std::move(job)), folder_(order_.sandbox) {}

// ---- in

Result<std::uint64_t> Sandbox::stage(const SpooledCheckpoint* checkpoint) {
  CAIRN_CHECK(make_folders(files_, folder_));
  CAIRN_CHECK(files_.set_mode(folder_, 0700));
  if (!job_.transfer_files) {
    CAIRN_CHECK(write_ads());
    return std::uint64_t{0};
  }
  CAIRN_CHECK(check_inputs(job_, order_.job_folder));
  CAIRN_TRY(std::uint64_t bytes, stage_executable());
  for (const std::string& entry : job_.input_files) {
    CAIRN_TRY(const std::uint64_t more, stage_input(entry));
    bytes += more;
  }
  if (!job_.input.empty()) {
    CAIRN_TRY(const std::uint64_t more, stage_input(job_.input.native()));
    bytes += more;
  }
  CAIRN_CHECK(save_catalogue());
  if (checkpoint != nullptr) {
    CAIRN_TRY(const std::uint64_t more, stage_checkpoint(*checkpoint));
    bytes += more;
  }
  CAIRN_CHECK(write_ads());
  return bytes;
}

Result<std::uint64_t> Sandbox::stage_executable() const {
  if (!job_.transfer_executable) return std::uint64_t{0};
  const Path from = job_.initial_directory / job_.executable;
  CAIRN_TRY(auto file, files_.open(from));
  return copy_file(files_, *file, folder_ / file_name(from), 0755);
}

// `dir/` stands for what is in the folder, `dir` for the folder.
Result<std::uint64_t> Sandbox::stage_input(const std::string& entry) const {
  if (entry.find("://") != std::string::npos)
    return Error{Errc::unsupported, cat("input ", entry, " is a URL"), 0,
                 "fetch it before the job, or in its executable"};
  const Path from = job_.initial_directory / entry;
  if (from.has_filename()) return copy_input(files_, from, folder_ / file_name(from));
  return copy_input(files_, from.parent_path(), folder_);
}

Result<std::uint64_t> Sandbox::stage_checkpoint(const SpooledCheckpoint& checkpoint) const {
  CAIRN_TRY(const auto items, spooled_items(files_, checkpoint));
  std::uint64_t bytes = 0;
  for (const FileItem& item : items) {
    const Path target = folder_ / item.name;
    // A folder of the checkpoint replaces an input folder as a whole.
    if (item.name.find('/') == std::string::npos) CAIRN_CHECK(remove_tree(files_, target));
    if (item.folder) {
      CAIRN_CHECK(files_.make_folder(target));
      continue;
    }
    CAIRN_TRY(auto file, item.open());
    CAIRN_TRY(const std::uint64_t more, bring(files_, item, *file, target));
    bytes += more;
  }
  return bytes;
}

Status Sandbox::write_ads() const {
  for (const auto& [name, text] :
       {std::pair(kJobAdName, &order_.ad), std::pair(kMachineAdName, &order_.machine_ad)}) {
    CAIRN_CHECK(remove_tree(files_, folder_ / name));  // an input may have that name
    CAIRN_TRY(auto file, files_.create(folder_ / name, 0644));
    CAIRN_CHECK(file->append(as_bytes(*text)));
    CAIRN_CHECK(file->close());
  }
  return {};
}

// ---- what is new

Result<Sandbox::Catalogue> Sandbox::look() const {
  CAIRN_TRY(const auto names, files_.list(folder_));
  Catalogue catalogue;
  for (const std::string& name : names) {
    std::error_code gone;  // a job may still write
    const Path path = folder_ / name;
    if (!stdfs::is_regular_file(path, gone)) continue;
    const auto bytes = stdfs::file_size(path, gone);
    const auto time = stdfs::last_write_time(path, gone);
    if (!gone) catalogue[name] = {bytes, time.time_since_epoch().count()};
  }
  return catalogue;
}

Path Sandbox::catalogue_file() const { return Path(folder_) += ".staged"; }

Status Sandbox::save_catalogue() const {
  CAIRN_TRY(const Catalogue catalogue, look());
  std::string text;
  for (const auto& [name, stamp] : catalogue)
    text += cat(stamp.bytes, " ", stamp.time, " ", name, '\0');
  CAIRN_TRY(auto file, files_.create(catalogue_file(), 0600));
  CAIRN_CHECK(file->append(as_bytes(text)));
  return file->close();
}

Result<Sandbox::Catalogue> Sandbox::load_catalogue() const {
  CAIRN_TRY(const std::string text, read_file(files_, catalogue_file()));
  std::istringstream in(text);
  Catalogue catalogue;
  Stamp stamp;
  for (std::string name;
       in >> stamp.bytes >> stamp.time && in.get() == ' ' && std::getline(in, name, '\0');)
    catalogue[name] = stamp;
  return catalogue;
}

// Without a list: every new or changed file on top of the sandbox, no folders.
Result<std::vector<FileItem>> Sandbox::changed_items() const {
  CAIRN_TRY(const Catalogue before, load_catalogue());
  CAIRN_TRY(const Catalogue now, look());
  CAIRN_TRY(const Beneath sandbox, Beneath::open(folder_));
  std::vector<FileItem> items;
  for (const auto& [name, stamp] : now) {
    const auto old = before.find(name);
    if (is_internal(name) || (old != before.end() && old->second == stamp)) continue;
    auto found = sandbox.walk(name, false);
    if (!found && found.error().code == Errc::invalid) continue;  // a link that leads out
    if (!found) return std::move(found).error();
    items.insert(items.end(), found->begin(), found->end());
  }
  return items;
}

// ---- out

bool Sandbox::streams_apart() const { return job_.output != job_.error; }

Path Sandbox::stdout_file() const {
  if (job_.output.empty() || job_.output == "/dev/null") return {};
  if (!job_.transfer_files) return job_.initial_directory / job_.output;
  return folder_ / kStdoutName;
}

Path Sandbox::stderr_file() const {
  if (job_.error.empty() || job_.error == "/dev/null") return {};
  if (!job_.transfer_files) return job_.initial_directory / job_.error;
  return folder_ / (streams_apart() ? kStderrName : kStdoutName);
}

Path Sandbox::stdin_file() const {
  if (job_.input.empty()) return {};
  const Path given = job_.initial_directory / job_.input;
  return job_.transfer_files ? folder_ / file_name(given) : given;
}

Result<std::vector<FileItem>> Sandbox::checkpoint_items() const {
  if (!job_.transfer_files) return std::vector<FileItem>();
  if (!job_.checkpoint_files) {
    CAIRN_TRY(auto outputs, output_items());
    return with_streams(std::move(outputs));
  }
  CAIRN_TRY(const Beneath sandbox, Beneath::open(folder_));
  CAIRN_TRY(auto items, sandbox.walk_all(*job_.checkpoint_files, job_.preserve_relative_paths));
  return with_streams(std::move(items));
}

Result<std::vector<FileItem>> Sandbox::eviction_items() const {
  CAIRN_TRY(auto outputs, output_items());
  return with_streams(std::move(outputs));
}

Result<std::vector<FileItem>> Sandbox::merged(std::vector<FileItem> items,
                                              const SpooledCheckpoint* checkpoint) const {
  if (checkpoint == nullptr) return items;
  std::set<std::string> replaced;
  for (const FileItem& item : items) replaced.insert(item.name.substr(0, item.name.find('/')));
  CAIRN_TRY(const auto kept, spooled_items(files_, *checkpoint));
  for (const FileItem& item : kept)
    if (!replaced.contains(item.name.substr(0, item.name.find('/')))) items.push_back(item);
  return items;
}

Result<std::vector<FileItem>> Sandbox::with_streams(std::vector<FileItem> items) const {
  CAIRN_TRY(const Beneath sandbox, Beneath::open(folder_));
  for (const Path& stream : {stdout_file(), stderr_file()}) {
    if (stream.empty()) continue;
    const std::string name = file_name(stream);
    const auto same = [&](const FileItem& item) { return item.name == name; };
    if (std::any_of(items.begin(), items.end(), same)) continue;
    CAIRN_TRY(const auto found, sandbox.walk(name, false));
    items.insert(items.end(), found.begin(), found.end());
  }
  return items;
}

Result<std::vector<FileItem>> Sandbox::output_items() const {
  if (!job_.output_files) return changed_items();
  CAIRN_TRY(const Beneath sandbox, Beneath::open(folder_));
  return sandbox.walk_all(*job_.output_files, job_.preserve_relative_paths);
}

// transfer_output_remaps names a file, or a folder and so all in it.
Path Sandbox::output_target(const std::string& name) const {
  for (const auto& [from, to] : job_.output_remaps) {
    if (name == from) return job_.initial_directory / to;
    if (name.starts_with(from + "/"))
      return job_.initial_directory / to / name.substr(from.size() + 1);
  }
  return job_.initial_directory / name;
}

Result<std::uint64_t> Sandbox::deliver(bool succeeded) const {
  if (!job_.transfer_files) return std::uint64_t{0};
  CAIRN_CHECK(sweep_parts(files_, order_.job_folder, folder_));
  // Looked for first: a missing one stops the job before anything is in its place.
  std::vector<FileItem> items;
  if (job_.when != TransferOutput::on_success || succeeded) {
    CAIRN_TRY(items, output_items());
  }
  CAIRN_TRY(std::uint64_t bytes, deliver_streams());
  for (const FileItem& item : items) {
    const Path target = output_target(item.name);
    if (item.folder) {
      CAIRN_CHECK(files_.make_folder(target));
      continue;
    }
    CAIRN_TRY(auto file, item.open());
    CAIRN_TRY(const std::uint64_t more, publish(*file, target, item.mode));
    bytes += more;
  }
  CAIRN_CHECK(sweep_parts(files_, order_.job_folder, folder_));
  return bytes;
}

// A starter that is killed meanwhile leaves a part; its name outlives it.
Result<std::uint64_t> Sandbox::publish(File& from, const Path& name_given, unsigned mode) const {
  CAIRN_TRY(const Path target, place_of(name_given));
  std::error_code unknown;
  const auto kind = stdfs::status(target, unknown).type();
  // What is no file would be lost if a file took its name.
  if (kind == stdfs::file_type::character) return write_to_device(from, target);
  if (kind == stdfs::file_type::fifo || kind == stdfs::file_type::socket ||
      kind == stdfs::file_type::block)
    return Error{Errc::invalid, cat("write ", target.native(), ": it is not a file"), EINVAL,
                 "remove it, or name another file"};
  const Path part = part_name(folder_, target);
  CAIRN_TRY(auto name, files_.create(Path(order_.job_folder) / part_file_of(folder_), 0600));
  CAIRN_CHECK(name->append(as_bytes(part.native())));
  CAIRN_CHECK(name->close());
  return publish_file(files_, from, target, part, mode);
}

Result<std::uint64_t> Sandbox::deliver_streams() const {
  if (!job_.transfer_files) return std::uint64_t{0};
  CAIRN_TRY(const Beneath sandbox, Beneath::open(folder_));
  std::uint64_t bytes = 0;
  const auto one = [&](const Path& stream, const Path& target) -> Status {
    if (stream.empty()) return {};
    auto file = sandbox.open_file(file_name(stream));
    if (!file && file.error().code == Errc::not_found) return {};  // never started
    if (!file) return std::move(file).error();
    CAIRN_TRY(const std::uint64_t more, publish(**file, job_.initial_directory / target, 0666));
    bytes += more;
    return {};
  };
  CAIRN_CHECK(one(stdout_file(), job_.output));
  if (streams_apart()) CAIRN_CHECK(one(stderr_file(), job_.error));
  return bytes;
}

// ---- the program

Path Sandbox::program() const {
  Path given = job_.initial_directory / job_.executable;
  if (!job_.transfer_files || !job_.transfer_executable) return given;
  return folder_ / file_name(given);
}

Path Sandbox::working_folder() const {
  return job_.transfer_files ? folder_ : job_.initial_directory;
}

std::vector<std::string> Sandbox::environment() const {
  std::map<std::string, std::string> all = {
      {"PATH", "/usr/local/bin:/usr/bin:/bin"},
  };
  for (const char* name : kThreadVariables) all[name] = std::to_string(order_.cpus);
  for (const auto& [name, value] : job_.environment) all[name] = value;
  // These the job cannot change: they are true.
  const std::string scratch = folder_.native();
  const std::string slot = order_.slot.substr(0, order_.slot.find('@'));
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"BATCH_SYSTEM", "HTCondor"},
           {"_CONDOR_SCRATCH_DIR", scratch},
           {"_CONDOR_SLOT", slot},
           {"_CONDOR_JOB_IWD", working_folder().native()},
           {"_CONDOR_JOB_AD", folder_ / kJobAdName},
           {"_CONDOR_MACHINE_AD", folder_ / kMachineAdName},
           {"TMPDIR", scratch},
           {"TEMP", scratch},
           {"TMP", scratch},
           {"CAIRN_PROGRESS", folder_ / kProgressName}})
    all[name] = value;
  if (job_.checkpoint_exit_code)
    all["CAIRN_CHECKPOINT_EXIT_CODE"] = std::to_string(*job_.checkpoint_exit_code);
  const auto equals = order_.mark.find('=');
  all[order_.mark.substr(0, equals)] = order_.mark.substr(equals + 1);
  std::vector<std::string> entries;
  entries.reserve(all.size());
  for (const auto& [name, value] : all) entries.push_back(cat(name, "=", value));
  return entries;
}

}  // namespace cairn
