// `cairn show`: what a checkpoint holds, and whether it verifies.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "base/try.h"
#include "base/units.h"
#include "cli/verb.h"
#include "engine/spool_manifest.h"
#include "format/describe.h"
#include "os/beneath.h"
#include "os/filesystem.h"

namespace cairn::cli {
namespace {

using Json = nlohmann::json;

constexpr const char* kFooter =
    "FOLDER is a program's checkpoint folder (gen-000041.cairn …), or a spooled checkpoint\n"
    "(MANIFEST); FILE is one generation.\n"
    "Exit status: 0 all of it verifies; 1 something is damaged or torn, or there is nothing;\n"
    "  2 wrong usage.\n"
    "Example: cairn show state.ckpt --json";

class FileBytes final : public ByteSource {
 public:
  static Result<FileBytes> open(FileSystem& files, const Path& path) {
    CAIRN_TRY(auto file, files.open(path));
    CAIRN_TRY(const std::uint64_t bytes, file->size());
    return FileBytes(path, std::move(file), bytes);
  }
  std::string name() const override { return path_.native(); }
  std::uint64_t size() const override { return bytes_; }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) override {
    return file_->read_at(offset, into);
  }

 private:
  FileBytes(Path path, std::unique_ptr<File> file, std::uint64_t bytes)
      : path_(std::move(path)), file_(std::move(file)), bytes_(bytes) {}
  Path path_;
  std::unique_ptr<File> file_;
  std::uint64_t bytes_;
};

// ---- what was found

struct Generation {
  Path file;
  std::optional<GenerationReport> report;  // none: `error` says why
  std::optional<Error> error;
  bool good() const { return report && report->verified(); }
};

struct SpooledFile {
  std::string name;
  std::optional<Error> damage;
};

struct Findings {
  std::vector<Generation> generations;              // newest first
  std::vector<std::string> unfinished;              // *.tmp: a crash left them, readers ignore them
  std::optional<std::vector<SpooledFile>> spooled;  // by MANIFEST
  std::optional<Error> manifest_damage;

