// Who starts a program may have closed its standard streams.  The next file that is opened then
// gets their number, and what is printed goes into it.
#pragma once

#include <sys/types.h>

#include <set>
#include <utility>

namespace cairn {

// For main(): opens /dev/null where a standard stream is closed.
void fill_closed_streams();

// For a library, which leaves the streams as they are: the same open file with a number that is no
// standard stream's.
//   fd  -1, with errno set, is returned as it is
int above_standard_streams(int fd);

// Device and inode of each stream that is a regular file.
std::set<std::pair<dev_t, ino_t>> standard_stream_files();

}  // namespace cairn
