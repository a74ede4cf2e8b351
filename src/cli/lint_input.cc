#include "cli/lint_input.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/text.h"
#include "base/try.h"
#include "cli/submit_world.h"
#include "os/command.h"
#include "os/filesystem.h"

namespace cairn::cli {
namespace {

namespace stdfs = std::filesystem;

class DiskReader final : public lint::FileReader {
 public:
  std::optional<Facts> look(const Path& path) const override {
    std::error_code problem;
    const auto status = stdfs::status(path, problem);
    if (problem || !stdfs::exists(status)) return std::nullopt;
    const auto any_execute =
        stdfs::perms::owner_exec | stdfs::perms::group_exec | stdfs::perms::others_exec;
    return Facts{.is_folder = stdfs::is_directory(status),
                 .is_executable = (status.permissions() & any_execute) != stdfs::perms::none};
  }
  // Not of FIFOs and devices, which may never end.
  std::optional<std::string> read(const Path& path, std::size_t bytes_max) const override {
    std::error_code problem;
    if (!stdfs::is_regular_file(path, problem)) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    const auto size = stdfs::file_size(path, problem);
    if (problem) return std::nullopt;
    std::string text(std::min<std::uintmax_t>(size, bytes_max), '\0');
    file.read(text.data(), std::ssize(text));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
  }
};

Result<std::optional<lint::PoolVersion>> pool_version_of(const std::string& wanted) {
  if (!wanted.empty()) {
    const auto version = lint::parse_pool_version(wanted);
    if (!version)
      return Error{Errc::invalid, cat("\"", wanted, "\" is no version of HTCondor"), 0,
                   "write it as 8.9.7"};
    return std::optional(*version);
  }
  // Without HTCondor here nothing is known of the pool, and nothing is said about versions.
  const auto said =
      run_command({.arguments = {"condor_version"}, .patience = std::chrono::seconds(5)});
  if (!said || !said->succeeded()) return std::optional<lint::PoolVersion>();
  return lint::parse_pool_version(said->output);
}

}  // namespace

Result<lint::LintInput> lint_input(const std::string& file, const std::string& pool_version) {
  static const DiskReader reader;
  PosixFileSystem files;
  lint::LintInput input;
  input.file = file;
  CAIRN_TRY(input.text, read_file(files, file));
  input.directory = stdfs::canonical(file).parent_path();
  input.files = &reader;
  input.world = std::make_shared<RealWorld>(input.directory, 0);
  CAIRN_TRY(input.pool, pool_version_of(pool_version));
  return input;
}

}  // namespace cairn::cli
