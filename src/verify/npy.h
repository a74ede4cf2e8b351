// Arrays as numpy writes them to .npy files.
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::verify {

struct NpyArray {
  char kind = 'f';  // f, i, u, b, c
  std::size_t element_bytes = 8;
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::string_view data;  // in the file that was parsed

  std::uint64_t size() const;                           // elements
  std::string index_text(std::uint64_t element) const;  // "[3, 4]"
  std::string element_text(std::uint64_t element) const;
  std::string type_text() const;  // "<f8 [3, 4]"
};

// Nothing if it is no .npy file, is not whole, or has elements other than real numbers up to 8
// bytes, bytes that are true or false, and complex numbers up to 16.
std::optional<NpyArray> parse_npy(std::string_view file);

// The first element in which two arrays of one type and shape differ: by bytes, or by more than
// the tolerance, if there is one.  Of complex numbers each part is compared.
std::optional<std::uint64_t> first_different_element(const NpyArray& a, const NpyArray& b,
                                                     double tolerance);

}  // namespace cairn::verify
