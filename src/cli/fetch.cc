// `cairn fetch`: the checkpoint files of a job, as condor_evicted_files get.
//
// The engine may retire a checkpoint while it is copied, so nothing is believed but the
// MANIFEST, and the folder appears under its name only when every file has verified.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <iostream>
#include <memory>

#include "base/text.h"
#include "base/try.h"
#include "base/units.h"
#include "cli/job_files.h"
#include "cli/look.h"
#include "cli/pools.h"
#include "cli/verb.h"
#include "engine/spool_manifest.h"
#include "listing/json.h"
#include "listing/table.h"
#include "os/atomic_file.h"
#include "os/beneath.h"

namespace cairn::cli {
namespace {

namespace stdfs = std::filesystem;

constexpr const char* kFooter =
    "The folder appears whole or not at all, and every file is verified against MANIFEST.\n"
    "Exit status: 0; 1 there is no checkpoint, or none that verifies; 2 wrong usage, no such job.\n"
    "Examples: cairn fetch 12.3\n"
    "          cairn fetch 12.3 --list\n"
    "          cairn fetch 12.3 --checkpoint 41 --to look-at-it";

struct Choices {
  std::string job, to;
  std::optional<int> checkpoint;
  bool list = false, streams = false, json = false;
};

// Copies one file and gives the SHA-256 of what was copied.
Result<std::string> copy_file(FileSystem& files, File& from, const Path& to, unsigned mode) {
  CAIRN_TRY(auto copy, files.create(to, 0600));
  Sha256 hash;
  std::array<std::byte, 65536> piece{};
  for (std::uint64_t offset = 0;;) {
    CAIRN_TRY(const std::size_t got, from.read_at(offset, piece));
    if (got == 0) break;
    hash.add(Bytes(piece).first(got));
    CAIRN_CHECK(copy->append(Bytes(piece).first(got)));
    offset += got;
  }
  CAIRN_CHECK(copy->sync());
  CAIRN_CHECK(copy->close());
  CAIRN_CHECK(files.set_mode(to, mode));
  return hash.hex();
}

struct Copied {
  std::size_t files = 0;
};

// All files of a spooled checkpoint into `to`, which exists and is empty.
// Errors: corrupt, for what is not as the MANIFEST says; not_found, if it is retired meanwhile.
Result<Copied> copy_checkpoint(FileSystem& files, const Path& folder, const Path& to) {
  CAIRN_TRY(const std::string text, read_file(files, folder / kSpoolManifestName));
  CAIRN_TRY(const SpoolManifest manifest, decode_spool_manifest(text));
  CAIRN_TRY(const Beneath beneath, Beneath::open(folder));
  CAIRN_TRY(const std::vector<FileItem> items, beneath.walk("./", true));
  std::map<std::string, std::string> expected;
  for (const SpoolManifestLine& line : manifest) expected[line.name] = line.sha256;
  Copied copied;
  for (const FileItem& item : items) {
    if (item.name == kSpoolManifestName) continue;
    if (item.folder) {
      CAIRN_CHECK(files.make_folder(to / item.name));
      continue;
    }
    const auto line = expected.extract(item.name);
    if (line.empty())
      return Error{Errc::corrupt, fmt::format("{}: is not in the MANIFEST", item.name), 0, {}};
    CAIRN_TRY(auto from, item.open());
    CAIRN_TRY(const std::string hash, copy_file(files, *from, to / item.name, item.mode & 0777U));
    if (hash != line.mapped())
      return Error{Errc::corrupt,
                   fmt::format("{}: is not what was written (its SHA-256 differs)", item.name),
                   0,
                   {}};
    ++copied.files;
  }
  if (!expected.empty())
    return Error{Errc::corrupt, fmt::format("{}: is missing", expected.begin()->first), 0, {}};
  return copied;
}

class Fetch {
 public:
  Fetch(const Choices& choices, Look& look, JobRow row);
  Result<int> list();
  Result<int> get();

 private:
  Result<int> get_into(const Path& target, const Path& staging);
  Result<int> get_from_pool(const Path& target);
  Status add_streams(const Path& staging);
  std::string name() const { return to_text(row_.record.id); }

