// A made-up machine for tests: files, commands and variables are what the test says.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "submit/world.h"

namespace cairn::testing {

class FakeWorld final : public SubmitWorld {
 public:
  std::string directory = "/share/dryrun";
  std::map<std::string, std::string> files;  // by absolute path
  std::set<std::string> folders;
  std::map<std::string, std::string> commands;  // "./gen.sh arg1" -> its output
  std::map<std::string, std::string> variables;
  std::string standard_input;
  std::uint64_t next_random = 0;
  int looked_at = 0;

  std::string absolute(const std::string& path) const {
    std::string whole = path.starts_with('/') ? path : directory + "/" + path;
    for (auto at = whole.find("/./"); at != std::string::npos; at = whole.find("/./"))
      whole.erase(at, 2);
    return whole;
  }
  void add(const std::string& path, std::string text = "x") {
    const std::string whole = absolute(path);
    files[whole] = std::move(text);
    for (auto slash = whole.rfind('/'); slash != 0 && slash != std::string::npos;
         slash = whole.rfind('/', slash - 1))
      folders.insert(whole.substr(0, slash));
  }

  Result<std::string> read(const std::string& path) override {
    if (const auto found = files.find(absolute(path)); found != files.end()) return found->second;
    return Error{Errc::not_found, "cannot open " + path + ": No such file or directory", 2, {}};
  }
  Status write(const std::string& path, const std::string& text) override {
    add(path, text);
    return {};
  }
  Result<std::string> read_stdin() override { return standard_input; }
  Result<std::string> output_of(const std::vector<std::string>& command) override {
    const std::string line = join(command, " ");
    if (const auto found = commands.find(line); found != commands.end()) return found->second;
    return Error{Errc::not_found, "there is no program " + command.at(0), 0, {}};
  }
  // Only patterns with one * in the last step.
  std::vector<Match> glob(const std::string& pattern) override {
    const auto star = pattern.find('*');
    const std::string before = absolute(pattern.substr(0, star));
    const std::string after = star == std::string::npos ? "" : pattern.substr(star + 1);
    std::map<std::string, bool> found;
    const auto consider = [&](const std::string& path, bool folder) {
      if (star == std::string::npos ? path != before && path + "/" != before
                                    : !path.starts_with(before) || !path.ends_with(after) ||
                                          path.size() < before.size() + after.size() ||
                                          path.find('/', before.size()) != std::string::npos)
        return;
      if (path == before.substr(0, before.size() - 1)) return;  // the folder itself
      found[path.substr(directory.size() + 1)] = folder;
    };
    for (const auto& [path, text] : files) consider(path, false);
    for (const auto& path : folders) consider(path, true);
    std::vector<Match> matches;
    for (const auto& [name, folder] : found) matches.push_back({name, folder});
    return matches;
  }
  std::optional<FileFacts> look_at(const std::string& path) override {
    ++looked_at;
    const std::string whole = absolute(path);
    if (folders.contains(whole)) return FileFacts{.bytes = 0, .folder = true};
    if (whole.starts_with("/bin/")) return FileFacts{.bytes = 43 * 1024, .folder = false};
    const auto found = files.find(whole);
    if (found == files.end()) return std::nullopt;
    return FileFacts{.bytes = found->second.size(), .folder = false};
  }
  std::optional<std::string> variable(const std::string& name) override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::pair<std::string, std::string>> environment() override {
    return {variables.begin(), variables.end()};
  }
  std::uint64_t random() override { return next_random++; }
};

}  // namespace cairn::testing
