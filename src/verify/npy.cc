#include "verify/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/bytes.h"
#include "base/text.h"
#include "verify/numbers.h"

namespace cairn::verify {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct Header {
  std::string_view dictionary, data;
};

// magic, version, length of the dictionary (2 bytes before version 2, then 4), dictionary
std::optional<Header> split(std::string_view file) {
  if (!file.starts_with(kMagic) || file.size() < 12) return {};
  const int version = static_cast<unsigned char>(file[6]);
  if (version < 1 || version > 3) return {};
  const std::size_t start = version == 1 ? 10 : 12;
  const Bytes length = as_bytes(file.substr(8, start - 8));
  const std::size_t bytes =
      version == 1 ? load_le<std::uint16_t>(length) : load_le<std::uint32_t>(length);
  if (bytes > file.size() - start) return {};
  return Header{file.substr(start, bytes), file.substr(start + bytes)};
}

// What follows "'key':" in the dictionary.
std::optional<std::string_view> value_of(std::string_view dictionary, std::string_view key) {
  const std::size_t at = dictionary.find(cat("'", key, "':"));
  if (at == std::string_view::npos) return {};
  return trim(dictionary.substr(at + key.size() + 3));
}

// "'<f8'": byte order, kind, size.
bool parse_type(std::string_view text, NpyArray& array) {
  if (text.size() < 5 || text[0] != '\'') return false;
  const std::size_t end = text.find('\'', 1);
  if (end == std::string_view::npos || end < 4) return false;
  const auto bytes = parse_integer(text.substr(3, end - 3));
  if (!bytes) return false;
  array.big_endian = text[1] == '>';
  array.kind = text[2];
  array.element_bytes = static_cast<std::size_t>(*bytes);
  switch (array.kind) {
    case 'f':
      return *bytes == 4 || *bytes == 8;
    case 'c':
      return *bytes == 8 || *bytes == 16;
    case 'i':
    case 'u':
      return *bytes == 1 || *bytes == 2 || *bytes == 4 || *bytes == 8;
    case 'b':
      return *bytes == 1;
    default:
      return false;
  }
}

// "(3, 4)", "(3,)", "()".
bool parse_shape(std::string_view text, NpyArray& array) {
  const std::size_t end = text.find(')');
  if (!text.starts_with('(') || end == std::string_view::npos) return false;
  for (const std::string& part : split_list(text.substr(1, end - 1))) {
    const auto extent = parse_integer(part);
    if (!extent || *extent < 0) return false;
    array.shape.push_back(static_cast<std::uint64_t>(*extent));
  }
  return true;
}

bool has_all_its_bytes(const NpyArray& array) {
  std::uint64_t bytes = array.element_bytes;
  for (const std::uint64_t extent : array.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return false;
  return bytes == array.data.size();
}

// One of the numbers of an element: a complex one has two.
std::uint64_t bits_of(std::string_view bytes, bool big_endian) {
  std::array<std::byte, 8> little{};
  const Bytes from = as_bytes(bytes);
  if (big_endian)
    std::reverse_copy(from.begin(), from.end(), little.begin());
  else
    std::copy(from.begin(), from.end(), little.begin());
  return load_le<std::uint64_t>(little);
}

double float_of(std::string_view bytes, bool big_endian) {
  const std::uint64_t bits = bits_of(bytes, big_endian);
  if (bytes.size() == 8) return std::bit_cast<double>(bits);
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
}

std::int64_t signed_of(std::string_view bytes, bool big_endian) {
  const std::size_t unused_bits = 64 - 8 * bytes.size();
  return static_cast<std::int64_t>(bits_of(bytes, big_endian) << unused_bits) >> unused_bits;
}

std::string_view bytes_of(const NpyArray& array, std::uint64_t element) {
  return array.data.substr(element * array.element_bytes, array.element_bytes);
}

double number_of(const NpyArray& array, std::string_view bytes) {
  if (array.kind == 'f' || array.kind == 'c') return float_of(bytes, array.big_endian);
  if (array.kind == 'i') return static_cast<double>(signed_of(bytes, array.big_endian));
  return static_cast<double>(bits_of(bytes, array.big_endian));
}

bool equal_elements(const NpyArray& array, std::string_view a, std::string_view b,
                    double tolerance) {
  const std::size_t bytes = array.kind == 'c' ? array.element_bytes / 2 : array.element_bytes;
  for (std::size_t at = 0; at < a.size(); at += bytes)
    if (!equal_within(number_of(array, a.substr(at, bytes)), number_of(array, b.substr(at, bytes)),
                      tolerance))
      return false;
  return true;
}

std::string float_text(std::string_view bytes, bool big_endian) {
  std::array<char, 32> text;
  const double value = float_of(bytes, big_endian);
  const auto end = bytes.size() == 4
                       ? std::to_chars(text.begin(), text.end(), static_cast<float>(value)).ptr
                       : std::to_chars(text.begin(), text.end(), value).ptr;
  return {text.begin(), end};
}

}  // namespace

std::uint64_t NpyArray::size() const { return data.size() / element_bytes; }

std::string NpyArray::index_text(std::uint64_t element) const {
  std::vector<std::string> index(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    // The index that runs fastest first: the last one, or the first one in Fortran's order.
    const std::size_t axis = fortran_order ? i : shape.size() - 1 - i;
    index[axis] = std::to_string(element % shape[axis]);
    element /= shape[axis];
  }
  return cat("[", join(index, ", "), "]");
}

std::string NpyArray::element_text(std::uint64_t element) const {
  const std::string_view bytes = bytes_of(*this, element);
  switch (kind) {
    case 'f':
      return float_text(bytes, big_endian);
    case 'c': {
      const std::size_t half = element_bytes / 2;
      return cat("(", float_text(bytes.substr(0, half), big_endian), ", ",
                 float_text(bytes.substr(half), big_endian), ")");
    }
    case 'i':
      return std::to_string(signed_of(bytes, big_endian));
    default:
      return std::to_string(bits_of(bytes, big_endian));
  }
}

std::string NpyArray::type_text() const {
  std::vector<std::string> extents;
  for (const std::uint64_t extent : shape) extents.push_back(std::to_string(extent));
  return cat(big_endian ? ">" : "<", kind, element_bytes, " [", join(extents, ", "), "]",
             fortran_order ? " in Fortran order" : "");
}

std::optional<NpyArray> parse_npy(std::string_view file) {
  const auto header = split(file);
  if (!header) return {};
  const auto type = value_of(header->dictionary, "descr");
  const auto order = value_of(header->dictionary, "fortran_order");
  const auto shape = value_of(header->dictionary, "shape");
  NpyArray array;
  if (!type || !order || !shape || !parse_type(*type, array) || !parse_shape(*shape, array))
    return {};
  array.fortran_order = order->starts_with("True");
  array.data = header->data;
  if (!has_all_its_bytes(array)) return {};
  return array;
}

std::optional<std::uint64_t> first_different_element(const NpyArray& a, const NpyArray& b,
                                                     double tolerance) {
  const auto [at, unused] =
      std::mismatch(a.data.begin(), a.data.end(), b.data.begin(), b.data.end());
  const auto start = static_cast<std::uint64_t>(at - a.data.begin()) / a.element_bytes;
  for (std::uint64_t element = start; element < a.size(); ++element) {
    const std::string_view one = bytes_of(a, element), other = bytes_of(b, element);
    if (one != other && (tolerance <= 0 || !equal_elements(a, one, other, tolerance)))
      return element;
  }
  return {};
}

}  // namespace cairn::verify
