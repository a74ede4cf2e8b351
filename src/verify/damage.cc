// Planned first, made then: each variant of a large file takes as much space as the file.
#include "verify/damage.h"

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <set>

#include "base/checksum.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn::verify {
namespace {

using Kind = ImageEntry::Kind;

constexpr std::size_t kVariantsMax = 40;
constexpr std::size_t kCutsMax = 16;  // where there are too many: four files
constexpr std::size_t kOlderMax = 8;
constexpr std::size_t kProbeBytes = 64U << 10U;        // by which text is told from binary
constexpr std::uint64_t kFlippedBytesMax = 512 << 20;  // all copies of one file together

struct StateFile {
  std::string name;
  ImageEntry entry;
};

// One bit of the bytes from `begin` to `end`.
struct Slice {
  const StateFile* file;
  std::uint64_t number, begin, end;
};

bool is_spared(const std::string& name, const std::vector<std::string>& spared) {
  return std::any_of(spared.begin(), spared.end(), [&](const std::string& file) {
    return name == file || name.starts_with(file + "/");
  });
}

// The largest first: there most of the state is.
std::vector<StateFile> state_files(const Image& image, const std::vector<std::string>& spared) {
  std::vector<StateFile> files;
  for (const auto& [name, entry] : image.entries)
    if (entry.kind == Kind::file && !is_spared(name, spared)) files.push_back({name, entry});
  std::stable_sort(files.begin(), files.end(), [](const StateFile& one, const StateFile& other) {
    return one.entry.bytes > other.entry.bytes;
  });
  return files;
}

// --- bits ------------------------------------------------------------------------

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_letter(char byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }
bool is_alphanumeric(char byte) { return is_digit(byte) || is_letter(byte); }

char flipped(char byte, unsigned bit) { return static_cast<char>(byte ^ (1 << bit)); }

bool is_text(std::string_view content) {
  return std::none_of(content.begin(), content.end(), [](char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return value == 0x7F || (value < 0x20 && (byte < '\t' || byte > '\r'));
  });
}

struct Bit {
  std::uint64_t byte = 0;
  unsigned bit = 0;
};

// In text it makes one digit another or one letter another: damage that no parser notices.  Every
// other one looks for a digit first, since there the numbers are.
Bit choose_bit(std::string_view content, const Slice& slice, std::mt19937_64& random) {
  const std::uint64_t bytes = slice.end - slice.begin;
  const std::uint64_t start = random() % bytes;
  const auto draw = static_cast<unsigned>(random() % 8);
  if (!is_text(content.substr(0, kProbeBytes))) return {slice.begin + start, draw};

  const auto find = [&](const std::function<bool(char)>& wanted) {
    std::uint64_t steps = 0;
    while (steps < bytes && !wanted(content[slice.begin + (start + steps) % bytes])) ++steps;
    return slice.begin + (start + steps) % bytes;
  };
  std::uint64_t place = find(slice.number % 2 == 0 ? is_digit : is_alphanumeric);
  if (!is_alphanumeric(content[place])) place = find(is_alphanumeric);
  const char old = content[place];
  for (unsigned i = 0; i < 3; ++i) {
    const unsigned bit = (draw + i) % 3;
    const char changed = flipped(old, bit);
    if ((is_digit(old) && is_digit(changed)) || (is_letter(old) && is_letter(changed)))
      return {place, bit};
  }
  return {place, draw % 3};
}

std::vector<Slice> slices_of(const StateFile& file, int flips) {
  const std::uint64_t bytes = file.entry.bytes;
  if (bytes == 0 || flips <= 0) return {};
  const std::uint64_t affordable = std::max<std::uint64_t>(kFlippedBytesMax / bytes, 1);
  const std::uint64_t count = std::min({static_cast<std::uint64_t>(flips), bytes, affordable});
  std::vector<Slice> slices;
  const auto bound = [&](std::uint64_t i) { return bytes / count * i + bytes % count * i / count; };
  for (std::uint64_t i = 0; i < count; ++i) slices.push_back({&file, i, bound(i), bound(i + 1)});
  return slices;
}

// At most `limit` of them, from as many files as can be, and then file by file.
std::vector<Slice> plan_flips(const std::vector<StateFile>& files, int flips, std::size_t limit) {
  std::vector<Slice> slices;
  for (const StateFile& file : files) {
    const auto more = slices_of(file, flips);
    slices.insert(slices.end(), more.begin(), more.end());
  }
  const auto by = [&](auto key) {
    std::stable_sort(slices.begin(), slices.end(),
                     [&](const Slice& one, const Slice& other) { return key(one) < key(other); });
  };
  by([](const Slice& slice) { return slice.number; });
  slices.resize(std::min(slices.size(), limit));
  by([](const Slice& slice) { return slice.file; });  // they stand in one vector, largest first
  return slices;
}

// --- variants ----------------------------------------------------------------------

// What differs from the checkpoint in one file.
class Workshop {
 public:
  Workshop(const Image& checkpoint, std::uint64_t seed, ImageStore& store)
      : checkpoint_(checkpoint), seed_(seed), store_(store), keys_{key_of(checkpoint)} {}

