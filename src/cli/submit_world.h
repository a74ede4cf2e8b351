// The machine that a submit file is read on, for the submit language.
#pragma once

#include <cstdint>
#include <random>

#include "os/filesystem.h"
#include "submit/submit.h"
#include "submit/world.h"

namespace cairn::cli {

class RealWorld final : public SubmitWorld {
 public:
  // directory  where relative names start; absolute
  // seed       the same gives the same choices: a file that is read again means the same jobs
  RealWorld(Path directory, std::uint64_t seed);

  Result<std::string> read(const std::string& path) override;
  Status write(const std::string& path, const std::string& text) override;
  Result<std::string> read_stdin() override;
  Result<std::string> output_of(const std::vector<std::string>& command) override;
  std::vector<Match> glob(const std::string& pattern) override;
  std::optional<FileFacts> look_at(const std::string& path) override;
  std::optional<std::string> variable(const std::string& name) override;
  std::vector<std::pair<std::string, std::string>> environment() override;
  std::uint64_t random() override { return random_(); }

 private:
  Path absolute(const std::string& path) const;
  Path directory_;
  std::mt19937_64 random_;
};

// What $(OPSYSVER) and its like are here.
SubmitMachine submit_machine();
int utc_offset_seconds(std::int64_t now_seconds);

}  // namespace cairn::cli
