#include "engine/home.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

Result<Path> from_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0')
    return Error{Errc::misuse, fmt::format("{} is not set", name), 0, {}};
  return Path(value);
}

// Whoever may write there runs programs in our name.
Status check_owner(const Path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) == -1) return system_error("stat", folder, errno);
  if (status.st_uid != ::geteuid())
    return Error{Errc::misuse,
                 fmt::format("{} belongs to user {}, and this is user {}", folder.native(),
                             status.st_uid, ::geteuid()),
                 0, "set CAIRN_HOME to a folder of your own"};
  std::error_code unreadable;
  const bool others_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (others_write && !std::filesystem::is_empty(folder, unreadable))
    return Error{Errc::misuse,
                 fmt::format("{} can be written by others (mode {:o})", folder.native(),
                             status.st_mode & 07777U),
                 0,
                 fmt::format("see that all in it is yours, then: chmod 700 {}", folder.native())};
  return {};
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
  CAIRN_CHECK(check_owner(absolute));
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

std::optional<JobId> Home::job_of(std::string_view folder_name) {
  const auto dot = folder_name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto cluster = parse_integer(folder_name.substr(0, dot)),
             proc = parse_integer(folder_name.substr(dot + 1));
  if (!cluster || !proc) return std::nullopt;
  return JobId{static_cast<int>(*cluster), static_cast<int>(*proc)};
}

Path Home::sandbox(JobId id, int activation) const {
  return (sandboxes_.empty() ? job_folder(id) : sandboxes_) /
         fmt::format("sandbox-{:04}", activation);
}

std::string Home::mark(JobId id, int activation) const {
  return fmt::format("CAIRN_ACTIVATION={}/{:04}", job_folder(id).native(), activation);
}

}  // namespace cairn
