// What a state is called, in the user's words.
#pragma once

#include <string>

#include "verify/disk_model.h"

namespace cairn::verify::disk {

// "the rename of state.tmp to state.dat is on the disk, the 1024 bytes written to state.tmp are
// not: state.dat is empty"
//   full  the state in which everything was written
std::string words(const Model& model, const State& state, const State& full);

}  // namespace cairn::verify::disk
