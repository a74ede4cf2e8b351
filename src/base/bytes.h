// Bytes in memory, and little-endian numbers in them.  Nothing on disk is ever
// a struct that was memcpy'd: every field goes through load_le / store_le.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cairn {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// `from` holds at least sizeof(T) bytes.
template <std::unsigned_integral T>
T load_le(Bytes from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(from[i]) << (8 * i)));
  return value;
}

// `into` holds at least sizeof(T) bytes.
template <std::unsigned_integral T>
void store_le(MutableBytes into, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) into[i] = static_cast<std::byte>(value >> (8 * i));
}

}  // namespace cairn
