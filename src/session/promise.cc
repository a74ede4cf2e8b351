#include "session/promise.h"

#include "base/text.h"

namespace cairn {
namespace {

std::optional<int> exit_code(std::string_view text) {
  const auto number = parse_integer(trim(text));
  if (!number || *number < 1 || *number > 255) return std::nullopt;
  return static_cast<int>(*number);
}

}  // namespace

std::optional<int> exit_code_in_job_ad(std::string_view ad) {
  std::optional<int> code;
  bool wanted = true;
  while (!ad.empty()) {
    const std::string_view line = ad.substr(0, ad.find('\n'));
    ad.remove_prefix(std::min(line.size() + 1, ad.size()));
    const auto equals = line.find('=');
    if (equals == line.npos) continue;
    const std::string_view name = trim(line.substr(0, equals));
    const std::string_view value = trim(line.substr(equals + 1));
    if (equal_ignoring_case(name, "SuccessCheckpointExitCode")) code = exit_code(value);
    if (equal_ignoring_case(name, "WantFTOnCheckpoint"))
      wanted = !equal_ignoring_case(value, "false");
  }
  return wanted ? code : std::nullopt;
}

std::optional<int> promised_exit_code(FileSystem& files, const Environment& environment) {
  if (const auto code = environment.variable("CAIRN_CHECKPOINT_EXIT_CODE")) return exit_code(*code);
  const auto path = environment.variable("_CONDOR_JOB_AD");
  if (!path) return std::nullopt;
  const auto ad = read_file(files, *path);
  if (!ad) return std::nullopt;
  return exit_code_in_job_ad(*ad);
}

}  // namespace cairn
