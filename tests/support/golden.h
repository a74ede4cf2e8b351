// Goldens: expected text in a file beside the test.  `NAME_test --rewrite` writes
// what the code says now; the change is then a reviewed diff.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "support/source_folder.h"

namespace cairn::testing {

inline bool& rewrite_goldens() {
  static bool rewrite = false;
  return rewrite;
}

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

//   path  relative to the source tree, "src/job/testdata/transition.txt"
inline void expect_golden(const std::string& path, const std::string& actual) {
  const std::string full = source_folder() + "/" + path;
  if (rewrite_goldens()) std::ofstream(full, std::ios::binary) << actual;
  EXPECT_EQ(read_text(full), actual) << "golden " << path << " (make anew with --rewrite)";
}

}  // namespace cairn::testing
