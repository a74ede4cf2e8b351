// Any text as a submit file: never a crash or a hang, and every ad it gives is one
// that the engine can read, writes as it reads, and stays inside its sandbox.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/assert.h"
#include "job/job_spec.h"
#include "submit/submit.h"

namespace cairn {
namespace {

bool inside(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::filesystem::path path(name);
    if (path.is_absolute()) return false;
    for (const auto& step : path)
      if (step == "..") return false;
  }
  return true;
}

void check(const JobAd& ad) {
  const auto again = JobAd::parse(ad.text());
  CAIRN_ASSERT(again && *again == ad, "an ad reads as it was written");
  const auto job = job_spec(ad);
  CAIRN_ASSERT(job.has_value(), "what submit accepts the engine can run");
  CAIRN_ASSERT(inside(job->output_files.value_or(std::vector<std::string>{})),
               "outputs come out of the sandbox");
  CAIRN_ASSERT(inside(job->checkpoint_files.value_or(std::vector<std::string>{})),
               "checkpoints come out of the sandbox");
}

}  // namespace
}  // namespace cairn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const cairn::SubmitContext context{.directory = "/submit", .jobs_max = 20};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto submission = cairn::parse_submit_file(text, context))
    for (const cairn::JobAd& ad : submission->jobs()) cairn::check(ad);
  return 0;
}
