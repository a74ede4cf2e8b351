// The border of the C interface: what fails inside becomes a cairn_code and two
// sentences outside, and no exception crosses.
#pragma once

#include <new>
#include <string_view>
#include <utility>

#include "cairn/cairn.h"
#include "cairn/result.h"

namespace cairn::capi {

// Copies `error` into `*to`, cut off where it does not fit, and returns its code.
cairn_code report(const Error& error, cairn_error* to) noexcept;

// The same for calls that cannot have been meant.
cairn_code misuse(std::string_view sentence, cairn_error* to) noexcept;

// What a callback said when it returned `code`, which is not CAIRN_OK.
//   before  what the sentence begins with
//   who     what to say of a callback that returned without words
Error callback_error(std::string_view before, std::string_view who, cairn_code code,
                     const cairn_error& said);

// Runs `body`, which returns a Status.
template <class Body>
cairn_code guarded(cairn_error* error, Body&& body) noexcept {
  try {
    Status status = std::forward<Body>(body)();
    return status ? CAIRN_OK : report(status.error(), error);
  } catch (const Failure& failure) {
    return report(failure.error(), error);
  } catch (const std::bad_alloc&) {
    return report({Errc{CAIRN_NO_MEMORY}, {}}, error);
  } catch (...) {
    return report({Errc{CAIRN_INTERNAL}, {}}, error);
  }
}

}  // namespace cairn::capi
