#include "lint/elf_libraries.h"

#include <gelf.h>

#include <memory>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace cairn::lint {
namespace {

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, EndElf>;

std::vector<GElf_Phdr> segments_of(Elf* elf) {
  std::vector<GElf_Phdr> segments;
  std::size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0) return {};
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf, static_cast<int>(i), &segment) == nullptr) break;
    segments.push_back(segment);
  }
  return segments;
}

std::vector<GElf_Dyn> dynamic_of(Elf* elf, const std::vector<GElf_Phdr>& segments) {
  std::vector<GElf_Dyn> entries;
  for (const GElf_Phdr& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    Elf_Data* const data = elf_getdata_rawchunk(elf, static_cast<std::int64_t>(segment.p_offset),
                                                segment.p_filesz, ELF_T_DYN);
    GElf_Dyn entry;
    for (int i = 0; data != nullptr && gelf_getdyn(data, i, &entry) != nullptr; ++i) {
      if (entry.d_tag == DT_NULL) break;
      entries.push_back(entry);
    }
  }
  return entries;
}

std::optional<std::int64_t> offset_of(std::uint64_t address,
                                      const std::vector<GElf_Phdr>& segments) {
  for (const GElf_Phdr& segment : segments)
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz)
      return static_cast<std::int64_t>(address - segment.p_vaddr + segment.p_offset);
  return {};
}

std::uint64_t value_of(const std::vector<GElf_Dyn>& entries, std::int64_t tag) {
  for (const GElf_Dyn& entry : entries)
    if (entry.d_tag == tag) return entry.d_un.d_val;
  return 0;
}

}  // namespace

ElfLibraries read_elf_libraries(std::string bytes) {
  ElfLibraries libraries;
  elf_version(EV_CURRENT);
  const ElfHandle elf(elf_memory(bytes.data(), bytes.size()));
  const auto segments = segments_of(elf.get());
  const auto entries = dynamic_of(elf.get(), segments);
  const auto at = offset_of(value_of(entries, DT_STRTAB), segments);
  if (!at) return libraries;
  const Elf_Data* const data =
      elf_getdata_rawchunk(elf.get(), *at, value_of(entries, DT_STRSZ), ELF_T_BYTE);
  if (data == nullptr) return libraries;
  const std::string_view strings(static_cast<const char*>(data->d_buf), data->d_size);
  const auto text_at = [strings](std::uint64_t offset) {
    const std::string_view rest = offset < strings.size() ? strings.substr(offset) : "";
    return rest.substr(0, rest.find('\0'));
  };
  for (const GElf_Dyn& entry : entries)
    if (entry.d_tag == DT_NEEDED) libraries.needed.emplace_back(text_at(entry.d_un.d_val));
  for (const std::int64_t tag : {DT_RUNPATH, DT_RPATH})
    if (const auto offset = value_of(entries, tag); offset != 0 && libraries.folders.empty())
      libraries.folders = split_list(text_at(offset), ':');
  return libraries;
}

}  // namespace cairn::lint
