#include "os/private_home.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(PrivateHome, OnlyTheUsersOwnLineNamesTheHome) {
  EXPECT_EQ(
      with_home("root:x:0:0:root:/root:/bin/bash\nann:x:7:8::/home/ann:/bin/zsh\n", 7, 8, "/w"),
      "ann:x:7:8::/w:/bin/zsh\nroot:x:0:0:root:/root:/bin/bash\n");
}

TEST(PrivateHome, AUserWhoIsInNoFileGetsALine) {
  EXPECT_EQ(with_home("root:x:0:0:root:/root:/bin/bash\n", 7, 8, "/w"),
            "user:x:7:8::/w:/bin/sh\nroot:x:0:0:root:/root:/bin/bash\n");
  EXPECT_EQ(with_home("", 7, 8, "/w"), "user:x:7:8::/w:/bin/sh\n");
}

TEST(PrivateHome, NoSecondLineOfTheUserIsLeft) {
  EXPECT_EQ(with_home("ann:x:7:8::/home/ann:\nann2:x:7:8::/home/two:/bin/sh\n", 7, 8, "/w"),
            "ann:x:7:8::/w:\n");
}

TEST(PrivateHome, WhatIsNoLineOfAPasswdFileStays) {
  EXPECT_EQ(with_home("+nis\n:::::\n", 7, 8, "/w"), "user:x:7:8::/w:/bin/sh\n+nis\n:::::\n");
}

}  // namespace
}  // namespace cairn