  // One that is there already is left out.
  void add(std::string what, const StateFile& file, const ImageEntry* entry) {
    Damage damage{std::move(what), file.name, checkpoint_};
    if (entry != nullptr)
      damage.checkpoint.entries[file.name] = *entry;
    else
      damage.checkpoint.entries.erase(file.name);
    if (keys_.insert(key_of(damage.checkpoint)).second) made.push_back(std::move(damage));
  }

  Status cut(const StateFile& file, std::uint64_t bytes) {
    CAIRN_TRY(const std::string* content, content_of(file));
    CAIRN_TRY(const ImageEntry entry,
              store_.add(as_bytes(std::string_view(*content).substr(0, bytes)), file.entry.mode));
    add(bytes == 0 ? cat(file.name, " is empty")
                   : cat(file.name, " cut to ", bytes, " of ", file.entry.bytes, " bytes"),
        file, &entry);
    return {};
  }

  Status flip(const Slice& slice) {
    CAIRN_TRY(std::string* const content, content_of(*slice.file));
    std::mt19937_64 random(seed_of(slice));
    const Bit bit = choose_bit(*content, slice, random);
    char& byte = (*content)[bit.byte];
    byte = flipped(byte, bit.bit);
    auto entry = store_.add(as_bytes(*content), slice.file->entry.mode);
    byte = flipped(byte, bit.bit);
    if (!entry) return std::move(entry).error();
    add(cat("bit ", bit.bit, " of byte ", bit.byte, " of ", slice.file->name, " flipped"),
        *slice.file, &*entry);
    return {};
  }

  std::vector<Damage> made;

 private:
  // Of the file that was asked for last; a variant puts back what it changes.
  Result<std::string*> content_of(const StateFile& file) {
    if (loaded_ != file.name) {
      CAIRN_TRY(content_, store_.read(file.entry));
      content_.resize(file.entry.bytes);
      loaded_ = file.name;
    }
    return &content_;
  }

  // Of each slice its own: what is chosen here does not depend on what was made before.
  std::uint64_t seed_of(const Slice& slice) const {
    const Checksum sum = checksum(as_bytes(cat(seed_, " ", slice.number, " ", slice.file->name)));
    return load_le<std::uint64_t>(sum);
  }

  const Image& checkpoint_;
  const std::uint64_t seed_;
  ImageStore& store_;
  std::set<std::string> keys_;
  std::string loaded_, content_;
};

// Empty, half, without the last byte, missing.
Status make_cuts(const StateFile& file, Workshop& workshop) {
  const std::uint64_t bytes = file.entry.bytes;
  const std::set<std::uint64_t> lengths =
      bytes == 0 ? std::set<std::uint64_t>() : std::set<std::uint64_t>{0, bytes / 2, bytes - 1};
  for (const std::uint64_t length : lengths) CAIRN_CHECK(workshop.cut(file, length));
  workshop.add(cat(file.name, " is missing"), file, nullptr);
  return {};
}

// The files that were others in the checkpoint before.  Not if it is only one, and nothing else
// changed: with it the whole would be the checkpoint before.
std::vector<StateFile> changed_since(const std::vector<StateFile>& before,
                                     const std::vector<StateFile>& files) {
  std::map<std::string, ImageEntry> old;
  for (const StateFile& file : before) old.emplace(file.name, file.entry);
  std::vector<StateFile> changed;
  bool same_names = old.size() == files.size();
  for (const StateFile& file : files) {
    const auto entry = old.find(file.name);
    if (entry == old.end())
      same_names = false;
    else if (entry->second.content != file.entry.content)
      changed.push_back({file.name, entry->second});
  }
  if (files.size() < 2 || (same_names && changed.size() == 1)) return {};
  return changed;
}

}  // namespace

Result<std::vector<Damage>> damages(const Image& checkpoint, const Image& previous,
                                    const std::vector<std::string>& spared, int flips,
                                    std::uint64_t seed, ImageStore& store) {
  const auto files = state_files(checkpoint, spared);
  auto older = changed_since(state_files(previous, spared), files);
  const std::size_t all_cuts = 4 * files.size();
  const std::size_t all_flips = plan_flips(files, flips, SIZE_MAX).size();
  if (all_cuts + all_flips + older.size() > kVariantsMax)
    older.resize(std::min(older.size(), kOlderMax));
  const std::size_t cuts =
      std::min(all_cuts,
               std::max(kCutsMax, kVariantsMax - std::min(all_flips + older.size(), kVariantsMax)));

  Workshop workshop(checkpoint, seed, store);
  for (const StateFile& file : files) {
    if (workshop.made.size() + 4 > cuts) break;
    CAIRN_CHECK(make_cuts(file, workshop));
  }
  const std::size_t left = kVariantsMax - workshop.made.size() - older.size();
  for (const Slice& slice : plan_flips(files, flips, left)) CAIRN_CHECK(workshop.flip(slice));
  for (const StateFile& file : older)
    workshop.add(cat(file.name, " is from the checkpoint before, the others are not"), file,
                 &file.entry);
  return std::move(workshop.made);
}

}  // namespace cairn::verify