  const Choices& choices_;
  Look& look_;
  JobRow row_;
  ClusterRow cluster_;
  Home home_;  // where the job's spool is
  PosixFileSystem files_;
};

Fetch::Fetch(const Choices& choices, Look& look, JobRow row)
    : choices_(choices),
      look_(look),
      row_(std::move(row)),
      cluster_(look.cluster(row_.record.id.cluster)),
      home_(home_of(look.home(), cluster_, row_.record.id)) {}

// Whether it verifies, found out by reading all of it.
std::string verdict(FileSystem& files, const Path& folder) {
  const auto text = read_file(files, folder / kSpoolManifestName);
  if (!text) return "no MANIFEST";
  const auto manifest = decode_spool_manifest(*text);
  if (!manifest) return "MANIFEST is damaged";
  for (const SpoolManifestLine& line : *manifest) {
    auto file = files.open(folder / line.name);
    if (!file) return line.name + " is missing";
    Sha256 hash;
    std::array<std::byte, 65536> piece{};
    std::uint64_t offset = 0;
    for (;;) {
      const auto got = (*file)->read_at(offset, piece);
      if (!got) return line.name + " cannot be read";
      if (*got == 0) break;
      hash.add(Bytes(piece).first(*got));
      offset += *got;
    }
    if (hash.hex() != line.sha256) return line.name + " is damaged";
  }
  return "verified";
}

Result<int> Fetch::list() {
  if (cluster_.runner == "htcondor")
    return Error{Errc::unsupported, "a pool of HTCondor does not say what its spool holds", 0,
                 fmt::format("cairn fetch {} copies it", name())};
  const auto checkpoints = spooled(home_, row_.record.id);
  auto rows = nlohmann::ordered_json::array();
  listing::Table table({{"CKPT", listing::Align::right},
                        {"TIME"},
                        {"SIZE", listing::Align::right},
                        {"STATE", listing::Align::left, true}});
  bool good = false;
  for (const listing::SpooledFacts& each : checkpoints) {
    const std::string state =
        verdict(files_, checkpoint_folder(home_, row_.record.id, each.number));
    good = good || state == "verified";
    table.add({cat(each.number), listing::date_word(each.time_ms), format_size(each.bytes), state});
    rows.push_back({{"number", each.number},
                    {"time_ms", each.time_ms},
                    {"bytes", each.bytes},
                    {"verified", state == "verified"},
                    {"state", state}});
  }
  if (choices_.json)
    std::cout << listing::dump({{"job", name()}, {"checkpoints", std::move(rows)}});
  else if (checkpoints.empty())
    complain(fmt::format("job {} has no checkpoint", name()));
  else
    std::cout << table.text();
  return good ? kOk : kNotOk;
}

Status Fetch::add_streams(const Path& staging) {
  for (const auto& [stream, file_name] :
       {std::pair(Stream::output, "stdout"), std::pair(Stream::error, "stderr")}) {
    const Path from = stream_file(look_.home(), row_, stream);
    if (from.empty() || stdfs::exists(staging / file_name)) continue;
    auto file = files_.open(from);
    if (!file && file.error().code == Errc::not_found) continue;
    if (!file) return std::move(file).error();
    auto copied = copy_file(files_, **file, staging / file_name, 0644);
    if (!copied) return std::move(copied).error();
  }
  return {};
}

Result<int> Fetch::get_into(const Path& target, const Path& staging) {
  std::string skipped;
  constexpr int kTries = 5;  // each time the engine has retired what was being copied
  for (int tries = 0; tries < kTries; ++tries) {
    bool retired = false;
    auto checkpoints = spooled(home_, row_.record.id);
    if (choices_.checkpoint)
      std::erase_if(checkpoints,
                    [&](const auto& each) { return each.number != *choices_.checkpoint; });
    if (checkpoints.empty()) {
      complain(choices_.checkpoint
                   ? fmt::format("job {} has no checkpoint {}; see cairn fetch {} --list", name(),
                                 *choices_.checkpoint, name())
                   : fmt::format("job {} has no checkpoint", name()));
      return kNotOk;
    }
    for (const listing::SpooledFacts& each : checkpoints) {
      const Path folder = checkpoint_folder(home_, row_.record.id, each.number);
      CAIRN_CHECK(remove_tree(files_, staging));
      CAIRN_CHECK(files_.make_folder(staging));
      auto copied = copy_checkpoint(files_, folder, staging);
      if (!copied && !stdfs::exists(folder)) {
        retired = true;
        break;
      }
      if (!copied) {
        skipped = fmt::format("checkpoint {} of job {} does not verify: {}", each.number, name(),
                              copied.error().message);
        complain(skipped);
        continue;
      }
      if (choices_.streams) CAIRN_CHECK(add_streams(staging));
      CAIRN_CHECK(files_.sync_directory(staging));
      if (stdfs::exists(stdfs::symlink_status(target)))
        return Error{Errc::misuse, fmt::format("{} exists already", target.native()), 0, {}};
      CAIRN_CHECK(files_.rename(staging, target));
      CAIRN_CHECK(files_.sync_directory(folder_of(target)));
      if (choices_.json)
        std::cout << listing::dump({{"job", name()},
                                    {"checkpoint", each.number},
                                    {"files", copied->files},
                                    {"bytes", each.bytes},
                                    {"folder", target.native()}});
      else
        std::cout << fmt::format("checkpoint {} of job {}: {} file{}, {}, in {}\n", each.number,
                                 name(), copied->files, copied->files == 1 ? "" : "s",
                                 format_size(each.bytes), listing::printable(target.native()));
      return kOk;
    }
    if (!retired) break;
  }
  if (skipped.empty())
    complain(fmt::format("job {} makes checkpoints faster than they can be copied; vacate it first",
                         name()));
  return kNotOk;
}

// A pool keeps one checkpoint, without sums of what is in it.
Result<int> Fetch::get_from_pool(const Path& target) {
  if (choices_.checkpoint || choices_.streams)
    return Error{Errc::unsupported,
                 "a pool of HTCondor gives its newest checkpoint, and nothing besides", 0,
                 "leave --checkpoint and --streams out"};
  ClusterRecord record;
  record.cluster = cluster_.cluster;
  record.runner = cluster_.runner;
  record.pool_id = cluster_.pool_id;
  auto fetched = fetch_from_pool(record, row_.record.id, target);
  if (!fetched && fetched.error().code == Errc::not_found) {
    complain(fetched.error().text());
    return kNotOk;
  }
  if (!fetched) return std::move(fetched).error();
  if (choices_.json)
    std::cout << listing::dump({{"job", name()}, {"folder", target.native()}});
  else
    std::cout << fmt::format("the newest checkpoint of job {} in {}, as {} keeps it\n", name(),
                             listing::printable(target.native()), cluster_.runner);
  return kOk;
}

Result<int> Fetch::get() {
  const Path target = choices_.to.empty() ? Path(name() + ".ckpt") : Path(choices_.to);
  if (stdfs::exists(stdfs::symlink_status(target)))
    return Error{Errc::misuse, fmt::format("{} exists already", target.native()), 0,
                 "move it away, or name another folder with --to"};
  if (cluster_.runner == "htcondor") return get_from_pool(target);
  const Path staging = Path(target.native() + ".tmp");
  auto status = get_into(target, staging);
  std::ignore = remove_tree(files_, staging);
  return status;
}

Result<int> go(const Choices& choices) {
  CAIRN_TRY(Look look, Look::open());
  JobSelection selection;
  selection.words = {choices.job};
  std::vector<JobRow> rows;
  CAIRN_CHECK(look.each(selection, false, false, [&](JobRow&& row) {
    rows.push_back(std::move(row));
    return rows.size() < 2;
  }));
  if (rows.size() != 1)
    return Error{Errc::misuse, fmt::format("'{}' means several jobs; fetch takes one", choices.job),
                 0, rows.empty() ? "" : fmt::format("say which: {}", to_text(rows[0].record.id))};
  Fetch fetch(choices, look, std::move(rows.front()));
  return choices.list ? fetch.list() : fetch.get();
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = std::make_shared<Choices>();
  app.add_option("JOB", choices->job, "12.3, or the name or cluster of a single job")->required();
  app.add_option("--to", choices->to, "The folder that is made; default: JOB.ckpt");
  app.add_option("--checkpoint", choices->checkpoint, "This number; default: the newest good one");
  app.add_flag("--streams", choices->streams,
               "Also what the job printed so far, as stdout and stderr");
  app.add_flag("--list", choices->list, "Only say which there are, and whether they verify");
  app.add_flag("--json", choices->json, "As one JSON object");
  return [choices] { return exit_status(go(*choices)); };
}

}  // namespace

const Verb kFetch = {"fetch", "Copies a job's checkpoint files out of the spool", kFooter, false,
                     declare};

}  // namespace cairn::cli
