// `cairn lint`: what is wrong with a job can often be seen before it runs.
//
// Pure: the text of a submit file goes in, findings come out.  What the submit side's disk
// holds is asked through a FileReader, so that tests need no disk and `cairn submit --pool`
// runs the same checks.  A check says only what it has seen; what it cannot see it leaves.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "lint/pool_version.h"
#include "submit/world.h"

namespace cairn::lint {

enum class Severity {
  hint,     // worth knowing
  warning,  // goes wrong sooner or later, or on some pools
  error,    // cannot be meant: the job fails, never ends, or loses its work
};
std::string_view to_text(Severity severity);

struct Finding {
  std::string code;  // "CL101", for ever the same
  Severity severity = Severity::warning;
  std::string file;  // as the user names it: the submit file, or a program
  int line = 0;      // from 1; 0: the file as a whole
  std::string text;  // what, and why it matters
  std::string fix;   // what to write instead
  // "job.sub:4: error CL101: text".
  std::string headline() const;
};

struct Findings {
  std::vector<Finding> list;  // by file (the submit file first), line and code
  std::size_t count(Severity severity) const;
  bool has_errors() const { return count(Severity::error) > 0; }
};

// What the submit side has on its disk.
class FileReader {
 public:
  struct Facts {
    bool is_folder = false;
    bool is_executable = false;  // by anybody
  };
  virtual ~FileReader() = default;
  // Nothing: there is no such file.
  virtual std::optional<Facts> look(const std::filesystem::path& path) const = 0;
  // Its first `bytes_max` bytes; nothing: it cannot be read.
  virtual std::optional<std::string> read(const std::filesystem::path& path,
                                          std::size_t bytes_max) const = 0;
};

struct LintInput {
  std::string file = "job.sub";       // the name for messages
  std::string text;                   // of the submit file
  std::filesystem::path directory;    // absolute; where relative names start
  const FileReader* files = nullptr;  // nullptr: no file is looked at
  // What `queue … from FILE`, `include` and $ENV read; nullptr: nothing.  No command is run, stdin
  // is not read and nothing is written, whatever the file asks for.
  std::shared_ptr<SubmitWorld> world;
  std::optional<PoolVersion> pool;    // nothing: nothing is said about versions
  std::vector<std::string> disabled;  // codes that are not wanted
};

// Never fails: a file that cannot be parsed is a finding itself (CL001).
// `# cairn-lint: disable=CL101, CL102` in a file takes these out for that file.
Findings lint(const LintInput& input);

bool is_check(std::string_view code);
// The section of docs/lint.md about a check.  Errors: not_found, with the nearest code.
Result<std::string> explain(std::string_view code);

}  // namespace cairn::lint
