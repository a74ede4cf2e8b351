#include "capi/errors.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace cairn::capi {
namespace {

// Codes that come without words, because words would need memory or a cause.
std::string_view words_for(int code) {
  switch (code) {
    case CAIRN_NO_MEMORY:
      return "there is not enough memory";
    case CAIRN_INTERNAL:
      return "an exception inside libcairn that it does not know: this is a bug";
    default:
      return "";
  }
}

// Whether `letter` continues a UTF-8 character.
bool continues(char letter) { return (static_cast<unsigned char>(letter) & 0xc0U) == 0x80U; }

template <std::size_t N>
void copy_text(std::string_view text, char (&to)[N]) {
  constexpr std::string_view kDots = "...";
  const bool fits = text.size() < N;
  std::size_t length = fits ? text.size() : N - 1 - kDots.size();
  while (!fits && length > 0 && continues(text[length])) --length;
  std::memcpy(to, text.data(), length);
  if (!fits) length += kDots.copy(to + length, kDots.size());
  to[length] = '\0';
}

}  // namespace

cairn_code report(const Error& error, cairn_error* to) noexcept {
  const int code = static_cast<int>(error.code);
  if (to == nullptr) return code;
  to->code = code;
  to->sys_errno = error.sys_errno;
  copy_text(error.message.empty() ? words_for(code) : std::string_view(error.message), to->message);
  copy_text(error.hint, to->hint);
  return code;
}

cairn_code misuse(std::string_view sentence, cairn_error* to) noexcept {
  if (to != nullptr) {
    *to = {};
    to->code = CAIRN_MISUSE;
    copy_text(sentence, to->message);
  }
  return CAIRN_MISUSE;
}

Error callback_error(std::string_view before, std::string_view who, cairn_code code,
                     const cairn_error& said) {
  const bool silent = said.message[0] == '\0';
  return {Errc{code},
          silent ? cat(before, who, " failed with code ", code) : cat(before, said.message),
          said.sys_errno, said.hint};
}

}  // namespace cairn::capi
