// docs/format.md shows a generation file byte by byte.  What it shows must be true.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>

#include "base/text.h"
#include "format/layout.h"
#include "format/sample_generations.h"
#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn {
namespace {

struct Dump {
  std::map<std::size_t, unsigned> bytes;  // by offset
  std::size_t file_bytes = 0;             // the offset on a line of its own
};

// Lines as `hexdump -C` prints them: "00001000  3f e0 00  |?..|".
Dump dump_in(const std::string& document) {
  static const std::regex line_form("([0-9a-f]{8})((?:  ?[0-9a-f]{2})*)(?: *\\|.*)?");
  Dump dump;
  std::istringstream lines(document);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, line_form)) continue;
    std::size_t offset = std::stoul(match[1], nullptr, 16);
    if (match[2].length() == 0) dump.file_bytes = offset;
    std::istringstream digits(match[2]);
    for (std::string byte; digits >> byte;)
      dump.bytes[offset++] = static_cast<unsigned>(std::stoul(byte, nullptr, 16));
  }
  return dump;
}

std::string document() {
  return testing::read_text(cat(testing::source_folder(), "/docs/format.md"));
}

TEST(FormatDocument, ShowsTheGoldenFilesBytes) {
  const std::string file =
      testing::read_text(cat(testing::source_folder(), "/src/format/testdata/gen-000041.cairn"));
  const Dump dump = dump_in(document());
  EXPECT_EQ(dump.file_bytes, file.size());
  for (const auto& [offset, byte] : dump.bytes) {
    ASSERT_LT(offset, file.size());
    EXPECT_EQ(byte, static_cast<unsigned char>(file[offset])) << "at " << offset;
  }
  for (std::size_t i = 0; i < file.size(); ++i)
    ASSERT_TRUE(file[i] == '\0' || dump.bytes.contains(i)) << "byte " << i << " is not shown";
}

// "| 8 | 8 | generation |" for each field: tables and code say the same.
TEST(FormatDocument, HasTheOffsetsOfTheCode) {
  const std::string text = document();
  const auto expect_row = [&](layout::Field field, std::string_view name) {
    const std::string row = cat("| ", field.offset, " | ", field.bytes, " | ", name);
    EXPECT_NE(text.find(row), std::string::npos) << row;
  };
  namespace h = layout::header;
  expect_row(h::kMagic, "magic");
  expect_row(h::kGeneration, "generation");
  expect_row(h::kVersion, "format version");
  expect_row(h::kZero, "zero");
  expect_row(h::kChecksum, "checksum");
  namespace f = layout::footer;
  expect_row(f::kMagic, "magic");
  expect_row(f::kVersion, "format version");
  expect_row(f::kManifestOffset, "manifest offset");
  expect_row(f::kManifestBytes, "manifest bytes");
  expect_row(f::kManifestChecksum, "manifest checksum");
  expect_row(f::kFileBytes, "file bytes");
  expect_row(f::kChecksum, "checksum");
  expect_row(f::kEndMagic, "end magic");
}

}  // namespace
}  // namespace cairn
