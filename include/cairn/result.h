// A value, or the Error that explains why there is none.
//
// The names and meanings follow std::expected (C++23), so that the class can
// become an alias of it later.  It differs on purpose in three ways: it is
// [[nodiscard]] as a class, its error type is fixed, and value() throws
// cairn::Failure, which gives callers who prefer exceptions a one-word choice.
#pragma once

#if __cplusplus < 202002L
#error \
    "cairn: the C++ headers need C++20 (-std=c++20); from older C++, use the C interface, cairn/cairn.h"
#endif

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "cairn/version.h"

namespace cairn {

// Why an operation failed.  The numbers are part of the C ABI: never reuse one.
enum class Errc : int {
  io = 1,           // a system call failed; see Error::sys_errno
  corrupt = 2,      // bytes were read, and are not what was written
  not_found = 3,    // the named file, generation or region does not exist
  mismatch = 4,     // valid, but not for this program's regions or arguments
  locked = 5,       // another process owns the folder
  no_space = 6,     // ENOSPC or EDQUOT; the previous generation is intact
  unsupported = 7,  // a newer format, or an encoding not built in
  misuse = 8,       // the calls came in an order that cannot be meant
  invalid = 9,      // what the user wrote cannot be understood
};

struct Error {
  Errc code;
  std::string message;    // "write state.ckpt/gen-000042.cairn.tmp: No space left on device"
  int sys_errno = 0;      // errno of the failed call, 0 when there was none
  std::string hint = {};  // what the user can do about it; may be empty

  // "message; hint", as one line for a person.
  std::string text() const { return hint.empty() ? message : message + "; " + hint; }
};

// Thrown by Result::value() and Session::loop(), and by nothing else.
class CAIRN_API Failure : public std::runtime_error {
 public:
  explicit Failure(Error error) : std::runtime_error(error.text()), error_(std::move(error)) {}
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

namespace detail {
// In the library, so that programs without exceptions can use the rest: what is thrown
// there ends them, with the message.
[[noreturn]] CAIRN_API void raise(Error error);
}  // namespace detail

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  const Error& error() const& noexcept { return *std::get_if<1>(&state_); }
  Error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

  T value() && {
    if (!has_value()) detail::raise(std::move(*this).error());
    return std::move(**this);
  }

 private:
  std::variant<T, Error> state_;
};

// `if (session.restore())` would ask "did it work", not "was there one".
template <>
class Result<bool>;

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}
  bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return !failed_; }
  const Error& error() const& noexcept { return error_; }
  Error&& error() && noexcept { return std::move(error_); }
  void value() && {
    if (failed_) detail::raise(std::move(error_));
  }

 private:
  Error error_{};
  bool failed_ = false;
};

// For operations whose only result is that they happened.
using Status = Result<void>;

}  // namespace cairn
