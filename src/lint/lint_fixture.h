// What the tests of `cairn lint` share: a disk that is a map.
#pragma once

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "lint/lint.h"

namespace cairn::lint {

inline const std::string kElf = std::string(
    "\x7f"
    "ELF\0\0",
    6);

// A program with such lines of `readelf -d`: "NEEDED libc.so.6", "RUNPATH $ORIGIN".
inline std::string elf_with(const std::string& lines) {
  std::string strings(1, '\0');
  std::vector<Elf64_Dyn> dynamic;
  std::istringstream in(lines);
  for (std::string tag, text; in >> tag >> text;) {
    dynamic.push_back({tag == "NEEDED"  ? DT_NEEDED
                       : tag == "RPATH" ? DT_RPATH
                                        : DT_RUNPATH,
                       {strings.size()}});
    strings += text + '\0';
  }
  const std::size_t at = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
  const std::size_t bytes = (dynamic.size() + 3) * sizeof(Elf64_Dyn);
  dynamic.push_back({DT_STRTAB, {at + bytes}});
  dynamic.push_back({DT_STRSZ, {strings.size()}});
  dynamic.push_back({DT_NULL, {0}});
  Elf64_Ehdr head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = ELFCLASS64;
  head.e_ident[EI_DATA] = ELFDATA2LSB;
  head.e_ident[EI_VERSION] = EV_CURRENT;
  head.e_type = ET_DYN;
  head.e_machine = EM_X86_64;
  head.e_version = EV_CURRENT;
  head.e_ehsize = sizeof head;
  head.e_phoff = sizeof head;
  head.e_phentsize = sizeof(Elf64_Phdr);
  head.e_phnum = 2;
  const std::size_t whole = at + bytes + strings.size();
  const Elf64_Phdr segments[] = {{PT_LOAD, PF_R, 0, 0, 0, whole, whole, 4096},
                                 {PT_DYNAMIC, PF_R, at, at, at, bytes, bytes, 8}};
  std::string elf(reinterpret_cast<const char*>(&head), sizeof head);
  elf.append(reinterpret_cast<const char*>(segments), sizeof segments);
  elf.append(reinterpret_cast<const char*>(dynamic.data()), bytes);
  return elf + strings;
}

class FakeFiles final : public FileReader {
 public:
  void add(const std::string& path, std::string text, bool is_executable = true) {
    files_[path] = {std::move(text), is_executable, false};
  }
  void add_folder(const std::string& path) { files_[path] = {"", true, true}; }

  std::optional<Facts> look(const std::filesystem::path& path) const override {
    const auto found = files_.find(clean(path));
    if (found == files_.end()) return std::nullopt;
    return Facts{.is_folder = found->second.is_folder,
                 .is_executable = found->second.is_executable};
  }
  std::optional<std::string> read(const std::filesystem::path& path,
                                  std::size_t bytes_max) const override {
    const auto found = files_.find(clean(path));
    if (found == files_.end() || found->second.is_folder) return std::nullopt;
    return found->second.text.substr(0, bytes_max);
  }

 private:
  struct Entry {
    std::string text;
    bool is_executable = false, is_folder = false;
  };
  static std::string clean(const std::filesystem::path& path) {
    std::string name = path.lexically_normal().string();
    while (name.size() > 1 && name.ends_with('/')) name.pop_back();
    return name;
  }
  std::map<std::string, Entry> files_;
};

// /job with the files that docs/lint.md speaks of.
inline FakeFiles job_folder() {
  FakeFiles files;
  for (const char* folder : {"/", "/job", "/job/logs"}) files.add_folder(folder);
  files.add("/job/work", kElf);
  files.add("/job/tool", kElf, false);
  files.add("/job/numbers.txt", "1\n2\n", false);
  files.add("/job/libgsl.so.27", kElf, false);
  files.add("/home/ada/lib/libgsl.so.27", kElf, false);
  files.add("/lib/x86_64-linux-gnu/libc.so.6", kElf, false);
  return files;
}

// "CL101:4", in the order of the report.
inline std::vector<std::string> codes_of(const Findings& findings) {
  std::vector<std::string> codes;
  for (const Finding& finding : findings.list) codes.push_back(finding.code);
  return codes;
}

}  // namespace cairn::lint
