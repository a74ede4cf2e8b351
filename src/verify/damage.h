// Damaged checkpoints, made from good ones: pure but for the store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "verify/image.h"

namespace cairn::verify {

struct Damage {
  std::string
      what;  // "state.dat cut to 512 of 1024 bytes", "bit 3 of byte 77 of state.dat flipped"
  std::string file;  // the damaged one, relative to the checkpoint
  Image checkpoint;
};

// The ways a checkpoint may be damaged, the most telling first: each of its files empty, cut in
// half, cut by its last byte, missing; bits flipped, spread over its bytes; one of several files
// from the checkpoint before, the others as they are.  Damage that leaves the checkpoint as it was
// is left out.
//   spared    files that are no state: stdout, stderr, outputs
//   previous  the checkpoint before; empty: none
//   flips     so many bits over each file
// Errors: of the store.
Result<std::vector<Damage>> damages(const Image& checkpoint, const Image& previous,
                                    const std::vector<std::string>& spared, int flips,
                                    std::uint64_t seed, ImageStore& store);

}  // namespace cairn::verify
