#include "lint/foreign_library.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace cairn::lint {
namespace {

// What is there is the system's, and may be expected of other machines too.
constexpr auto kSystemFolders = std::to_array<std::string_view>(
    {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/lib/x86_64-linux-gnu",
     "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"});

// "$ORIGIN/lib" -> "lib", relative to the program; nothing: an absolute folder.
std::optional<std::string> folder_beside(std::string_view folder) {
  for (const std::string_view origin : {"$ORIGIN", "${ORIGIN}"})
    if (folder.starts_with(origin)) {
      folder.remove_prefix(origin.size());
      while (folder.starts_with('/')) folder.remove_prefix(1);
      while (folder.ends_with('/')) folder.remove_suffix(1);
      return folder.empty() ? "." : plain_name(folder);
    }
  return {};
}

class LibrarySearch {
 public:
  LibrarySearch(const Job& job, const Program& program)
      : job_(job),
        program_(program),
        inputs_(job.list("transfer_input_files").value_or(std::vector<std::string>{})) {}

  std::vector<ForeignLibrary> foreign() const {
    std::vector<ForeignLibrary> found;
    for (const std::string& name : program_.libraries.needed)
      if (name.find('/') == name.npos && !is_of_system(name) && !arrives(name))
        found.push_back({name, path_here(name), input(name) != nullptr});
    return found;
  }

 private:
  bool is_there(const std::filesystem::path& path) const {
    return job_.input().files->look(path).has_value();
  }
  bool is_of_system(const std::string& name) const {
    return std::any_of(kSystemFolders.begin(), kSystemFolders.end(), [&](std::string_view folder) {
      return is_there(std::filesystem::path(folder) / name);
    });
  }
  const std::string* input(std::string_view name) const {
    const auto found = std::find_if(inputs_.begin(), inputs_.end(), [name](const auto& each) {
      return arrival_name(each) == name;
    });
    return found == inputs_.end() ? nullptr : &*found;
  }
  // In a folder beside the program, where the program looks for it.
  bool arrives(const std::string& name) const {
    if (looks_beside(program_) && input(name) != nullptr) return true;
    for (const std::string& each : program_.libraries.folders) {
      const auto folder = folder_beside(each);
      const std::string* const sent = folder ? input(*folder) : nullptr;
      if (sent != nullptr && is_there(job_.on_disk(*sent) / name)) return true;
    }
    return false;
  }
  std::string path_here(const std::string& name) const {
    for (const std::string& each : program_.libraries.folders) {
      const auto beside = folder_beside(each);
      const std::filesystem::path folder =
          beside ? program_.path.parent_path() / *beside : std::filesystem::path(each);
      const std::filesystem::path path = (folder / name).lexically_normal();
      if (is_there(path)) return path;
    }
    return {};
  }

  const Job& job_;
  const Program& program_;
  std::vector<std::string> inputs_;
};

}  // namespace

bool looks_beside(const Program& program) {
  return std::any_of(program.libraries.folders.begin(), program.libraries.folders.end(),
                     [](const std::string& folder) { return folder_beside(folder) == "."; });
}

std::vector<ForeignLibrary> foreign_libraries(const Job& job, const Program& program) {
  return LibrarySearch(job, program).foreign();
}

}  // namespace cairn::lint
