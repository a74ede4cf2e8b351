// For tests of the submit language: a folder that has the program `work`.
#pragma once

#include <gtest/gtest.h>

#include "submit/fake_world.h"
#include "submit/submit.h"

namespace cairn::testing {

struct SubmitFixture : ::testing::Test {
  FakeWorld world;
  SubmitContext context;
  SubmitFixture() {
    context.directory = world.directory;
    context.world = &world;
    world.add("work");
    world.folders.insert(world.directory);
  }
};

}  // namespace cairn::testing
