#include "wrap/capsule.h"

#include <gtest/gtest.h>

namespace cairn::wrap {
namespace {

TEST(MovedNames, AreThoseInTheFolderAlone) {
  EXPECT_EQ(moved_names("/job/1", "/job/1", "/here"), "/here");
  EXPECT_EQ(moved_names("/job/1/tmp", "/job/1", "/here"), "/here/tmp");
  EXPECT_EQ(moved_names("/job/12", "/job/1", "/here"), "/job/12");
  EXPECT_EQ(moved_names("job/1", "/job/1", "/here"), "job/1");
  EXPECT_EQ(moved_names("/a/job/1", "/job/1", "/here"), "/a/job/1");
  EXPECT_EQ(moved_names("", "/job/1", "/here"), "");
}

TEST(MovedNames, StandInListsToo) {
  EXPECT_EQ(moved_names("/bin:/job/1/bin::/job/1", "/job/1", "/here"), "/bin:/here/bin::/here");
  EXPECT_EQ(moved_names("a:b:", "/job/1", "/here"), "a:b:");
}

// The root has no other name: all lies in it.
TEST(MovedNames, StayWhereTheFolderIsTheRoot) {
  EXPECT_EQ(moved_names("/bin", "/", "/here"), "/bin");
  EXPECT_EQ(moved_names("/bin", "", "/here"), "/bin");
}

}  // namespace
}  // namespace cairn::wrap
