#include "wrap/file_set.h"

#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <functional>
#include <set>

#include "base/text.h"
#include "base/try.h"

namespace cairn::wrap {
namespace {

bool is_pattern(std::string_view part) { return part.find_first_of("*?[(") != part.npos; }

// A name stands for itself, too: files are called run[1].dat.
bool matches(const std::string& part, const std::string& name) {
  return part == name || ::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD | FNM_EXTMATCH) == 0;
}

std::vector<std::string> parts_of(std::string_view pattern) {
  std::vector<std::string> parts;
  for (const std::string& part : split_list(pattern, '/'))
    if (part != ".") parts.push_back(part);
  return parts;
}

std::string below(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : cat(folder, "/", name);
}

Result<std::vector<std::string>> names_in(const Path& folder) {
  PosixFileSystem files;
  auto names = files.list(folder);
  // It may go while we look.
  if (!names && names.error().code == Errc::not_found) return std::vector<std::string>();
  return names;
}

std::string link_target(const Path& path) {
  std::array<char, PATH_MAX> text{};
  const auto bytes = ::readlink(path.c_str(), text.data(), text.size());
  return bytes < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(bytes));
}

enum class Others { refuse, leave_out };  // neither file, folder nor link

// Adds what has the name, and all in it; 0: there is nothing.
Result<int> add(const Path& root, const std::string& name, FileSet& found,
                Others others = Others::refuse) {
  const Path path = root / name;
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return 0;
    return system_error("stat", path, errno);
  }
  FileMark mark{.inode = info.st_ino,
                .bytes = static_cast<std::uint64_t>(info.st_size),
                .changed_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec,
                .mode = info.st_mode & 07777U,
                .target = {}};
  if (S_ISREG(info.st_mode)) {
    found.insert_or_assign(name, std::move(mark));
    return 1;
  }
  if (S_ISLNK(info.st_mode)) {
    found.insert_or_assign(name,
                           FileMark{.kind = FileMark::Kind::link, .target = link_target(path)});
    return 1;
  }
  if (!S_ISDIR(info.st_mode) && others == Others::leave_out) return 0;
  if (!S_ISDIR(info.st_mode))
    return Error{Errc::unsupported, cat(name, " is neither a file nor a folder"), 0,
                 "leave it out of the checkpoint files"};
  found.insert_or_assign(name, FileMark{.kind = FileMark::Kind::folder, .mode = mark.mode});
  CAIRN_TRY(const auto names, names_in(path));
  for (const std::string& inner : names) CAIRN_CHECK(add(root, below(name, inner), found, others));
  return 1;
}

using Visit = std::function<Status(const std::string& name)>;

// Calls `visit` for each name that the parts from `i` on match below `folder`.
Status walk(const Path& root, const std::string& folder, const std::vector<std::string>& parts,
            std::size_t i, const Visit& visit) {
  if (i == parts.size()) return visit(folder);
  if (!is_pattern(parts[i])) return walk(root, below(folder, parts[i]), parts, i + 1, visit);
  std::error_code ignored;
  if (!std::filesystem::is_directory(root / folder, ignored)) return {};
  CAIRN_TRY(const auto names, names_in(root / folder));
  for (const std::string& name : names)
    if (matches(parts[i], name)) CAIRN_CHECK(walk(root, below(folder, name), parts, i + 1, visit));
  return {};
}

}  // namespace

bool stands_for(const std::vector<std::string>& patterns, const std::string& name) {
  const auto names = parts_of(name);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    const auto parts = parts_of(pattern);
    return parts.size() <= names.size() &&
           std::equal(parts.begin(), parts.end(), names.begin(), matches);
  });
}

Status check_pattern(const std::string& pattern) {
  const auto parts = parts_of(pattern);
  if (parts.empty() || pattern.starts_with('/') ||
      std::find(parts.begin(), parts.end(), "..") != parts.end())
    return Error{Errc::invalid, cat("'", pattern, "' leads out of the working folder"), 0,
                 "name files of the working folder, relative to it"};
  return {};
}

Result<FileSet> find_files(const Path& folder, const std::vector<std::string>& patterns,
                           std::vector<std::string>* unmatched) {
  FileSet found;
  for (const std::string& pattern : patterns) {
    CAIRN_CHECK(check_pattern(pattern));
    int count = 0;
    CAIRN_CHECK(walk(folder, "", parts_of(pattern), 0, [&](const std::string& name) -> Status {
      CAIRN_TRY(const int added, add(folder, name, found));
      count += added;
      return {};
    }));
    if (count == 0 && unmatched != nullptr) unmatched->push_back(pattern);
  }
  return found;
}

Result<FileSet> all_files(const Path& folder, const std::function<bool(const std::string&)>& skip) {
  FileSet found;
  CAIRN_TRY(const auto names, names_in(folder));
  for (const std::string& name : names)
    if (!skip(name)) CAIRN_CHECK(add(folder, name, found, Others::leave_out));
  return found;
}

std::vector<std::string> folders_of(const Path& folder, const std::vector<std::string>& patterns) {
  std::set<std::string> folders;
  for (const std::string& pattern : patterns) {
    auto parts = parts_of(pattern);
    // Its parent, and each folder above that is there: one that is missing may yet be made.
    while (!parts.empty()) {
      parts.pop_back();
      static_cast<void>(walk(folder, "", parts, 0, [&](const std::string& name) -> Status {
                          std::error_code ignored;
                          if (std::filesystem::is_directory(folder / name, ignored))
                            folders.insert(name.empty() ? "." : name);
                          return {};
                        }).has_value());
    }
    const auto inside = find_files(folder, {pattern});
    if (!inside) continue;
    for (const auto& [name, mark] : *inside)
      if (mark.kind == FileMark::Kind::folder) folders.insert(name);
  }
  return {folders.begin(), folders.end()};
}

}  // namespace cairn::wrap
