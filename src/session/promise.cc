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

std::optional<std::string_view> value_in_job_ad(std::string_view ad, std::string_view name) {
  std::optional<std::string_view> value;
  while (!ad.empty()) {
    const std::string_view line = ad.substr(0, ad.find('\n'));
    ad.remove_prefix(std::min(line.size() + 1, ad.size()));
    const auto equals = line.find('=');
    if (equals != line.npos && equal_ignoring_case(trim(line.substr(0, equals)), name))
      value = trim(line.substr(equals + 1));
  }
  return value;
}

std::optional<int> exit_code_in_job_ad(std::string_view ad) {
  const auto wanted = value_in_job_ad(ad, "WantFTOnCheckpoint");
  if (wanted && equal_ignoring_case(*wanted, "false")) return std::nullopt;
  const auto code = value_in_job_ad(ad, "SuccessCheckpointExitCode");
  return code ? exit_code(*code) : std::nullopt;
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
