// Where a program runs that is saved from outside: a process id namespace and a mount namespace of
// its own.
//
// A saved process wants the same process ids and the same names of its files when it goes on, on
// any machine.  In here its ids are free, whatever runs outside; the working folder always has the
// same name (kPlace); and nothing that it starts outlives us, whoever is killed how.
#pragma once

#include <string>
#include <string_view>

#include "cairn/result.h"

namespace cairn::wrap {

// The working folder's name inside.
inline constexpr const char* kPlace = "/run/cairn-wrap";

// Forks.  The child goes on inside, as process 1, in the working folder under its new name, which
// also stands in its environment for the old one; its standard streams are opened anew by name. The
// parent never returns: it passes signals on, and ends as the child does.
// Errors: unsupported; io.  They may come from the child, whose parent then ends with it.
Status enter_capsule();
bool in_capsule();

// From inside: the parent is to die by this signal, which process 1 itself cannot.
void die_outside(int signal);

// The next process gets the first free id from this one on; only inside.  Programs get high ones,
// and who restores them low ones, which are never theirs.
inline constexpr int kFirstProgramId = 1000, kFirstToolId = 2;
Status next_process_id(int id);

// Every name in `value` (a path, or several with ':') that lies in the folder `from`, as it is in
// `to`.  Pure.
std::string moved_names(std::string_view value, std::string_view from, std::string_view to);

}  // namespace cairn::wrap
