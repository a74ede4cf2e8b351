#include "capi/regions.h"

#include <array>
#include <optional>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "capi/errors.h"

namespace cairn::capi {
namespace {

struct NamedType {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array kNamedTypes = {
    NamedType{CAIRN_I8, 1},  NamedType{CAIRN_I16, 2},  NamedType{CAIRN_I32, 4},
    NamedType{CAIRN_I64, 8}, NamedType{CAIRN_U8, 1},   NamedType{CAIRN_U16, 2},
    NamedType{CAIRN_U32, 4}, NamedType{CAIRN_U64, 8},  NamedType{CAIRN_F32, 4},
    NamedType{CAIRN_F64, 8}, NamedType{CAIRN_BOOL, 1}, NamedType{CAIRN_BYTES, 1},
};

// element_bytes * shape[0] * shape[1] * ...; nothing if that is no number of bytes.
std::optional<std::uint64_t> total_bytes(const RegionType& type) {
  std::uint64_t bytes = type.element_bytes;
  for (const std::uint64_t extent : type.shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

// The session puts "region NAME " before each message.
class ObjectRegion final : public Region {
 public:
  ObjectRegion(RegionType type, OwnedObject object)
      : type_(std::move(type)), object_(std::move(object)) {}

  RegionType type() const override { return type_; }

  Result<std::span<const std::byte>> freeze(std::vector<std::byte>&) const override {
    // Values that no successful callback leaves behind: a language whose callback was
    // cut short by an exception may return anything, "success" too.
    const void* data = nullptr;
    std::size_t bytes = SIZE_MAX;
    cairn_error error = {};
    if (const cairn_code code = object_->view(object_->context, &data, &bytes, &error)) {
      return callback_error("could not be saved: ", "its view callback", code, error);
    }
    if (bytes == SIZE_MAX || (data == nullptr && bytes != 0)) {
      return Error{Errc{CAIRN_CALLBACK},
                   "could not be saved: its view callback returned without the bytes"};
    }
    if (type_.element_bytes != 0 && bytes != total_bytes(type_)) {
      return Error{Errc::misuse,
                   cat("could not be saved: its view callback gave ", bytes, " bytes, but ",
                       to_text(type_), " takes ", *total_bytes(type_))};
    }
    return std::span(static_cast<const std::byte*>(data), bytes);
  }

  Status stage(const RegionType& saved, std::span<const std::byte> bytes) override {
    if (saved != type_) return type_mismatch(saved, type_);
    cairn_error error = {};
    const cairn_code code = object_->stage(object_->context, bytes.data(), bytes.size(), &error);
    if (code == CAIRN_OK) return {};
    return callback_error("could not be restored: ", "its stage callback", code, error);
  }

  void apply() noexcept override { object_->apply(object_->context); }
  void abandon() noexcept override {
    if (object_->abandon != nullptr) object_->abandon(object_->context);
  }

 private:
  RegionType type_;
  OwnedObject object_;
};

}  // namespace

Result<std::uint64_t> element_bytes(std::string_view type) {
  std::vector<std::string_view> names;
  for (const NamedType& known : kNamedTypes) {
    if (known.name == type) return known.bytes;
    names.push_back(known.name);
  }
  const std::vector<std::string> listed(names.begin(), names.end());
  return Error{
      Errc::invalid, cat("\"", type, "\" is no element type"), 0,
      cat("use one of ", join(listed, ", "), ", or cairn_protect() with a cairn_type of your own")};
}

Result<RegionType> region_type(const cairn_type& given) {
  const cairn_type type = sized_copy(given);
  if (type.struct_size == 0) return Error{Errc::misuse, "cairn_type: struct_size is not set"};
  if (type.name == nullptr || *type.name == '\0') {
    return Error{Errc::misuse, "cairn_type: a type needs a name"};
  }
  if (type.dimensions > 0 && type.shape == nullptr) {
    return Error{Errc::misuse, "cairn_type: there are dimensions, but shape is NULL"};
  }
  if (type.element_bytes == 0 && type.dimensions > 0) {
    return Error{Errc::misuse, "cairn_type: a stream (element_bytes 0) has no shape"};
  }
  RegionType result{type.name, type.element_bytes, {}};
  if (type.dimensions > 0) result.shape.assign(type.shape, type.shape + type.dimensions);
  if (!total_bytes(result)) {
    return Error{Errc::misuse, cat("cairn_type: ", to_text(result), " is larger than any memory")};
  }
  return result;
}

Result<std::unique_ptr<Region>> memory_region(RegionType type, void* data, std::size_t bytes) {
  if (data == nullptr && bytes > 0) return Error{Errc::misuse, "the memory to protect is NULL"};
  if (total_bytes(type) != bytes) {
    return Error{Errc::misuse, cat("the memory to protect has ", bytes, " bytes, but ",
                                   to_text(type), " takes ", *total_bytes(type))};
  }
  const std::span memory(static_cast<std::byte*>(data), bytes);
  return detail::memory_region(std::move(type), memory);
}

std::unique_ptr<Region> object_region(RegionType type, OwnedObject object) {
  return std::make_unique<ObjectRegion>(std::move(type), std::move(object));
}

}  // namespace cairn::capi
