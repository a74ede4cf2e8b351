// The starter: a process of its own for each running job, which does everything that
// blocks.  It has one job, one sandbox and at most one running program.
//
// It never outlives its use: when the socket to the engine ends, it kills all that
// the job started and ends; the sandbox stays, the engine's successor may need it.
#pragma once

namespace cairn {

// The body of the starter process.
//   socket  a stream socket to the shadow
// Returns the exit status of the process.
int run_starter(int socket);

}  // namespace cairn
