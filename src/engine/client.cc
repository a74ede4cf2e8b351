#include "engine/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>

#include "base/try.h"
#include "engine/protocol.h"
#include "os/process.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(60);  // of a client, with a busy engine
constexpr auto kAskAgain = std::chrono::seconds(10);  // so long, of one that does not reply
constexpr int kRetryMs = 10;
constexpr int kTriesWithoutMax = 500;  // once ours has ended: 5 s for another's start
constexpr int kTriesOfOne = 50;        // the one that kept ours away may itself have ended

Result<Descriptor> open_folder(const Home& home) {
  Descriptor folder(::open(home.engine_folder().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return system_error("open", home.engine_folder(), errno);
  return folder;
}

Result<Descriptor> connect_once(const Home& home) {
  CAIRN_TRY(const Descriptor folder, open_folder(home));
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("make a socket for", home.engine_folder(), errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket_path(folder).native();
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),  // NOLINT
                sizeof address) == -1)
    return system_error("connect to", home.engine_folder() / "socket", errno);
  return socket;
}

bool nobody_listens(const Error& error) {
  return error.code == Errc::not_found || error.sys_errno == ECONNREFUSED ||
         error.sys_errno == ENOENT;
}

// By its end, or because it does not want to hear us.
bool ended_without_reply(const Error& error) {
  return error.sys_errno == ECONNRESET || error.sys_errno == EPIPE;
}

// A session of its own and no terminal: it outlives whoever started it.
Result<pid_t> start_engine(const Home& home, const std::vector<std::string>& more) {
  const Path log = home.engine_folder() / "log";
  const Descriptor out(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!out) return system_error("open", log, errno);
  SpawnOptions options;
  options.program = "/proc/self/exe";
  options.arguments = {"cairn", "engine", "--foreground"};
  options.arguments.insert(options.arguments.end(), more.begin(), more.end());
  for (char** entry = ::environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with("CAIRN_HOME="))
      options.environment.emplace_back(*entry);
  // Absolute: its working folder is another one.
  options.environment.push_back(fmt::format("CAIRN_HOME={}", home.folder().native()));
  options.working_folder = "/";
  options.stdout_fd = out.get();
  options.stderr_fd = out.get();
  options.dies_with_parent = false;
  return spawn(options);
}

}  // namespace

Result<EngineReply> ask_engine(const Home& home, const EngineRequest& request,
                               const std::vector<std::string>& options) {
  const auto deadline = Clock::now() + kAskAgain;
  for (;;) {
    auto client = Client::connect(home, Client::IfNone::start, options);
    auto reply = client ? client->request(request) : client.error();
    if (reply || !client || !ended_without_reply(reply.error()) || Clock::now() >= deadline)
      return reply;
    ::poll(nullptr, 0, kRetryMs);
  }
}

Path socket_path(const Descriptor& folder) {
  return fmt::format("/proc/self/fd/{}/socket", folder.get());
}

Result<Client> Client::connect(const Home& home, IfNone if_none,
                               const std::vector<std::string>& options) {
  auto socket = connect_once(home);
  if (socket) return Client(*std::move(socket));
  if (!nobody_listens(socket.error())) return std::move(socket).error();
  if (if_none == IfNone::refuse)
    return Error{Errc::not_found, fmt::format("no engine runs in {}", home.folder().native()), 0,
                 "start one with: cairn engine"};
  PosixFileSystem files;
  CAIRN_CHECK(files.make_folder(home.engine_folder()));
  CAIRN_TRY(pid_t pid, start_engine(home, options));
  const auto deadline = Clock::now() + kPatience;
  bool ended = false;
  int tries_without = 0;
  while (Clock::now() < deadline) {
    socket = connect_once(home);
    if (socket) return Client(*std::move(socket));
    // Of several that were started at once, one becomes the engine; the others end.
    if (!ended) ended = ::waitpid(pid, nullptr, WNOHANG) == pid;
    if (ended && ++tries_without == kTriesWithoutMax) break;
    if (ended && tries_without % kTriesOfOne == 0) {
      CAIRN_TRY(pid, start_engine(home, options));
      ended = false;
    }
    ::poll(nullptr, 0, kRetryMs);
  }
  return Error{Errc::io, fmt::format("the engine of {} does not answer", home.folder().native()), 0,
               fmt::format("see {}", (home.engine_folder() / "log").native())};
}

Result<EngineReply> Client::request(const EngineRequest& request) {
  const std::string bytes = framed(encode(request));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto sent = retry_interrupted([&] {
      return ::send(socket_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    });
    if (sent <= 0) return system_error("write to", "the engine", errno);
    done += static_cast<std::size_t>(sent);
  }
  Unframer replies;
  std::array<char, 16 << 10> buffer{};
  for (;;) {
    CAIRN_TRY(const auto message, replies.next());
    if (message) return decode_engine_reply(*message);
    pollfd readable{socket_.get(), POLLIN, 0};
    const int ready = retry_interrupted([&] {
      return ::poll(&readable, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
    });
    if (ready == 0)
      return Error{Errc::io, "the engine does not answer", ETIMEDOUT, "see cairn status"};
    const auto got =
        retry_interrupted([&] { return ::recv(socket_.get(), buffer.data(), buffer.size(), 0); });
    if (got < 0) return system_error("read from", "the engine", errno);
    if (got == 0)
      return Error{Errc::io, "the engine is about to end, and does not answer", ECONNRESET,
                   "when it has ended, start the next one: cairn engine"};
    replies.add({buffer.data(), static_cast<std::size_t>(got)});
  }
}

// It never hangs up on a visitor, and gives its home free before its connections.
Status Client::wait_for_end() {
  std::array<char, 256> buffer{};
  for (;;) {
    const auto got =
        retry_interrupted([&] { return ::recv(socket_.get(), buffer.data(), buffer.size(), 0); });
    if (got == 0 || (got < 0 && errno == ECONNRESET)) return {};
    if (got < 0) return system_error("read from", "the engine", errno);
  }
}

}  // namespace cairn
