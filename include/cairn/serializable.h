// What can be protected, and how it becomes bytes.
//
//   as they lie in memory   numbers, bool, char, enums, std::complex, std::bitset, std::chrono,
//                           structs that can be copied byte by byte; C arrays, std::array,
//                           std::span and std::vector of these (written without a copy)
//   element by element      std::string, vector, deque, list, map, set, their multi and unordered
//                           forms, array, pair, tuple, optional, variant: of anything listed here
//   exactly                 the engines and distributions of <random>
//   your own classes        give them
//                             static constexpr std::uint32_t cairn_version = 1;
//                             void save(cairn::Writer& out) const { out(a_, b_); }
//                             void load(cairn::Reader& in, std::uint32_t version) { in(a_, b_); }
//                           or, for a class that is not yours, specialise cairn::Codec
//
// A pointer, a view or a class with virtual functions and no save() is refused at compile time:
// its bytes mean nothing in the next process.  A class that hides a pointer behind a constructor
// cannot be told from plain bytes, and is up to you.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <istream>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "cairn/result.h"
#include "cairn/version.h"

namespace cairn {

static_assert(std::endian::native == std::endian::little, "Cairn's format is little-endian");

// What a checkpoint records of a region besides its bytes.
struct RegionType {
  std::string name;                 // "f64", "struct", "map<string,i32>"
  std::uint64_t element_bytes = 0;  // 0: a stream of its own, not elements
  std::vector<std::uint64_t>
      shape;  // elements in each dimension, slowest first; {} for one element

  friend bool operator==(const RegionType&, const RegionType&) = default;
};

// "f64[1024][3]", "struct of 24 bytes", "map<string,i32>".
CAIRN_API std::string to_text(const RegionType& type);

// A protected object as a session sees it.  Restoring takes two steps, so that
// either all regions change or none: stage() on every region, then apply() on every
// one; or abandon() on every one, if some stage() failed.
class CAIRN_API Region {
 public:
  virtual ~Region() = default;

  // As it is now.
  virtual RegionType type() const = 0;

  // The object's bytes as they are now.  Either they lie in memory in one piece and
  // are returned as they are, or they are written to `scratch`.  Valid until the
  // object or `scratch` changes.
  virtual Result<std::span<const std::byte>> freeze(std::vector<std::byte>& scratch) const = 0;

  // Checks that `bytes`, recorded as `type`, fit and prepares to take them.
  // `bytes` stay valid until apply().
  // Errors: mismatch (type_mismatch() makes it), corrupt, unsupported.  Their message
  // goes on after "region NAME ", for a region does not know its name.
  virtual Status stage(const RegionType& type, std::span<const std::byte> bytes) = 0;
  virtual void apply() noexcept = 0;

  // After this the object is what it was before stage(), also if that failed or was not called.
  virtual void abandon() noexcept {}
};

// "was saved as f64[8], the program now has f32[8]", as stage() returns it.
CAIRN_API Error type_mismatch(const RegionType& saved, const RegionType& now);

template <class T>
struct Codec;

// Takes the parts of an object: out(a, b, c).
class CAIRN_API Writer {
 public:
  // Appends to `into`, which must outlive the writer.
  explicit Writer(std::vector<std::byte>& into) : into_(&into) {}

  template <class... T>
  void operator()(const T&... objects) {
    (write(objects), ...);
  }
  void bytes(std::span<const std::byte> bytes);
  std::size_t written_bytes() const noexcept { return into_->size(); }

  // The object cannot be saved, for the reason given: the commit fails with it.  The
  // first reason stays.
  void fail(std::string why);
  bool ok() const noexcept { return !error_; }
  Status status() const;

 private:
  template <class T>
  void write(const T& object) {
    const std::size_t before = into_->size();
    Codec<T>::save(*this, object);
    // Never nothing: a Reader bounds a count of elements by the bytes that are left.
    if (into_->size() == before) into_->push_back(std::byte{0});
  }

  std::vector<std::byte>* into_;
  std::optional<Error> error_;
};

// Gives the parts back in the same order: in(a, b, c).  After a failure it reads
// zeros and changes no more container; load() may ask ok(), and need not.
class CAIRN_API Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class... T>
  void operator()(T&... objects) {
    (read(objects), ...);
  }
  void bytes(std::span<std::byte> into);
  // Reads a count of elements of at least `element_bytes` each.  Fails, and is 0, if
  // the bytes left cannot hold them: so what is allocated is bounded by what is there.
  std::size_t count(std::size_t element_bytes = 1);
  std::size_t left_bytes() const noexcept { return bytes_.size() - position_; }

  // What was read cannot be meant.  The first reason stays.
  void fail(std::string why) { fail(Errc::corrupt, std::move(why)); }
  void fail(Errc code, std::string why);
  bool ok() const noexcept { return !error_; }
  // After the last part: also fails if bytes are left.
  Status finish();

