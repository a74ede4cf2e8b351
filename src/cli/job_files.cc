#include "cli/job_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "engine/sandbox.h"
#include "engine/spool_manifest.h"

namespace cairn::cli {
namespace {

namespace stdfs = std::filesystem;

// Relative names start at the job's folder on the submit side.
Path submit_side(const listing::SeenAd& ad, const std::string& name) {
  if (name.empty() || name == "/dev/null") return {};
  return Path(ad.get_string("Iwd").value_or("")) / name;
}

}  // namespace

Path stream_file(const Home& home, const JobRow& row, Stream stream) {
  const listing::SeenAd ad(row);
  const auto name_of = [&](const char* attribute) {
    return submit_side(ad, ad.get_string(attribute).value_or(""));
  };
  const Path output = name_of("Out"), error = name_of("Err");
  if (row.record.activation > 0) {
    const Path sandbox = home.sandbox(row.record.id, row.record.activation);
    const bool together = !output.empty() && output == error;
    const char* const name = stream == Stream::output || together ? kStdoutName : kStderrName;
    std::error_code ignored;
    if (stdfs::is_regular_file(stdfs::symlink_status(sandbox / name, ignored)))
      return sandbox / name;
  }
  return stream == Stream::output ? output : error;
}

Path log_file(const JobRow& row) {
  const listing::SeenAd ad(row);
  return submit_side(ad, ad.get_string("UserLog").value_or(""));
}

Home home_of(const Home& home, const ClusterRow& cluster, JobId id) {
  if (cluster.runner != "slurm") return home;
  return Home::at(home.folder() / "slurm" / cluster.pool_id / std::to_string(id.proc));
}

Path checkpoint_folder(const Home& home, JobId id, int number) {
  return home.job_folder(id) / "spool" / fmt::format("{:06}", number);
}

std::vector<listing::SpooledFacts> spooled(const Home& home, JobId id) {
  std::vector<listing::SpooledFacts> found;
  std::error_code failure;
  for (const auto& entry : stdfs::directory_iterator(home.job_folder(id) / "spool", failure)) {
    const std::string name = entry.path().filename();
    if (name.size() < 6 || name.find_first_not_of("0123456789") != std::string::npos) continue;
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) == -1 || !S_ISDIR(status.st_mode)) continue;
    listing::SpooledFacts facts;
    facts.number =
        static_cast<int>(parse_integer(name.substr(name.find_first_not_of('0') == std::string::npos
                                                       ? name.size() - 1
                                                       : name.find_first_not_of('0')))
                             .value_or(0));
    // Files may keep older times; the folder was made for this checkpoint.
    facts.time_ms = static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1000 +
                    status.st_mtim.tv_nsec / 1'000'000;
    std::error_code gone;  // the engine may retire it meanwhile
    stdfs::recursive_directory_iterator below(entry.path(), gone);
    for (; !gone && below != stdfs::recursive_directory_iterator(); below.increment(gone)) {
      std::error_code ignored;
      if (!below->is_regular_file(ignored) || below->path().filename() == kSpoolManifestName)
        continue;
      const auto bytes = below->file_size(ignored);
      if (!ignored) facts.bytes += bytes;
    }
    found.push_back(facts);
  }
  std::sort(found.begin(), found.end(),
            [](const auto& left, const auto& right) { return left.number > right.number; });
  return found;
}

}  // namespace cairn::cli
