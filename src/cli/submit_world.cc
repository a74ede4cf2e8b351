#include "cli/submit_world.h"

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/text.h"
#include "base/try.h"
#include "engine/machine.h"
#include "os/command.h"

namespace cairn::cli {
namespace {

namespace stdfs = std::filesystem;

// glob() must take the folder's name as it is.
std::string without_wildcards(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '*' || letter == '?' || letter == '[' || letter == '\\') escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

std::uint64_t bytes_below(const stdfs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code unreadable;
  stdfs::recursive_directory_iterator entry(
      folder, stdfs::directory_options::skip_permission_denied, unreadable);
  for (; !unreadable && entry != stdfs::recursive_directory_iterator();
       entry.increment(unreadable)) {
    std::error_code gone;
    if (!entry->is_regular_file(gone) || gone) continue;
    const auto size = entry->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

}  // namespace

RealWorld::RealWorld(Path directory, std::uint64_t seed)
    : directory_(std::move(directory)), random_(seed) {}

Path RealWorld::absolute(const std::string& path) const { return directory_ / path; }

Result<std::string> RealWorld::read(const std::string& path) {
  PosixFileSystem files;
  return read_file(files, absolute(path));
}

Status RealWorld::write(const std::string& path, const std::string& text) {
  std::ofstream out(absolute(path), std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (out) return {};
  return Error{Errc::io, fmt::format("cannot write {}", absolute(path).native()), errno, {}};
}

Result<std::string> RealWorld::read_stdin() {
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<std::string> RealWorld::output_of(const std::vector<std::string>& command) {
  CAIRN_TRY(CommandResult result,
            run_command({.arguments = command, .working_folder = directory_}));
  if (result.succeeded()) return std::move(result.output);
  return Error{Errc::io, fmt::format("{} {}", command.front(), result.failure()), 0, {}};
}

std::vector<SubmitWorld::Match> RealWorld::glob(const std::string& pattern) {
  const bool relative = !pattern.starts_with('/');
  const std::string before = relative ? directory_.native() + "/" : std::string();
  glob_t found{};
  const int flags = GLOB_MARK | GLOB_NOSORT;
  std::vector<Match> matches;
  if (::glob((without_wildcards(before) + pattern).c_str(), flags, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      std::string name = std::string(found.gl_pathv[i]).substr(before.size());
      const bool folder = name.ends_with('/');
      matches.push_back({std::move(name), folder});
    }
  ::globfree(&found);
  std::sort(matches.begin(), matches.end(),
            [](const Match& a, const Match& b) { return a.name < b.name; });
  return matches;
}

std::optional<SubmitWorld::FileFacts> RealWorld::look_at(const std::string& path) {
  const Path whole = absolute(path);
  std::error_code unknown;
  const auto status = stdfs::status(whole, unknown);
  if (unknown || !stdfs::exists(status)) return std::nullopt;
  if (stdfs::is_directory(status)) return FileFacts{.bytes = bytes_below(whole), .folder = true};
  const auto size = stdfs::file_size(whole, unknown);
  return FileFacts{.bytes = unknown ? 1 : size, .folder = false};
}

std::optional<std::string> RealWorld::variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<std::pair<std::string, std::string>> RealWorld::environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos && equals > 0)
      variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

SubmitMachine submit_machine() {
  SubmitMachine machine;
  const MachineSystem system = this_system();
  machine.arch = system.arch;
  if (system.name.empty()) return machine;
  machine.opsys_major_version = system.major_version;
  machine.opsys_version = system.version;
  machine.opsys_and_version = system.name + system.major_version;
  return machine;
}

int utc_offset_seconds(std::int64_t now_seconds) {
  const std::time_t now = now_seconds;
  std::tm local{};
  return ::localtime_r(&now, &local) == nullptr ? 0 : static_cast<int>(local.tm_gmtoff);
}

}  // namespace cairn::cli
