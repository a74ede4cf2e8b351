// Values that are made of expressions.  For this folder alone.
//
// Elements are evaluated when they are asked for, as HTCondor does it.  They bring the
// nested ads along in which they stand; my and target come with the evaluation.
#pragma once

#include <memory>
#include <vector>

#include "classad/expression.h"
#include "classad/value.h"

namespace cairn::classad {

// An ad in which expressions stand, and the one around it; nullptr: the scope's own ad.
struct Frame {
  Ad ad;
  std::shared_ptr<const Frame> outer;
};

struct Place {
  std::shared_ptr<const Frame> frame;
  bool flipped = false;  // within TARGET's ad: its MY is our TARGET
};

struct ListValue {
  std::vector<NodePtr> items;
  Place place;
};

struct AdValue {
  Ad ad;
  Place place;  // where it stands
};

}  // namespace cairn::classad
