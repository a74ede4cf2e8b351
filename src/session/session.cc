// The public face: it turns Results into what session.h promises, and does nothing else.
#include "cairn/session.h"

#include <exception>
#include <ostream>
#include <system_error>

#include "base/assert.h"
#include "base/text.h"
#include "session/session_state.h"

namespace cairn {
namespace {

// protect() wrongly called is a bug in the caller.
void expect(const Status& status, int line) {
  if (!status) fail_assertion(status.error().text(), __FILE__, line);
}

}  // namespace

Session::Session(std::unique_ptr<detail::SessionState> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::open(Options options) {
  // The program may change its working folder, and must not change its checkpoints by that.
  if (!options.directory.empty()) {
    std::error_code failed;
    auto directory = std::filesystem::absolute(options.directory, failed);
    if (!failed) options.directory = std::move(directory);
  }
  return detail::SessionAccess::open(std::move(options), detail::Rim::of_process());
}

void Session::add_region(std::string_view name, std::unique_ptr<Region> region) {
  expect(state_->protect_region(name, std::move(region)), __LINE__);
}
Status Session::protect_region(std::string_view name, std::unique_ptr<Region> region) {
  return state_->protect_region(name, std::move(region));
}

void Session::protect_file(const std::filesystem::path& path) {
  expect(state_->protect_file(path, {}), __LINE__);
}
void Session::protect_file(const std::filesystem::path& path, std::ostream& stream) {
  const auto flush = [path, &stream]() -> Status {
    if (stream.flush()) return {};
    return Error{Errc::io, cat("flush the stream of ", path.native(), ": the stream has failed"), 0,
                 "some of the output may be lost: run the program again, it goes on from its last "
                 "checkpoint"};
  };
  expect(state_->protect_file(path, flush), __LINE__);
}
Status Session::protect_flushed_file(const std::filesystem::path& path,
                                     std::function<Status()> flush) {
  return state_->protect_file(path, std::move(flush));
}

Result<Restored> Session::restore() { return state_->restore(); }
Result<Next> Session::safe_point() { return state_->safe_point(); }
Result<std::uint64_t> Session::checkpoint() { return state_->checkpoint(); }

void Session::progress(double fraction) noexcept { state_->progress(fraction); }
bool Session::leaving() const noexcept { return state_->leaving(); }
int Session::exit_code() const noexcept { return state_->exit_code(); }
bool Session::vacate_requested() const noexcept { return state_->vacate_requested(); }

Loop Session::loop(std::string_view name, std::int64_t first, std::int64_t last,
                   LoopOptions options) {
  const auto place =
      state_->begin_loop(name, {.first = first, .last = last, .may_extend = options.may_extend})
          .value();
  return Loop(*state_, place.ticket, place.position, place.over);
}

Loop::Loop(detail::SessionState& state, std::uint64_t ticket, std::int64_t position, bool over)
    : state_(&state),
      ticket_(ticket),
      position_(position),
      over_(over),
      exceptions_(std::uncaught_exceptions()) {}

Loop::~Loop() { state_->end_loop(ticket_, std::uncaught_exceptions() > exceptions_); }

void Loop::advance() {
  const auto place = state_->advance_loop({ticket_, position_, over_}).value();
  position_ = place.position;
  over_ = place.over;
}

}  // namespace cairn