 private:
  template <class T>
  void read(T& object) {
    const std::size_t before = position_;
    Codec<T>::load(*this, object);
    if (position_ == before) position_ += left_bytes() ? 1 : 0;
  }

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  std::optional<Error> error_;
};

// ---- what is refused, and why ------------------------------------------------------------------

namespace detail {

template <class T, template <class...> class Template>
inline constexpr bool kIs = false;
template <template <class...> class Template, class... A>
inline constexpr bool kIs<Template<A...>, Template> = true;

template <class T>
inline constexpr bool kIsSpan = false;
template <class T, std::size_t N>
inline constexpr bool kIsSpan<std::span<T, N>> = true;

template <class T>
inline constexpr bool kIsPointer =
    std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>;
template <class T>
inline constexpr bool kIsOwner =
    kIs<T, std::unique_ptr> || kIs<T, std::shared_ptr> || kIs<T, std::weak_ptr>;
template <class T>
inline constexpr bool kIsView =
    kIsSpan<T> || kIs<T, std::basic_string_view> || kIs<T, std::reference_wrapper>;
template <class T>
inline constexpr bool kIsCallable = kIs<T, std::function> || std::is_function_v<T>;

template <class T>
concept SavesItself = requires(const T& object, T& target, Writer& out, Reader& in) {
  object.save(out);
  target.load(in, std::uint32_t{});
  std::uint32_t{T::cairn_version};
};

// An aggregate holds a pointer if it can be initialised from things that become anything,
// but not from as many things that become anything but a pointer.
template <class Outer>
struct Anything {
  template <class T>
  requires(!std::is_same_v<T, Outer>) operator T() const;
};
template <class T>
constexpr bool holds_pointer();
template <class Outer>
struct AnythingPlain {
  template <class T>
  requires(!std::is_same_v<T, Outer> && !holds_pointer<T>()) operator T() const;
};
template <class T, class Part, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), Part{})...}; };
}
template <class T, std::size_t N = 1>
constexpr bool parts_hold_pointer() {
  using Parts = std::make_index_sequence<N>;
  if constexpr (N > 64 || !takes<T, Anything<T>>(Parts{}))
    return false;  // long enough
  else if constexpr (!takes<T, AnythingPlain<T>>(Parts{}))
    return true;
  else
    return parts_hold_pointer<T, N + 1>();
}
template <class T>
constexpr bool holds_pointer() {
  if constexpr (kIsPointer<T> || kIsView<T> || kIsOwner<T> || kIsCallable<T>)
    return true;
  else if constexpr (std::is_array_v<T>)
    return holds_pointer<std::remove_all_extents_t<T>>();
  else if constexpr (std::is_class_v<T> && std::is_aggregate_v<T> && !SavesItself<T>)
    return parts_hold_pointer<T>();
  else
    return false;
}

// ---- the names of types ------------------------------------------------------------------------

template <class T>
concept IsComplex = std::is_trivially_copyable_v<T> && requires(const T& z) {
  requires std::is_floating_point_v<typename T::value_type>;
  requires sizeof(T) == 2 * sizeof(typename T::value_type);
  z.real();
  z.imag();
};
template <class T>
concept IsBitset = requires(const T& bits) {
  bits.to_ullong();
  bits.none();
  bits.size();
};
template <class T>
concept IsDuration = requires {
  typename T::rep;
  T::period::num;
  T::period::den;
};
template <class T>
concept IsTimePoint = requires {
  typename T::clock;
  requires IsDuration<typename T::duration>;
};
template <class T>
concept IsEngine = requires(T& engine) {
  typename T::result_type;
  engine.discard(1ULL);
  engine.seed();
  T::min();
  T::max();
};
template <class T>
concept IsDistribution = requires(T& distribution) {
  typename T::param_type;
  typename T::result_type;
  distribution.param();
  distribution.reset();
};

template <class T>
std::string name_of();

template <class T>
std::string number_name() {
  const std::string bits = std::to_string(8 * sizeof(T));
  if constexpr (std::is_same_v<T, bool>)
    return "bool";
  else if constexpr (std::is_same_v<T, char>)
    return "char";
  else if constexpr (std::is_floating_point_v<T>)
    return std::numeric_limits<T>::digits == 64 ? "f80" : "f" + bits;  // x87's long double
  else
    return (std::is_signed_v<T> ? "i" : "u") + bits;
}

template <class T>
std::string plain_name() {
  if constexpr (std::is_arithmetic_v<T>)
    return number_name<T>();
  else if constexpr (std::is_enum_v<T>)
    return number_name<std::underlying_type_t<T>>();
  else if constexpr (IsComplex<T>)
    return "c" + std::to_string(8 * sizeof(T));
  else if constexpr (IsBitset<T>)
    return "bitset<" + std::to_string(T{}.size()) + ">";
  else if constexpr (IsDuration<T>)
    return "duration<" + name_of<typename T::rep>() + "," + std::to_string(T::period::num) + "/" +
           std::to_string(T::period::den) + ">";
  else if constexpr (IsTimePoint<T>)
    return "time_point<" + name_of<typename T::duration>() + ">";
  else
    return "struct";
}

