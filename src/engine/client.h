// The background engine, as the verbs reach it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cairn/result.h"
#include "engine/home.h"
#include "engine/requests.h"
#include "os/descriptor.h"

namespace cairn {

class Client {
 public:
  enum class IfNone { refuse, start };

  // Connects to the engine of `home`; with `start`, an engine is started where none answers.
  // Errors: not_found (none runs), io, locked (one holds the home, and does not answer).
  //   options  for `cairn engine`, if one is started
  static Result<Client> connect(const Home& home, IfNone if_none,
                                const std::vector<std::string>& options = {});

  // One request, and its reply.  Errors: io, corrupt; the request may then have been heard.
  Result<EngineReply> request(const EngineRequest& request);

  // Returns when the engine has ended: its home is free for the next one.  Errors: io.
  Status wait_for_end();

 private:
  explicit Client(Descriptor socket) : socket_(std::move(socket)) {}
  Descriptor socket_;
};

// One request to whichever engine answers it; one is started where there is none.  An engine at its
// end does not take new jobs, and one with many visitors sends some away: it is asked again.
//   options  for `cairn engine`, if one is started
// Errors: as of connect() and request().
Result<EngineReply> ask_engine(const Home& home, const EngineRequest& request,
                               const std::vector<std::string>& options = {});

// An address for a file in a folder, however long the folder's path is (108 bytes are the limit).
//   folder  open; must stay so until the address has been used
Path socket_path(const Descriptor& folder);

}  // namespace cairn
