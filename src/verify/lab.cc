#include "verify/lab.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "base/try.h"
#include "engine/sandbox.h"
#include "os/beneath.h"

namespace cairn::verify {
namespace {

namespace stdfs = std::filesystem;

constexpr const char* kMark = "CAIRN_ACTIVATION=verify";

// The engine's own files in a sandbox.
constexpr std::array<const char*, 5> kInternal = {kJobAdName, kMachineAdName, kProgressName,
                                                  kStdoutName, kStderrName};

bool is_internal(const std::string& name) {
  return std::find(kInternal.begin(), kInternal.end(), name) != kInternal.end();
}

// "#!/usr/bin/env python3" -> /usr/bin/env; empty: no script.
Path interpreter_of(const Path& program) {
  PosixFileSystem files;
  auto file = files.open(program);
  std::array<std::byte, 256> head{};
  if (!file) return {};
  const auto got = (*file)->read_at(0, head);
  if (!got || *got < 3) return {};
  std::string line(reinterpret_cast<const char*>(head.data()), *got);
  if (!line.starts_with("#!")) return {};
  line = std::string(trim(line.substr(2, line.find('\n') - 2)));
  return line.substr(0, line.find(' '));
}

}  // namespace

Lab::Lab(const Path& scratch, ImageStore& store, JobAd ad, JobSpec job)
    : scratch_(scratch), store_(store), ad_(std::move(ad)), job_(std::move(job)) {}

Result<std::unique_ptr<Lab>> Lab::open(const JobAd& ad, const Path& scratch, ImageStore& store) {
  CAIRN_TRY(JobSpec job, job_spec(ad));
  if (!job.transfer_files)
    return Error{Errc::unsupported, "a job with should_transfer_files = NO works in its own folder",
                 0, "verify it with should_transfer_files = YES and its files listed"};
  PosixFileSystem files;
  CAIRN_CHECK(files.make_folder(scratch));
  std::unique_ptr<Lab> lab(new Lab(scratch, store, ad, std::move(job)));
  CAIRN_CHECK(lab->stage());
  lab->isolation_ = find_isolation(lab->needed_paths());
  return lab;
}

Status Lab::stage() {
  PosixFileSystem files;
  // What it says counts, also where nobody keeps it.
  const auto is_thrown_away = [](const Path& file) { return file.empty() || file == "/dev/null"; };
  compares_stdout_ = !is_thrown_away(job_.output);
  if (!compares_stdout_) job_.output = "stdout";
  if (is_thrown_away(job_.error)) job_.error = "stderr";
  const Path folder = scratch_ / "staged";
  CAIRN_CHECK(files.make_folder(folder));
  const StageOrder order{.ad = ad_.text(),
                         .machine_ad = "Cpus = 1\n",
                         .job_folder = folder,
                         .sandbox = folder / kSandboxPart,
                         .slot = "slot1@verify",
                         .mark = kMark};
  Sandbox sandbox(files, order, job_);
  CAIRN_TRY(const auto bytes, sandbox.stage(nullptr));
  static_cast<void>(bytes);
  stdout_name_ = sandbox.stdout_file().filename();
  stderr_name_ = sandbox.stderr_file().filename();
  stdin_name_ = sandbox.stdin_file().filename();
  CAIRN_TRY(first_, store_.capture(folder / kSandboxPart));
  return remove_tree(files, folder);
}

// The program where it is not transferred, what interprets it, and what its environment names.
std::vector<Path> Lab::needed_paths() const {
  std::vector<Path> needed;
  const Path program = job_.initial_directory / job_.executable;
  if (!job_.transfer_executable) needed.push_back(program);
  if (const Path interpreter = interpreter_of(program); !interpreter.empty())
    needed.push_back(interpreter);
  for (const auto& [name, value] : job_.environment)
    for (const std::string& path : split_list(value, ':'))
      if (std::error_code unknown; path.starts_with('/') && stdfs::exists(path, unknown))
        needed.emplace_back(path);
  return needed;
}

// ---- machines

Image Lab::fresh() const { return with_part({}, kSandboxPart, first_); }

Image Lab::fresh(const Image& checkpoint) const {
  return with_part({}, kSandboxPart, overlaid(first_, checkpoint));
}

Result<Machine> Lab::set_up(const Image& folder, Site site) {
  const int number = ++machines_;
  Machine machine;
  machine.folder = scratch_ / cat("machine-", number);
  machine.host_name = site == Site::usual ? "cairn-verify" : cat("cairn-verify-", number);
  machine.hidden = {scratch_.parent_path()};
  machine.sandbox_path = machine.sandbox();
  if (isolation_.mounts)
    machine.sandbox_path =
        site == Site::usual ? Path("/execute/dir_1") : Path(cat("/execute/dir_", number + 1));
  const auto times = site == Site::usual ? ImageStore::Times::kept : ImageStore::Times::fresh;
  CAIRN_CHECK(store_.lay_out(folder, machine.folder, times));
  return machine;
}

Status Lab::tear_down(const Machine& machine) const {
  PosixFileSystem files;
  return remove_tree(files, machine.folder);
}

Path Lab::program_seen(const Machine& machine) const {
  const Path given = job_.initial_directory / job_.executable;
  return job_.transfer_executable ? machine.sandbox_path / given.filename() : given;
}

ExecutionOrder Lab::order(const Machine& machine) const {
  PosixFileSystem files;
  const StageOrder stage{.ad = {},
                         .machine_ad = {},
                         .job_folder = {},
                         .sandbox = machine.sandbox_path,
                         .slot = cat("slot1@", machine.host_name),
                         .mark = kMark};
  ExecutionOrder order;
  order.program = program_seen(machine);
  order.arguments = {order.program};
  order.arguments.insert(order.arguments.end(), job_.arguments.begin(), job_.arguments.end());
  order.environment = Sandbox(files, stage, job_).environment();
  order.machine = machine;
  order.isolation = isolation_;
  order.working_folder = machine.sandbox_path;
  if (!stdin_name_.empty()) order.stdin_part = in_sandbox(stdin_name_);
  if (!stdout_name_.empty()) order.stdout_part = in_sandbox(stdout_name_);
  if (!stderr_name_.empty()) order.stderr_part = in_sandbox(stderr_name_);
  return order;
}

// ---- lists

// What the entries of a list stand for.  Contents come from the image, unless they arrive under
// another name than they have.
Result<Image> Lab::listed(const Machine& machine, const Image& sandbox,
                          const std::vector<std::string>& list,
                          std::vector<std::string>* missing) const {
  CAIRN_TRY(const Beneath beneath, Beneath::open(machine.sandbox()));
  Image image;
  for (const std::string& entry : list) {
    auto items = beneath.walk(entry, job_.preserve_relative_paths);
    if (!items && missing != nullptr && items.error().code == Errc::not_found) {
      missing->push_back(entry);
      continue;
    }
    if (!items) return std::move(items).error();
    const bool moved = entry.find('/') != std::string::npos && !job_.preserve_relative_paths;
    for (const FileItem& item : *items) {
      const ImageEntry* const kept = moved ? nullptr : sandbox.find(item.name);
      if (item.folder) {
        image.entries[item.name] = {ImageEntry::Kind::folder, item.mode, 0, {}};
      } else if (kept != nullptr && kept->kind == ImageEntry::Kind::file) {
        image.entries[item.name] = *kept;
      } else {
        CAIRN_TRY(const auto file, item.open());
        CAIRN_TRY(const std::uint64_t bytes, file->size());
        std::vector<std::byte> content(bytes);
        CAIRN_TRY(const std::size_t got, file->read_at(0, content));
        CAIRN_TRY(image.entries[item.name], store_.add(Bytes(content).first(got), item.mode));
      }
    }
  }
  return image;
}

// Without a list: every new or changed file on top of the sandbox, no folders.
Image Lab::changed(const Image& sandbox) const {
  Image image;
  for (const auto& [name, entry] : sandbox.entries) {
    if (name.find('/') != std::string::npos || entry.kind != ImageEntry::Kind::file) continue;
    const ImageEntry* const old = first_.find(name);
    if (is_internal(name) || name == "__pycache__" || (old != nullptr && *old == entry)) continue;
    image.entries[name] = entry;
  }
  return image;
}

Result<Image> Lab::checkpoint(const Machine& machine, const Image& folder) const {
  const Image sandbox = part_of(folder, kSandboxPart);
  const auto& list = job_.checkpoint_files ? job_.checkpoint_files : job_.output_files;
  Image image;
  if (list) {
    CAIRN_TRY(image, listed(machine, sandbox, *list, nullptr));
  } else {
    image = changed(sandbox);
  }
  for (const std::string& stream : {stdout_name_, stderr_name_})
    if (const ImageEntry* const entry = sandbox.find(stream); entry != nullptr)
      image.entries[stream] = *entry;
  return image;
}

Result<Lab::Outputs> Lab::outputs(const Machine& machine, const Image& folder) const {
  const Image sandbox = part_of(folder, kSandboxPart);
  Outputs outputs;
  if (job_.output_files) {
    CAIRN_TRY(outputs.outcome.outputs,
              listed(machine, sandbox, *job_.output_files, &outputs.missing));
  } else {
    outputs.outcome.outputs = changed(sandbox);
  }
  if (const ImageEntry* const entry = sandbox.find(stdout_name_); entry && compares_stdout_)
    outputs.outcome.standard_output = *entry;
  return outputs;
}

Image Lab::state_of(Image image) {
  std::erase_if(image.entries, [](const auto& entry) {
    const std::string& name = entry.first;
    return is_internal(name_in_sandbox(name).value_or(name)) ||
           name.find("__pycache__") != std::string::npos;
  });
  return image;
}

std::string Lab::standard_output(const Image& folder) const {
  const ImageEntry* const entry = folder.find(in_sandbox(stdout_name_));
  return entry == nullptr ? std::string() : text(*entry);
}

std::string Lab::standard_error(const Image& folder) const {
  const ImageEntry* const entry = folder.find(in_sandbox(stderr_name_));
  return entry == nullptr || stderr_name_ == stdout_name_ ? std::string() : text(*entry);
}

std::string Lab::text(const ImageEntry& entry) const {
  auto content = store_.read(entry);
  return content ? *std::move(content) : std::string();
}

// ---- state and results

namespace {

// Does every version begin with the one before, and grow?
bool grows(const std::string& name, const std::vector<const Image*>& checkpoints, const Lab& lab) {
  std::string before;
  int versions = 0;
  for (const Image* const checkpoint : checkpoints) {
    const ImageEntry* const entry = checkpoint->find(name);
    if (entry == nullptr || entry->kind != ImageEntry::Kind::file) continue;
    std::string now = lab.text(*entry);
    if (versions > 0 && (!now.starts_with(before) || now.size() == before.size())) return false;
    before = std::move(now);
    ++versions;
  }
  return versions > 1;
}

}  // namespace

void Lab::learn_state(const std::vector<const Image*>& checkpoints, const Image& sandbox,
                      const Image& outputs) {
  std::vector<const Image*> versions = checkpoints;
  versions.push_back(&sandbox);
  for (const Image* const checkpoint : checkpoints)
    for (const auto& [name, entry] : checkpoint->entries)
      if (entry.kind == ImageEntry::Kind::file && !is_internal(name) && !grown_.contains(name) &&
          !state_.contains(name))
        (grows(name, versions, *this) ? grown_ : state_).insert(name);
  const bool has_results =
      std::any_of(outputs.entries.begin(), outputs.entries.end(), [&](const auto& entry) {
        return entry.second.kind == ImageEntry::Kind::file && !state_.contains(entry.first);
      });
  // A state that is listed as the only result is one.
  const bool lists_both = job_.output_files && job_.checkpoint_files;
  if (!has_results && (lists_both || !compares_stdout_)) state_.clear();
}

Image Lab::results_of(Image outputs, const Image& reference) const {
  std::erase_if(outputs.entries, [&](const auto& entry) {
    return state_.contains(entry.first) ||
           (!job_.output_files && reference.find(entry.first) == nullptr);
  });
  return outputs;
}

std::string Lab::state_key(const Image& image) { return key_of(state_of(image)); }

Image Lab::state_only(const Image& checkpoint) const {
  Image state = state_of(checkpoint);
  std::erase_if(state.entries, [&](const auto& entry) { return is_output(entry.first); });
  return state;
}

std::vector<std::string> Lab::state_names(const Image& checkpoint) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : state_only(checkpoint).entries) names.push_back(name);
  return names;
}

bool Lab::is_output(const std::string& name) const {
  if (job_.output_files && job_.checkpoint_files)
    return std::any_of(
        job_.output_files->begin(), job_.output_files->end(),
        [&](const std::string& entry) { return entry == name || name.starts_with(entry + "/"); });
  return grown_.contains(name);
}

}  // namespace cairn::verify
