// Every unit test program starts here: --rewrite makes goldens anew (see golden.h).
#include <gtest/gtest.h>

#include "support/golden.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]) == "--rewrite") cairn::testing::rewrite_goldens() = true;
  return RUN_ALL_TESTS();
}