// "mersenne_twister_engine": the name of a class template, without namespace and arguments.
template <class T>
std::string template_name() {
  std::string_view text =
      __PRETTY_FUNCTION__;  // "… [with T = std::name<…>; …]", "… [T = std::name<…>]"
  text.remove_prefix(text.find("T = ") + 4);
  text = text.substr(0, text.find_first_of("<;]"));
  if (const auto colon = text.rfind(':'); colon != text.npos) text.remove_prefix(colon + 1);
  return std::string(text);
}

// What stands between < and >.
template <class... T>
std::string names_of() {
  std::string names;
  ((names += (names.empty() ? "" : ",") + name_of<T>()), ...);
  return names;
}

// ---- bytes of numbers, and text ----------------------------------------------------------------

template <class T>
std::span<const std::byte> bytes_of(const T& object) {
  return {reinterpret_cast<const std::byte*>(std::addressof(object)), sizeof object};
}
template <class T>
std::span<std::byte> writable_bytes_of(T& object) {
  return {reinterpret_cast<std::byte*>(std::addressof(object)), sizeof object};
}

inline void save_count(Writer& out, std::size_t count) {
  out.bytes(bytes_of(static_cast<std::uint64_t>(count)));
}

// What `write` puts into a stream, and whether `read` takes all of `text`: in the classic locale.
CAIRN_API std::string stream_text(void (*write)(std::ostream&, const void*), const void* object);
CAIRN_API bool read_stream_text(const std::string& text, void (*read)(std::istream&, void*),
                                void* object);

template <class T>
std::string text_of(const T& object) {
  return stream_text([](std::ostream& out, const void* it) { out << *static_cast<const T*>(it); },
                     &object);
}
template <class T>
bool parse_text(const std::string& text, T& object) {
  return read_stream_text(
      text, [](std::istream& in, void* it) { in >> *static_cast<T*>(it); }, &object);
}

// Tells minstd_rand from minstd_rand0, whose states look alike: the state after one number.
template <class T>
const std::string& engine_fingerprint() {
  static const std::string fingerprint = [] {
    T engine;
    static_cast<void>(engine());
    return std::to_string(static_cast<std::uint64_t>(engine())) + " of " +
           std::to_string(static_cast<std::uint64_t>(T::max()));
  }();
  return fingerprint;
}

}  // namespace detail

// ---- Codec -------------------------------------------------------------------------------------

// How a T becomes bytes.  Specialise it for a class that is not yours:
//   template <> struct cairn::Codec<Matrix> {
//     static void save(Writer& out, const Matrix& m) { out(m.rows(), m.cols()); ... }
//     static void load(Reader& in, Matrix& m) { ... }
//   };
// A specialisation may have
//   static std::string name()         for mismatches and `cairn show`; else it is an "object"
//   static constexpr bool kPlain      the bytes of a T in memory are all there is to it
//   static constexpr bool kComplete   load() sets the whole value, whatever was there before, and
//                                     a T can be copied: it is then loaded into a copy
template <class T>
struct Codec {
 private:
  static constexpr bool kSavesItself = detail::SavesItself<T>;
  static constexpr bool kNamed = std::is_const_v<T> || detail::kIsPointer<T> ||
                                 detail::kIsOwner<T> || detail::kIsView<T> ||
                                 detail::kIsCallable<T>;
  static constexpr bool kVirtual = !kNamed && !kSavesItself && std::is_polymorphic_v<T>;
  static constexpr bool kHolds =
      !kNamed && !kSavesItself && !kVirtual && detail::holds_pointer<T>();

  static_assert(!std::is_const_v<T>,
                "cairn: a const object cannot be protected, restore() could not fill it; "
                "remove the const");
  static_assert(std::is_const_v<T> || !detail::kIsPointer<T>,
                "cairn: a pointer cannot be protected, it means nothing in the next process; "
                "protect what it points to: *pointer, or std::span(pointer, count)");
  static_assert(!detail::kIsOwner<T>,
                "cairn: a smart pointer cannot be protected; protect the object it points to, or "
                "use std::optional or std::vector");
  static_assert(!detail::kIsView<T>,
                "cairn: a view or reference (string_view, span, reference_wrapper) cannot be "
                "protected inside another object, its memory belongs to somebody else; use "
                "std::string or std::vector");
  static_assert(!detail::kIsCallable<T>,
                "cairn: a function cannot be protected; protect the data it works on, and a "
                "number that says which function it is");
  static_assert(!kVirtual,
                "cairn: a class with virtual functions cannot be protected as bytes; give it "
                "save(), load() and cairn_version, or specialise cairn::Codec");
  static_assert(
      !kHolds,
      "cairn: a struct with a pointer or view in it cannot be protected as bytes; give it "
      "save(), load() and cairn_version, or specialise cairn::Codec");
  static_assert(kNamed || kVirtual || kHolds || kSavesItself || std::is_trivially_copyable_v<T>,
                "cairn: this type cannot be copied as bytes and is none that Cairn knows; give it "
                "save(), load() and cairn_version, or specialise cairn::Codec");