  bool empty() const { return generations.empty() && !spooled && !manifest_damage; }
  bool good() const {
    return !empty() && !manifest_damage &&
           std::all_of(generations.begin(), generations.end(),
                       [](const Generation& one) { return one.good(); }) &&
           (!spooled || std::none_of(spooled->begin(), spooled->end(),
                                     [](const SpooledFile& file) { return file.damage; }));
  }
};

Generation look_at_generation(FileSystem& files, const Path& path) {
  Generation found{.file = path, .report = {}, .error = {}};
  auto source = FileBytes::open(files, path);
  if (!source) {
    found.error = source.error();
    return found;
  }
  auto report = inspect_generation(*source, parse_generation_file_name(path.filename().native()));
  if (report)
    found.report = *std::move(report);
  else
    found.error = report.error();
  return found;
}

Status verify_spooled(const Beneath& folder, const SpoolManifestLine& line) {
  CAIRN_TRY(auto file, folder.open_file(line.name));
  std::vector<std::byte> buffer(1 << 20);
  Sha256 sum;
  for (std::uint64_t offset = 0;;) {
    CAIRN_TRY(const std::size_t got, file->read_at(offset, buffer));
    sum.add(Bytes(buffer).first(got));
    offset += got;
    if (got < buffer.size()) break;
  }
  if (sum.hex() == line.sha256) return {};
  return Error{
      Errc::corrupt, line.name + " is damaged: its SHA-256 is not that of MANIFEST", 0, {}};
}

Status look_at_spooled(FileSystem& files, const Path& folder, Findings& found) {
  CAIRN_TRY(const std::string text, read_file(files, folder / kSpoolManifestName));
  auto manifest = decode_spool_manifest(text);
  if (!manifest) {
    found.manifest_damage = manifest.error();
    return {};
  }
  CAIRN_TRY(const Beneath beneath, Beneath::open(folder));
  found.spooled.emplace();
  for (const SpoolManifestLine& line : *manifest) {
    SpooledFile file{line.name, {}};
    if (auto good = verify_spooled(beneath, line); !good) file.damage = good.error();
    found.spooled->push_back(std::move(file));
  }
  return {};
}

Status look_at_folder(FileSystem& files, const Path& folder, Findings& found) {
  CAIRN_TRY(auto names, files.list(folder));
  std::reverse(names.begin(), names.end());
  for (const std::string& name : names) {
    if (parse_generation_file_name(name))
      found.generations.push_back(look_at_generation(files, folder / name));
    else if (name.ends_with(".cairn.tmp"))
      found.unfinished.push_back(name);
    else if (name == kSpoolManifestName)
      CAIRN_CHECK(look_at_spooled(files, folder, found));
  }
  if (!found.spooled) return {};
  // A spooled checkpoint holds the program's checkpoint folder.
  for (const std::string& name : names)
    if (auto info = files.info(folder / name); info && info->kind == FileInfo::Kind::folder)
      CAIRN_CHECK(look_at_folder(files, folder / name, found));
  return {};
}

Result<Findings> look(const Path& path) {
  PosixFileSystem files;
  Findings found;
  if (std::filesystem::is_directory(path)) {
    CAIRN_CHECK(look_at_folder(files, path, found));
  } else {
    CAIRN_TRY([[maybe_unused]] const FileInfo exists, files.info(path));
    found.generations.push_back(look_at_generation(files, path));
  }
  return found;
}

// ---- for people

void print(const Findings& found, const Path& path) {
  if (found.empty()) std::cout << path.native() << ": no checkpoint\n";
  if (found.manifest_damage) std::cout << "MANIFEST: " << found.manifest_damage->text() << '\n';
  if (found.spooled) {
    std::cout << fmt::format("spooled checkpoint, {} files by MANIFEST\n", found.spooled->size());
    for (const SpooledFile& file : *found.spooled)
      std::cout << fmt::format("  {:<32} {}\n", file.name,
                               file.damage ? file.damage->text() : "verified");
  }
  for (const Generation& one : found.generations) {
    std::cout << one.file.native() << (one.good() ? ": verified\n" : ": NOT usable\n");
    std::cout << (one.report ? describe(*one.report) : "  " + one.error->text() + "\n") << '\n';
  }
  for (const std::string& name : found.unfinished)
    std::cout << name << ": unfinished, left by a crash or being written; readers ignore it\n";
}

// ---- for programs; docs/cli.md has the keys

Json to_json(const Section& section, const SectionVerdict& verdict) {
  Json json = {{"name", section.name},
               {"type", section.type},
               {"element_bytes", section.element_bytes},
               {"shape", section.shape},
               {"encoding", encoding_name(section.encoding)},
               {"stored_bytes", section.stored_bytes},
               {"raw_bytes", section.raw_bytes},
               {"checksum", to_hex(section.checksum)},
               {"verified", !verdict.damage}};
  if (verdict.damage) json["error"] = verdict.damage->text();
  if (verdict.value) json["value"] = *verdict.value;
  return json;
}

Json to_json(const Generation& one) {
  Json json = {{"file", one.file.native()}, {"verified", one.good()}};
  if (one.error) json["error"] = one.error->text();
  if (!one.report) return json;
  const Manifest& manifest = one.report->manifest;
  json["generation"] = manifest.generation;
  json["bytes"] = one.report->file_bytes;
  json["identity"] = Json::object();
  for (const auto& [key, value] : manifest.identity) json["identity"][key] = value;
  json["regions"] = Json::array();
  for (std::size_t i = 0; i < manifest.sections.size(); ++i)
    json["regions"].push_back(to_json(manifest.sections[i], one.report->verdicts.at(i)));
  json["loops"] = Json::array();
  for (const LoopRecord& loop : manifest.loops)
    json["loops"].push_back({{"name", loop.name},
                             {"first", loop.first},
                             {"last", loop.last},
                             {"next", loop.next},
                             {"finished", loop.finished},
                             {"percent", loop_percent(loop)}});
  json["files"] = Json::array();
  for (const FileRecord& file : manifest.files)
    json["files"].push_back(
        {{"path", file.path}, {"bytes", file.bytes}, {"checksum", to_hex(file.checksum)}});
  return json;
}

Json to_json(const Findings& found, const Path& path) {
  Json json = {{"path", path.native()},
               {"verified", found.good()},
               {"generations", Json::array()},
               {"unfinished", found.unfinished}};
  for (const Generation& one : found.generations) json["generations"].push_back(to_json(one));
  if (found.manifest_damage) json["manifest_error"] = found.manifest_damage->text();
  if (!found.spooled) return json;
  json["spooled"] = Json::array();
  for (const SpooledFile& file : *found.spooled) {
    Json entry = {{"file", file.name}, {"verified", !file.damage}};
    if (file.damage) entry["error"] = file.damage->text();
    json["spooled"].push_back(std::move(entry));
  }
  return json;
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  struct Choices {
    std::string path;
    bool json = false;
  };
  const auto choices = std::make_shared<Choices>();
  app.add_option("PATH", choices->path, "A checkpoint folder or a generation file")->required();
  app.add_flag("--json", choices->json, "The same as JSON");
  return [choices] {
    const auto found = look(choices->path);
    if (!found) return refuse(found.error());
    if (choices->json)  // names may be any bytes
      std::cout
          << to_json(*found, choices->path).dump(2, ' ', false, Json::error_handler_t::replace)
          << '\n';
    else
      print(*found, choices->path);
    if (found->empty()) complain(choices->path + " holds no checkpoint");
    return static_cast<int>(found->good() ? kOk : kNotOk);
  };
}

}  // namespace

const Verb kShow = {"show", "Shows what a checkpoint holds, and whether it verifies", kFooter,
                    false, declare};

}  // namespace cairn::cli
