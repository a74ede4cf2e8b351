#include "engine/home.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/try.h"

namespace cairn {
namespace {

Result<Path> from_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0')
    return Error{Errc::misuse, fmt::format("{} is not set", name), 0, {}};
  return Path(value);
}

}  // namespace

Result<Path> Home::default_folder() {
  if (auto folder = from_environment("CAIRN_HOME")) return folder;
  if (auto state = from_environment("XDG_STATE_HOME")) return *state / "cairn";
  if (auto home = from_environment("HOME")) return *home / ".local/state/cairn";
  return Error{Errc::misuse, "neither CAIRN_HOME nor HOME is set", 0,
               "set CAIRN_HOME to a folder on a local disk"};
}

Result<Home> Home::open(FileSystem& files, const Path& folder) {
  std::error_code failure;
  const Path absolute = std::filesystem::absolute(folder);
  std::filesystem::create_directories(absolute, failure);
  if (failure) return system_error("make folder", absolute, failure.value());
  std::filesystem::permissions(absolute, std::filesystem::perms::owner_all, failure);
  if (failure) return system_error("chmod", absolute, failure.value());
  CAIRN_CHECK(files.sync_directory(absolute.parent_path()));
  return Home(std::filesystem::canonical(absolute));
}

Home Home::at(const Path& folder) {
  std::error_code failure;
  Path absolute = std::filesystem::weakly_canonical(std::filesystem::absolute(folder), failure);
  if (failure) absolute = folder;
  return Home(std::move(absolute));
}

Path Home::cluster_folder(int cluster) const {
  return folder_ / fmt::format("cluster-{}", cluster);
}
Path Home::job_folder(JobId id) const { return folder_ / to_text(id); }

Path Home::sandbox(JobId id, int activation) const {
  return (sandboxes_.empty() ? job_folder(id) : sandboxes_) /
         fmt::format("sandbox-{:04}", activation);
}

std::string Home::mark(JobId id, int activation) const {
  return fmt::format("CAIRN_ACTIVATION={}/{:04}", job_folder(id).native(), activation);
}

}  // namespace cairn