 public:
  static constexpr bool kPlain = !kSavesItself;
  static constexpr bool kComplete = kPlain;

  static std::string name() {
    if constexpr (kSavesItself)
      return "object";
    else
      return detail::plain_name<T>();
  }
  static void save(Writer& out, const T& object) {
    if constexpr (kSavesItself) {
      out.bytes(detail::bytes_of(std::uint32_t{T::cairn_version}));
      object.save(out);
    } else {
      out.bytes(detail::bytes_of(object));
    }
  }
  static void load(Reader& in, T& object) {
    if constexpr (kSavesItself) {
      std::uint32_t version = 0;
      in.bytes(detail::writable_bytes_of(version));
      if (in.ok()) object.load(in, version);
    } else {
      in.bytes(detail::writable_bytes_of(object));
    }
  }
};

namespace detail {

template <class T>
inline constexpr bool kPlain = requires {
  requires Codec<T>::kPlain;
};
template <class T>
inline constexpr bool kComplete = requires {
  requires Codec<T>::kComplete;
};

template <class T>
std::string name_of() {
  if constexpr (requires { Codec<T>::name(); }) {
    const std::string name = Codec<T>::name();
    return name == "struct" ? name + std::to_string(sizeof(T)) : name;
  } else {
    return "object";
  }
}

// The element at the bottom of T[2][3] or std::array<T, 2>, and the shape above it.
template <class T>
struct Elements {
  using Type = T;
  static void shape(std::vector<std::uint64_t>&) {}
};
template <class T, std::size_t N>
struct Elements<T[N]> {
  using Type = typename Elements<T>::Type;
  static void shape(std::vector<std::uint64_t>& into) {
    into.push_back(N);
    Elements<T>::shape(into);
  }
};
template <class T, std::size_t N>
struct Elements<std::array<T, N>> : Elements<T[N]> {};
template <class T>
struct Elements<std::array<T, 0>> {
  using Type = typename Elements<T>::Type;
  static void shape(std::vector<std::uint64_t>& into) {
    into.push_back(0);
    Elements<T>::shape(into);
  }
};

// The type of `outer` elements of a plain T; of one, if there is no `outer`.
template <class T>
RegionType plain_type(std::optional<std::uint64_t> outer = {}) {
  using Element = typename Elements<T>::Type;
  RegionType type{Codec<Element>::name(), sizeof(Element), {}};
  if (outer) type.shape.push_back(*outer);
  Elements<T>::shape(type.shape);
  return type;
}

template <class Elements>
void save_elements(Writer& out, const Elements& elements) {
  save_count(out, elements.size());
  for (const auto& element : elements) out(element);
}

}  // namespace detail

template <class T, std::size_t N>
struct Codec<T[N]> {
  static constexpr bool kPlain = detail::kPlain<T>;
  static constexpr bool kComplete = false;  // an array cannot be copied

  static std::string name() {
    return "array<" + detail::name_of<T>() + "," + std::to_string(N) + ">";
  }
  static void save(Writer& out, const T (&array)[N]) {
    if constexpr (kPlain)
      out.bytes(std::as_bytes(std::span(array)));
    else
      for (const T& element : array) out(element);
  }
  static void load(Reader& in, T (&array)[N]) {
    if constexpr (kPlain)
      in.bytes(std::as_writable_bytes(std::span(array)));
    else
      for (T& element : array) in(element);
  }
};

template <class T, std::size_t N>
struct Codec<std::array<T, N>> {
  static constexpr bool kPlain = detail::kPlain<T> && N > 0;  // even an empty one has a size
  static constexpr bool kComplete = detail::kComplete<T>;

  static std::string name() {
    return "array<" + detail::name_of<T>() + "," + std::to_string(N) + ">";
  }
  static void save(Writer& out, const std::array<T, N>& array) {
    if constexpr (kPlain)
      out.bytes(std::as_bytes(std::span(array)));
    else
      for (const T& element : array) out(element);
  }
  static void load(Reader& in, std::array<T, N>& array) {
    if constexpr (kPlain)
      in.bytes(std::as_writable_bytes(std::span(array)));
    else
      for (T& element : array) in(element);
  }
};

