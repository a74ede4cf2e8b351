#include "base/checksum.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

// Printed by `printf '' | xxh128sum` and `printf abc | xxh128sum` of xxhash 0.8.
TEST(Checksum, IsWhatXxh128sumPrints) {
  EXPECT_EQ(to_hex(checksum({})), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(to_hex(checksum(as_bytes("abc"))), "06b05ab6733a618578af5f94892f3950");
}

TEST(Checksum, OfAStreamIsThatOfTheWholeAtEachPoint) {
  const std::string text(5000, 'x');
  StreamChecksum stream;
  for (std::size_t done = 0; done < text.size(); done += 100) {
    stream.add(as_bytes(std::string_view(text).substr(done, 100)));
    const auto whole = checksum(as_bytes(std::string_view(text).substr(0, done + 100)));
    EXPECT_EQ(stream.value(), whole) << done;
  }
}

TEST(Checksum, CopyOfAStreamGoesItsOwnWay) {
  StreamChecksum stream;
  stream.add(as_bytes("ab"));
  StreamChecksum copy = stream;
  copy.add(as_bytes("c"));
  EXPECT_EQ(copy.value(), checksum(as_bytes("abc")));
  EXPECT_EQ(stream.value(), checksum(as_bytes("ab")));
}

TEST(Bytes, LittleEndianNumbersComeBack) {
  std::array<std::byte, 8> bytes{};
  store_le<std::uint64_t>(bytes, 0x0102030405060708U);
  EXPECT_EQ(bytes[0], std::byte{8});
  EXPECT_EQ(load_le<std::uint64_t>(bytes), 0x0102030405060708U);
  EXPECT_EQ(load_le<std::uint16_t>(bytes), 0x0708U);
}

}  // namespace
}  // namespace cairn
