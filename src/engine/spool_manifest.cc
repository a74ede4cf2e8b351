#include "engine/spool_manifest.h"

#include <nettle/sha2.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/assert.h"
#include "base/checksum.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

constexpr std::size_t kHexDigits = 64;

// sha256sum (coreutils 9) marks a line whose name it had to escape by a backslash at its start.
struct Escape {
  char letter;
  char written;
};
constexpr std::array kEscapes{Escape{'\\', '\\'}, Escape{'\n', 'n'}, Escape{'\r', 'r'}};

std::string escaped(std::string_view name) {
  std::string text;
  for (const char letter : name) {
    const auto escape = std::find_if(kEscapes.begin(), kEscapes.end(),
                                     [&](const Escape& e) { return e.letter == letter; });
    if (escape == kEscapes.end())
      text += letter;
    else
      text += {'\\', escape->written};
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    if (++i == text.size()) return {};
    const auto escape = std::find_if(kEscapes.begin(), kEscapes.end(),
                                     [&](const Escape& e) { return e.written == text[i]; });
    if (escape == kEscapes.end()) return {};
    name += escape->letter;
  }
  return name;
}

std::string line_of(std::string_view sha256, std::string_view name) {
  const std::string written = escaped(name);
  return cat(written == name ? "" : "\\", sha256, " *", written, "\n");
}

std::string sha256_of(std::string_view text) {
  Sha256 hash;
  hash.add(as_bytes(text));
  return hash.hex();
}

Error damaged(const std::string& what) {
  return {Errc::corrupt, cat(kSpoolManifestName, ": ", what), 0, {}};
}

bool is_sha256(std::string_view text) {
  return text.size() == kHexDigits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// `line` without its newline.
Result<SpoolManifestLine> decode_line(std::string_view line, std::size_t number) {
  const std::string where = cat("line ", number);
  const bool has_escapes = line.starts_with('\\');
  if (has_escapes) line.remove_prefix(1);
  const std::string_view sha256 = line.substr(0, kHexDigits);
  if (!is_sha256(sha256) || line.substr(kHexDigits, 2) != " *")
    return damaged(where + " is not a checksum and a name");
  const std::string_view written = line.substr(kHexDigits + 2);
  const auto name = has_escapes ? unescaped(written) : std::string(written);
  if (!name || !is_plain_relative(*name)) return damaged(where + " has no name of a file");
  return SpoolManifestLine{*name, std::string(sha256)};
}

}  // namespace

bool is_plain_relative(std::string_view name) {
  for (;;) {
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, end);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != part.npos) return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 1);
  }
}

std::string encode_spool_manifest(const SpoolManifest& manifest) {
  std::string text;
  for (const SpoolManifestLine& line : manifest) text += line_of(line.sha256, line.name);
  return text + line_of(sha256_of(text), kSpoolManifestName);
}

Result<SpoolManifest> decode_spool_manifest(std::string_view text) {
  if (!text.ends_with('\n')) return damaged("is cut off");
  const std::size_t newline = text.substr(0, text.size() - 1).rfind('\n');
  const std::size_t listed_bytes = newline == text.npos ? 0 : newline + 1;
  const std::string_view listed = text.substr(0, listed_bytes);
  if (text.substr(listed_bytes) != line_of(sha256_of(listed), kSpoolManifestName))
    return damaged("its last line is not the checksum of those before");
  SpoolManifest manifest;
  for (std::size_t start = 0; start < listed.size();) {
    const std::size_t end = listed.find('\n', start);
    CAIRN_TRY(auto line, decode_line(listed.substr(start, end - start), manifest.size() + 1));
    if (!manifest.empty() && line.name <= manifest.back().name)
      return damaged(cat(line.name, " is out of order"));
    manifest.push_back(std::move(line));
    start = end + 1;
  }
  if (encode_spool_manifest(manifest) != text) return damaged("has names that are escaped wrongly");
  return manifest;
}

struct Sha256::Context {
  sha256_ctx sha{};
  Context() { sha256_init(&sha); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(Bytes bytes) {
  sha256_update(&context_->sha, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

std::string Sha256::hex() {
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
  sha256_digest(&context_->sha, digest.size(), digest.data());
  return to_hex(std::as_bytes(std::span(digest)));
}

}  // namespace cairn