template <class T, class A>
struct Codec<std::vector<T, A>> {
  static_assert(std::is_default_constructible_v<T>,
                "cairn: the elements of a protected vector need a default constructor, restore() "
                "makes them before it fills them");
  static constexpr bool kComplete = detail::kComplete<T>;

  static std::string name() { return "vector<" + detail::name_of<T>() + ">"; }
  static void save(Writer& out, const std::vector<T, A>& vector) {
    if constexpr (detail::kPlain<T>) {
      detail::save_count(out, vector.size());
      out.bytes(std::as_bytes(std::span(vector)));
    } else {
      detail::save_elements(out, vector);
    }
  }
  static void load(Reader& in, std::vector<T, A>& vector) {
    if constexpr (detail::kPlain<T>) {
      const std::size_t count = in.count(sizeof(T));
      vector.resize(count);
      in.bytes(std::as_writable_bytes(std::span(vector)));
    } else {
      vector.clear();
      for (std::size_t left = in.count(); left > 0 && in.ok(); --left) in(vector.emplace_back());
    }
  }
};

template <class A>
struct Codec<std::vector<bool, A>> {
  static constexpr bool kComplete = true;

  static std::string name() { return "vector<bool>"; }
  static void save(Writer& out, const std::vector<bool, A>& bits) {
    detail::save_count(out, bits.size());
    for (const bool bit : bits) out(bit);
  }
  static void load(Reader& in, std::vector<bool, A>& bits) {
    bits.resize(in.count());
    for (auto bit : bits) {
      std::uint8_t byte = 0;
      in(byte);
      bit = byte != 0;
    }
  }
};

template <class C, class Traits, class A>
struct Codec<std::basic_string<C, Traits, A>> {
  static constexpr bool kComplete = true;

  static std::string name() {
    return std::is_same_v<C, char> ? "string" : "string<" + detail::name_of<C>() + ">";
  }
  static void save(Writer& out, const std::basic_string<C, Traits, A>& text) {
    detail::save_count(out, text.size());
    out.bytes(std::as_bytes(std::span(text)));
  }
  static void load(Reader& in, std::basic_string<C, Traits, A>& text) {
    text.resize(in.count(sizeof(C)));
    in.bytes(std::as_writable_bytes(std::span(text)));
  }
};

template <class First, class Second>
struct Codec<std::pair<First, Second>> {
  static constexpr bool kComplete = detail::kComplete<First> && detail::kComplete<Second>;

  static std::string name() { return "pair<" + detail::names_of<First, Second>() + ">"; }
  static void save(Writer& out, const std::pair<First, Second>& pair) {
    out(pair.first, pair.second);
  }
  static void load(Reader& in, std::pair<First, Second>& pair) { in(pair.first, pair.second); }
};

template <class... T>
struct Codec<std::tuple<T...>> {
  static constexpr bool kComplete = (detail::kComplete<T> && ...);

  static std::string name() { return "tuple<" + detail::names_of<T...>() + ">"; }
  static void save(Writer& out, const std::tuple<T...>& tuple) { std::apply(out, tuple); }
  static void load(Reader& in, std::tuple<T...>& tuple) { std::apply(in, tuple); }
};

template <class T>
struct Codec<std::optional<T>> {
  static constexpr bool kComplete = detail::kComplete<T>;

  static std::string name() { return "optional<" + detail::name_of<T>() + ">"; }
  static void save(Writer& out, const std::optional<T>& optional) {
    out(optional.has_value());
    if (optional) out(*optional);
  }
  static void load(Reader& in, std::optional<T>& optional) {
    std::uint8_t has_value = 0;
    in(has_value);
    if (!has_value) return optional.reset();
    if (!optional) optional.emplace();
    in(*optional);
  }
};

template <class... T>
struct Codec<std::variant<T...>> {
  static constexpr bool kComplete = (detail::kComplete<T> && ...);

  static std::string name() { return "variant<" + detail::names_of<T...>() + ">"; }
  static void save(Writer& out, const std::variant<T...>& variant) {
    if (variant.valueless_by_exception()) return out.fail("is a std::variant without a value");
    out(static_cast<std::uint32_t>(variant.index()));
    std::visit(out, variant);
  }
  static void load(Reader& in, std::variant<T...>& variant) {
    std::uint32_t index = 0;
    in(index);
    if (index >= sizeof...(T)) return in.fail("holds a std::variant with an impossible index");
    if (index != variant.index()) emplace(variant, index, std::index_sequence_for<T...>{});
    std::visit(in, variant);
  }

 private:
  template <std::size_t... I>
  static void emplace(std::variant<T...>& variant, std::size_t index, std::index_sequence<I...>) {
    ((I == index ? static_cast<void>(variant.template emplace<I>()) : void()), ...);
  }
};

namespace detail {

// deque and list.
template <class T, class Sequence>
struct SequenceCodec {
  static constexpr bool kComplete = detail::kComplete<T>;

