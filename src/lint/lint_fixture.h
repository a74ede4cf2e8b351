// What the tests of `cairn lint` share: a disk that is a map.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lint/lint.h"

namespace cairn::lint {

inline const std::string kElf = std::string(
    "\x7f"
    "ELF\0\0",
    6);

class FakeFiles final : public FileReader {
 public:
  void add(const std::string& path, std::string text, bool is_executable = true) {
    files_[path] = {std::move(text), is_executable, false};
  }
  void add_folder(const std::string& path) { files_[path] = {"", true, true}; }

  std::optional<Facts> look(const std::filesystem::path& path) const override {
    const auto found = files_.find(clean(path));
    if (found == files_.end()) return std::nullopt;
    return Facts{.is_folder = found->second.is_folder,
                 .is_executable = found->second.is_executable};
  }
  std::optional<std::string> read(const std::filesystem::path& path,
                                  std::size_t bytes_max) const override {
    const auto found = files_.find(clean(path));
    if (found == files_.end() || found->second.is_folder) return std::nullopt;
    return found->second.text.substr(0, bytes_max);
  }

 private:
  struct Entry {
    std::string text;
    bool is_executable = false, is_folder = false;
  };
  static std::string clean(const std::filesystem::path& path) {
    std::string name = path.lexically_normal().string();
    while (name.size() > 1 && name.ends_with('/')) name.pop_back();
    return name;
  }
  std::map<std::string, Entry> files_;
};

// /job with the files that docs/lint.md speaks of.
inline FakeFiles job_folder() {
  FakeFiles files;
  for (const char* folder : {"/", "/job", "/job/logs"}) files.add_folder(folder);
  files.add("/job/work", kElf);
  files.add("/job/tool", kElf, false);
  files.add("/job/numbers.txt", "1\n2\n", false);
  return files;
}

// "CL101:4", in the order of the report.
inline std::vector<std::string> codes_of(const Findings& findings) {
  std::vector<std::string> codes;
  for (const Finding& finding : findings.list) codes.push_back(finding.code);
  return codes;
}

}  // namespace cairn::lint
