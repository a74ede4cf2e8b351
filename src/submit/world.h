// What the submit language asks of the machine that it is read on: files, commands, names,
// environment, chance.  The real one is src/cli/submit_world.h; tests have a made-up one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cairn/result.h"

namespace cairn {

class SubmitWorld {
 public:
  virtual ~SubmitWorld() = default;

  // Paths are absolute, or relative to the folder where submit is called.
  // Errors: not_found, io: "cannot open inc.conf: No such file or directory".
  virtual Result<std::string> read(const std::string& path) = 0;
  virtual Status write(const std::string& path, const std::string& text) = 0;
  virtual Result<std::string> read_stdin() = 0;
  // What the command writes to stdout; the first word is looked up in PATH.  No shell.
  // Errors: not_found, io (also: it exits with another code than 0).
  virtual Result<std::string> output_of(const std::vector<std::string>& command) = 0;

  struct Match {
    std::string name;  // as the pattern writes it: data/a.dat
    bool folder = false;
  };
  virtual std::vector<Match> glob(const std::string& pattern) = 0;  // sorted by name

  struct FileFacts {
    std::uint64_t bytes = 0;  // of a folder: all that is in it
    bool folder = false;
  };
  virtual std::optional<FileFacts> look_at(const std::string& path) = 0;

  virtual std::optional<std::string> variable(const std::string& name) = 0;
  virtual std::vector<std::pair<std::string, std::string>> environment() = 0;  // sorted by name
  virtual std::uint64_t random() = 0;
};

}  // namespace cairn
