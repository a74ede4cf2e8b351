// The files that a checkpoint consists of: names with * ? [ ], and folders with all in them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "os/filesystem.h"

namespace cairn::wrap {

// What tells one content of a file from another without reading it.
struct FileMark {
  enum class Kind { file, folder, link };
  Kind kind = Kind::file;
  std::uint64_t inode = 0, bytes = 0;
  std::int64_t changed_ns = 0;
  unsigned mode = 0;
  std::string target = {};  // of a link
  friend bool operator==(const FileMark&, const FileMark&) = default;
};

// By name, relative to the working folder; a folder before what is in it.
using FileSet = std::map<std::string, FileMark>;

// All that `patterns` stand for.  A pattern is matched part by part, as a shell does it: * and ?
// match no '/', and no '.' at the beginning; ?( ) *( ) +( ) @( ) !( ) with | are as in bash.  A
// folder stands for all in it.
//   unmatched  gets the patterns that nothing matches
// Errors: io; unsupported (neither file, folder nor link).
Result<FileSet> find_files(const Path& folder, const std::vector<std::string>& patterns,
                           std::vector<std::string>* unmatched = nullptr);

// All that is in a folder, without sockets, pipes and devices.
//   skip  names at the top, left out with all in them
// Errors: io.
Result<FileSet> all_files(const Path& folder, const std::function<bool(const std::string&)>& skip);

// Whether one of the patterns stands for this name: it matches it, or a folder that it is in.
bool stands_for(const std::vector<std::string>& patterns, const std::string& name);

// Errors: invalid: "'../x' leads out of the working folder".
Status check_pattern(const std::string& pattern);

// Where files of the patterns may appear: folders that exist, "." for the working folder.
std::vector<std::string> folders_of(const Path& folder, const std::vector<std::string>& patterns);

}  // namespace cairn::wrap