  static void save(Writer& out, const Sequence& sequence) { save_elements(out, sequence); }
  static void load(Reader& in, Sequence& sequence) {
    sequence.clear();
    for (std::size_t left = in.count(); left > 0 && in.ok(); --left) in(sequence.emplace_back());
  }
};

// What a set or a map is filled from: its value_type without const.
template <class Key, class... Mapped>
struct Entry {
  using Type = std::pair<Key, Mapped...>;
};
template <class Key>
struct Entry<Key> {
  using Type = Key;
};

template <class Value>
void save_entry(Writer& out, const Value& value) {
  out(value);
}
template <class Key, class Mapped>
void save_entry(Writer& out, const std::pair<const Key, Mapped>& entry) {
  out(entry.first, entry.second);
}
template <class Value>
void load_entry(Reader& in, Value& value) {
  in(value);
}
template <class Key, class Mapped>
void load_entry(Reader& in, std::pair<Key, Mapped>& entry) {
  in(entry.first, entry.second);
}

template <class Sorted, class... Parts>
struct SortedCodec {
  static constexpr bool kComplete = (detail::kComplete<Parts> && ...);

  static void save(Writer& out, const Sorted& sorted) {
    save_count(out, sorted.size());
    for (const auto& entry : sorted) save_entry(out, entry);
  }
  static void load(Reader& in, Sorted& sorted) {
    sorted.clear();
    for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
      typename Entry<Parts...>::Type entry{};
      load_entry(in, entry);
      sorted.insert(sorted.end(), std::move(entry));
    }
  }
};

// The order of iteration is a part of the state: a program that walks over the table
// must go the same way after a restart.  It follows from the number of buckets and
// the order of insertion: libstdc++ puts a new element before the others of its bucket,
// and the elements of a new bucket before all: so the last one is inserted first.
template <class Table, class... Parts>
struct TableCodec {
  static constexpr bool kComplete = (detail::kComplete<Parts> && ...);

  static void save(Writer& out, const Table& table) {
    save_count(out, table.bucket_count());
    out(table.max_load_factor());
    save_count(out, table.size());
    for (const auto& entry : table) save_entry(out, entry);
  }
  static void load(Reader& in, Table& table) {
    std::uint64_t bucket_count = 0;
    float load_factor = 1;
    in(bucket_count, load_factor);
    std::vector<typename Entry<Parts...>::Type> entries;
    for (std::size_t left = in.count(); left > 0 && in.ok(); --left)
      load_entry(in, entries.emplace_back());
    if (!in.ok()) return;
    Table filled(0, table.hash_function(), table.key_eq(), table.get_allocator());
    if (!fill(filled, entries, bucket_count, load_factor))
      return in.fail(Errc::unsupported,
                     "cannot be given back the order of iteration it had: this program's hash "
                     "function or standard library is another; use std::map or std::set");
    table = std::move(filled);
  }

 private:
  template <class Entries>
  static bool fill(Table& table, Entries& entries, std::uint64_t bucket_count, float load_factor) {
    if (load_factor != table.max_load_factor()) table.max_load_factor(load_factor);
    if (bucket_count > 1) table.rehash(bucket_count);
    std::vector<const void*> order(entries.size());
    for (std::size_t i = entries.size(); i-- > 0;) {
      const std::size_t before = table.size();
      order[i] = std::addressof(*inserted(table.insert(std::move(entries[i]))));
      if (table.size() == before) return false;
    }
    auto expected = order.begin();
    for (const auto& entry : table)
      if (*expected++ != std::addressof(entry)) return false;
    return table.bucket_count() == bucket_count;
  }
  template <class Iterator>
  static Iterator inserted(std::pair<Iterator, bool> result) {
    return result.first;
  }
  template <class Iterator>
  static Iterator inserted(Iterator result) {
    return result;
  }
};

}  // namespace detail

