#include "cairn/serializable.h"

#include <algorithm>
#include <locale>
#include <sstream>

#include "base/text.h"

namespace cairn {

std::string to_text(const RegionType& type) {
  std::string text = type.name;
  if (type.name == "struct") text += cat(" of ", type.element_bytes, " bytes");
  for (const std::uint64_t extent : type.shape) text += cat("[", extent, "]");
  return text;
}

Error type_mismatch(const RegionType& saved, const RegionType& now) {
  return {Errc::mismatch,
          cat("was saved as ", to_text(saved), ", the program now has ", to_text(now)), 0,
          "run the program that wrote the checkpoint, or start over in an empty checkpoint folder"};
}

void Writer::bytes(std::span<const std::byte> bytes) {
  into_->insert(into_->end(), bytes.begin(), bytes.end());
}

void Writer::fail(std::string why) {
  if (!error_) error_ = Error{Errc::unsupported, std::move(why), 0, {}};
}

Status Writer::status() const { return error_ ? Status(*error_) : Status(); }

void Reader::bytes(std::span<std::byte> into) {
  if (ok() && into.size() > left_bytes()) fail("ends before all of it was read");
  if (!ok()) {
    std::ranges::fill(into, std::byte{0});
    return;
  }
  std::ranges::copy(bytes_.subspan(position_, into.size()), into.begin());
  position_ += into.size();
}

std::size_t Reader::count(std::size_t element_bytes) {
  std::uint64_t count = 0;
  bytes(std::as_writable_bytes(std::span(&count, 1)));
  if (count <= left_bytes() / element_bytes) return static_cast<std::size_t>(count);
  fail("counts more elements than it has bytes for");
  return 0;
}

void Reader::fail(Errc code, std::string why) {
  if (!error_) error_ = Error{code, std::move(why), 0, {}};
}

Status Reader::finish() {
  if (ok() && left_bytes() > 0)
    fail(Errc::mismatch, cat("has ", left_bytes(), " bytes more than the program reads"));
  return error_ ? Status(*error_) : Status();
}

namespace detail {
namespace {

class MemoryRegion final : public Region {
 public:
  MemoryRegion(RegionType type, std::span<std::byte> memory)
      : type_(std::move(type)), memory_(memory) {}

  RegionType type() const override { return type_; }
  Result<std::span<const std::byte>> freeze(std::vector<std::byte>&) const override {
    return std::span<const std::byte>(memory_);
  }
  Status stage(const RegionType& type, std::span<const std::byte> bytes) override {
    if (type != type_ || bytes.size() != memory_.size()) return type_mismatch(type, type_);
    bytes_ = bytes;
    return {};
  }
  void apply() noexcept override { std::ranges::copy(bytes_, memory_.begin()); }

 private:
  RegionType type_;
  std::span<std::byte> memory_;
  std::span<const std::byte> bytes_;
};

}  // namespace

std::unique_ptr<Region> memory_region(RegionType type, std::span<std::byte> memory) {
  return std::make_unique<MemoryRegion>(std::move(type), memory);
}

Result<std::span<const std::byte>> BitsRegion::freeze(std::vector<std::byte>& scratch) const {
  scratch.resize(bits_.size());
  std::ranges::transform(bits_, scratch.begin(), [](bool bit) { return std::byte{bit}; });
  return std::span<const std::byte>(scratch);
}

Status BitsRegion::stage(const RegionType& type, std::span<const std::byte> bytes) {
  if (type != RegionType{"bool", 1, {bytes.size()}}) return type_mismatch(type, this->type());
  bits_.reserve(bytes.size());  // so that apply() cannot fail
  bytes_ = bytes;
  return {};
}

void BitsRegion::apply() noexcept {
  bits_.resize(bytes_.size());
  std::transform(bytes_.begin(), bytes_.end(), bits_.begin(),
                 [](std::byte byte) { return byte != std::byte{0}; });
}

std::string stream_text(void (*write)(std::ostream&, const void*), const void* object) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  write(out, object);
  return std::move(out).str();
}

bool read_stream_text(const std::string& text, void (*read)(std::istream&, void*), void* object) {
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  read(in, object);
  return !in.fail() && (in >> std::ws).eof();
}

}  // namespace detail
}  // namespace cairn
