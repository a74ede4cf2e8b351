// Any text as a submit file, as a shell script and as a Python program: never a crash or a hang,
// and every finding has a place that is there.  The parts are cut at lines "%%".
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "lint/lint.h"

namespace cairn::lint {
namespace {

class ThreeFiles final : public FileReader {
 public:
  explicit ThreeFiles(std::string_view text) {
    for (std::string& part : parts_) {
      const std::size_t cut = std::min(text.find("\n%%\n"), text.size());
      part = std::string(text.substr(0, cut));
      text.remove_prefix(std::min(cut + 4, text.size()));
    }
  }
  const std::string& submit_file() const { return parts_[0]; }
  std::optional<Facts> look(const std::filesystem::path& path) const override {
    return Facts{.is_folder = path.filename().empty() || path == "/job", .is_executable = true};
  }
  std::optional<std::string> read(const std::filesystem::path& path, std::size_t) const override {
    return parts_.at(path.extension() == ".py" ? 2 : 1);
  }

 private:
  std::array<std::string, 3> parts_;
};

constexpr std::string_view kBegin =
    "executable = run.sh\ntransfer_input_files = work.py\narguments = work.py\n"
    "checkpoint_exit_code = 77\ntransfer_checkpoint_files = state\ntransfer_output_files = "
    "result\n";

}  // namespace
}  // namespace cairn::lint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn::lint;
  const ThreeFiles files(std::string_view(reinterpret_cast<const char*>(data), size));
  LintInput input;
  input.text = std::string(kBegin) + files.submit_file() + "\nqueue\n";
  input.directory = "/job";
  input.files = &files;
  input.pool = PoolVersion{8, 9, 7};
  const auto lines = static_cast<int>(size) + 20;
  for (const Finding& finding : lint(input).list) {
    CAIRN_ASSERT(finding.line >= 0 && finding.line <= lines,
                 "a finding stands on a line that is there");
    CAIRN_ASSERT(!finding.text.empty() && !finding.fix.empty() && is_check(finding.code),
                 "a finding says what to do");
  }
  return 0;
}