template <class T, class A>
struct Codec<std::deque<T, A>> : detail::SequenceCodec<T, std::deque<T, A>> {
  static std::string name() { return "deque<" + detail::name_of<T>() + ">"; }
};
template <class T, class A>
struct Codec<std::list<T, A>> : detail::SequenceCodec<T, std::list<T, A>> {
  static std::string name() { return "list<" + detail::name_of<T>() + ">"; }
};
template <class K, class V, class C, class A>
struct Codec<std::map<K, V, C, A>> : detail::SortedCodec<std::map<K, V, C, A>, K, V> {
  static std::string name() { return "map<" + detail::names_of<K, V>() + ">"; }
};
template <class K, class V, class C, class A>
struct Codec<std::multimap<K, V, C, A>> : detail::SortedCodec<std::multimap<K, V, C, A>, K, V> {
  static std::string name() { return "multimap<" + detail::names_of<K, V>() + ">"; }
};
template <class K, class C, class A>
struct Codec<std::set<K, C, A>> : detail::SortedCodec<std::set<K, C, A>, K> {
  static std::string name() { return "set<" + detail::name_of<K>() + ">"; }
};
template <class K, class C, class A>
struct Codec<std::multiset<K, C, A>> : detail::SortedCodec<std::multiset<K, C, A>, K> {
  static std::string name() { return "multiset<" + detail::name_of<K>() + ">"; }
};
template <class K, class V, class H, class E, class A>
struct Codec<std::unordered_map<K, V, H, E, A>>
    : detail::TableCodec<std::unordered_map<K, V, H, E, A>, K, V> {
  static std::string name() { return "unordered_map<" + detail::names_of<K, V>() + ">"; }
};
template <class K, class V, class H, class E, class A>
struct Codec<std::unordered_multimap<K, V, H, E, A>>
    : detail::TableCodec<std::unordered_multimap<K, V, H, E, A>, K, V> {
  static std::string name() { return "unordered_multimap<" + detail::names_of<K, V>() + ">"; }
};
template <class K, class H, class E, class A>
struct Codec<std::unordered_set<K, H, E, A>>
    : detail::TableCodec<std::unordered_set<K, H, E, A>, K> {
  static std::string name() { return "unordered_set<" + detail::name_of<K>() + ">"; }
};
template <class K, class H, class E, class A>
struct Codec<std::unordered_multiset<K, H, E, A>>
    : detail::TableCodec<std::unordered_multiset<K, H, E, A>, K> {
  static std::string name() { return "unordered_multiset<" + detail::name_of<K>() + ">"; }
};

template <detail::IsEngine T>
requires(!detail::SavesItself<T>) struct Codec<T> {
  static constexpr bool kComplete = true;

  static std::string name() { return detail::template_name<T>(); }
  static void save(Writer& out, const T& engine) {
    out(detail::engine_fingerprint<T>(), detail::text_of(engine));
  }
  static void load(Reader& in, T& engine) {
    std::string fingerprint, text;
    in(fingerprint, text);
    if (!in.ok()) return;
    if (fingerprint != detail::engine_fingerprint<T>())
      return in.fail(Errc::mismatch, "was saved from a random number engine with other parameters");
    if (!detail::parse_text(text, engine) || detail::text_of(engine) != text)
      in.fail("is not the state of a random number engine");
  }
};

template <detail::IsDistribution T>
requires(!detail::SavesItself<T>) struct Codec<T> {
  static constexpr bool kComplete = true;

  static std::string name() {
    return detail::template_name<T>() + "<" + detail::name_of<typename T::result_type>() + ">";
  }
  static void save(Writer& out, const T& distribution) {
    if constexpr (std::is_trivially_copyable_v<T>)  // exact; as text, a long double would not be
      out.bytes(detail::bytes_of(distribution));
    else
      out(detail::text_of(distribution));
  }
  // libstdc++ divides the weights of a discrete or piecewise distribution by their sum
  // again when it reads them, so that they may come back a little different.
  static void load(Reader& in, T& distribution) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      T read = distribution;
      in.bytes(detail::writable_bytes_of(read));
      if (in.ok()) distribution = read;
    } else {
      load_text(in, distribution);
    }
  }

 private:
  static void load_text(Reader& in, T& distribution) {
    std::string text;
    in(text);
    if (!in.ok() || detail::text_of(distribution) == text) return;
    T read = distribution;
    if (!detail::parse_text(text, read) || detail::text_of(read) != text)
      return in.fail(Errc::unsupported,
                     "is a distribution whose parameters the standard library does not read back "
                     "exactly; construct it as it was before restore(), or protect its weights");
    distribution = std::move(read);
  }
};

// ---- regions -----------------------------------------------------------------------------------

namespace detail {

// Memory of a fixed size, `type` says what is in it.  It must outlive the region.
CAIRN_API std::unique_ptr<Region> memory_region(RegionType type, std::span<std::byte> memory);

// A vector of plain elements: may come back with another size.
template <class T, class A>
class VectorRegion final : public Region {
 public:
  explicit VectorRegion(std::vector<T, A>& vector) : vector_(vector) {}

  RegionType type() const override { return plain_type<T>(vector_.size()); }
  Result<std::span<const std::byte>> freeze(std::vector<std::byte>&) const override {
    return std::as_bytes(std::span(vector_));
  }
  Status stage(const RegionType& type, std::span<const std::byte> bytes) override {
    const std::uint64_t count = bytes.size() / sizeof(T);
    if (type != plain_type<T>(count)) return type_mismatch(type, this->type());
    if (bytes.size() % sizeof(T)) return Error{Errc::corrupt, "ends inside an element", 0, {}};
    vector_.reserve(count);  // so that apply() cannot fail
    bytes_ = bytes;
    return {};
  }
  void apply() noexcept override {
    vector_.resize(bytes_.size() / sizeof(T));
    if (!bytes_.empty())
      std::memcpy(static_cast<void*>(vector_.data()), bytes_.data(), bytes_.size());
  }

