// Regions as the C interface describes them: memory of a fixed size, and objects
// with callbacks.  Their type never changes, so a checkpoint of another type is
// refused here, before a callback sees it.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "cairn/cairn.h"
#include "cairn/result.h"
#include "cairn/serializable.h"

namespace cairn::capi {

// A struct of the caller's, whose struct_size may be smaller or larger than ours:
// what he does not know keeps the value it has in `defaults`.
template <class T>
T sized_copy(const T& from, T defaults = {}) {
  const std::size_t bytes = from.struct_size < sizeof(T) ? from.struct_size : sizeof(T);
  std::memcpy(&defaults, &from, bytes);
  return defaults;
}

// The bytes of one element of a type that cairn.h names.  Errors: invalid.
Result<std::uint64_t> element_bytes(std::string_view type);

// What `type` says.  Errors: misuse (it cannot be meant).
Result<RegionType> region_type(const cairn_type& type);

// Memory of the caller's.  Errors: misuse (the type does not take `bytes` bytes).
Result<std::unique_ptr<Region>> memory_region(RegionType type, void* data, std::size_t bytes);

// Owns what cairn_protect_object() was given, and releases it in the end.
class OwnedObject {
 public:
  explicit OwnedObject(const cairn_object& object) noexcept : object_(object) {}
  OwnedObject(OwnedObject&& other) noexcept : object_(std::exchange(other.object_, {})) {}
  OwnedObject(const OwnedObject&) = delete;
  OwnedObject& operator=(const OwnedObject&) = delete;
  OwnedObject& operator=(OwnedObject&&) = delete;
  ~OwnedObject() {
    if (object_.release != nullptr) object_.release(object_.context);
  }
  const cairn_object* operator->() const noexcept { return &object_; }

 private:
  cairn_object object_;
};

std::unique_ptr<Region> object_region(RegionType type, OwnedObject object);

}  // namespace cairn::capi
