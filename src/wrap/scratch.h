// A folder to try something in, which goes with its guard.
#pragma once

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>

#include "os/filesystem.h"

namespace cairn::wrap {

class Scratch {
 public:
  static Result<Scratch> make() {
    std::string name = (std::filesystem::temp_directory_path() / "cairn-probe-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) return system_error("make", name, errno);
    return Scratch(std::move(name));
  }
  Scratch(Scratch&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  const Path& folder() const { return folder_; }

 private:
  explicit Scratch(Path folder) : folder_(std::move(folder)) {}
  Path folder_;
};

}  // namespace cairn::wrap