 private:
  std::vector<T, A>& vector_;
  std::span<const std::byte> bytes_;
};

// An object that its Codec writes and reads.
template <class T>
class ObjectRegion final : public Region {
 public:
  explicit ObjectRegion(T& object) : object_(object) {}

  RegionType type() const override { return {name_of<T>(), 0, {}}; }

  Result<std::span<const std::byte>> freeze(std::vector<std::byte>& scratch) const override {
    scratch.clear();
    Writer out(scratch);
    out(object_);
    if (auto status = out.status(); !status) return std::move(status).error();
    return std::span<const std::byte>(scratch);
  }

  Status stage(const RegionType& type, std::span<const std::byte> bytes) override {
    if (type != this->type()) return type_mismatch(type, this->type());
    Reader in(bytes);
    if constexpr (kComplete<T>) {
      copy_ = std::make_unique<T>(object_);
      in(*copy_);
    } else {
      // A user's load() may leave members alone that save() did not write: it works
      // on the object itself, and abandon() goes back.
      if (auto frozen = freeze(before_); !frozen) return std::move(frozen).error();
      changed_ = true;
      in(object_);
    }
    return in.finish();
  }

  void apply() noexcept override {
    if constexpr (kComplete<T>) object_ = std::move(*copy_);
    forget();
  }
  void abandon() noexcept override {
    Reader in(before_);
    if (changed_) in(object_);
    forget();
  }

 private:
  void forget() noexcept {
    copy_.reset();
    before_ = {};
    changed_ = false;
  }

  T& object_;
  std::unique_ptr<std::conditional_t<kComplete<T>, T, char>> copy_;
  std::vector<std::byte> before_;
  bool changed_ = false;
};

// Memory of somebody else, whose elements are not plain.
template <class T>
class SpanRegion final : public Region {
 public:
  explicit SpanRegion(std::span<T> span) : span_(span) {}

  RegionType type() const override { return {name_of<T>(), 0, {span_.size()}}; }

  Result<std::span<const std::byte>> freeze(std::vector<std::byte>& scratch) const override {
    scratch.clear();
    Writer out(scratch);
    for (const T& element : span_) out(element);
    if (auto status = out.status(); !status) return std::move(status).error();
    return std::span<const std::byte>(scratch);
  }
  Status stage(const RegionType& type, std::span<const std::byte> bytes) override {
    if (type != this->type()) return type_mismatch(type, this->type());
    if (auto frozen = freeze(before_); !frozen) return std::move(frozen).error();
    changed_ = true;
    Reader in(bytes);
    for (T& element : span_) in(element);
    return in.finish();
  }
  void apply() noexcept override { changed_ = false; }
  void abandon() noexcept override {
    Reader in(before_);
    if (std::exchange(changed_, false))
      for (T& element : span_) in(element);
  }

 private:
  std::span<T> span_;
  std::vector<std::byte> before_;
  bool changed_ = false;
};

// vector<bool> has no bytes of its own: one byte for each bit, as an array of bool has.
class CAIRN_API BitsRegion final : public Region {
 public:
  explicit BitsRegion(std::vector<bool>& bits) : bits_(bits) {}

  RegionType type() const override { return {"bool", 1, {bits_.size()}}; }
  Result<std::span<const std::byte>> freeze(std::vector<std::byte>& scratch) const override;
  Status stage(const RegionType& type, std::span<const std::byte> bytes) override;
  void apply() noexcept override;

 private:
  std::vector<bool>& bits_;
  std::span<const std::byte> bytes_;
};

template <class T>
std::unique_ptr<Region> make_region(T& object) {
  if constexpr (kPlain<T>)
    return memory_region(plain_type<T>(), writable_bytes_of(object));
  else
    return std::make_unique<ObjectRegion<T>>(object);
}
template <class T, class A>
requires kPlain<T> std::unique_ptr<Region> make_region(std::vector<T, A>& vector) {
  static_assert(sizeof(Codec<std::vector<T, A>>));  // says what is refused
  return std::make_unique<VectorRegion<T, A>>(vector);
}
inline std::unique_ptr<Region> make_region(std::vector<bool>& bits) {
  return std::make_unique<BitsRegion>(bits);
}
template <class T, std::size_t Extent>
std::unique_ptr<Region> make_span_region(std::span<T, Extent> span) {
  if constexpr (kPlain<T>)
    return memory_region(plain_type<T>(span.size()), std::as_writable_bytes(span));
  else
    return std::make_unique<SpanRegion<T>>(span);
}

}  // namespace detail
}  // namespace cairn
