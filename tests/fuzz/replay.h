// Runs a fuzz target over its corpus, as part of the ordinary tests.  Every input that
// once broke something stays there.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn::testing {

using FuzzTarget = int (*)(const std::uint8_t* data, std::size_t size);

// The files of tests/fuzz/corpus/NAME, sorted.
inline std::vector<std::string> corpus(const std::string& name) {
  std::vector<std::string> paths;
  const std::string folder = testing::source_folder() + "/tests/fuzz/corpus/" + name;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// A broken promise aborts the program; the trace says with which input.
inline void replay_corpus(const std::string& name, FuzzTarget target) {
  const std::vector<std::string> paths = corpus(name);
  ASSERT_FALSE(paths.empty()) << "no corpus for " << name;
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const std::string input = read_text(path);
    EXPECT_EQ(target(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()), 0);
  }
}

}  // namespace cairn::testing
