#include "cli/submission.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <iterator>

#include "base/text.h"
#include "base/try.h"
#include "cli/job_source.h"
#include "cli/submit_world.h"

namespace cairn::cli {
namespace {

std::string user_name() {
  const passwd* const entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::getuid());
}

}  // namespace

SubmitContext context_here(std::string file, Path directory, int cluster,
                           std::int64_t now_seconds) {
  SubmitContext context;
  context.file = std::move(file);
  context.directory = std::move(directory);
  context.cluster = cluster;
  context.owner = user_name();
  context.host = host_name();
  context.now_seconds = now_seconds;
  context.utc_offset_seconds = utc_offset_seconds(now_seconds);
  context.machine = submit_machine();
  return context;
}

Result<SubmitText> read_submit_text(const std::string& file) {
  SubmitText read;
  if (file == "-") {
    read.text.assign(std::istreambuf_iterator<char>(std::cin), {});
    read.name = "stdin";
    read.path = std::filesystem::current_path() / read.name;
  } else {
    PosixFileSystem files;
    CAIRN_TRY(read.text, read_file(files, file));
    read.name = file;
    read.path = std::filesystem::canonical(file);
  }
  if (read.text.starts_with("\xEF\xBB\xBF"))
    return Error{Errc::invalid, fmt::format("{} begins with a byte order mark", read.name), 0,
                 "save it as plain UTF-8"};
  return read;
}

Status apply(const SubmissionChoices& choices, SubmitContext& context) {
  context.append = choices.append;
  context.queue = choices.queue;
  context.as_htcondor = choices.as_htcondor;
  context.one_cluster = choices.one_cluster;
  for (const std::string& assignment : choices.assignments) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{Errc::invalid, fmt::format("\"{}\" is not NAME=VALUE", assignment), 0, {}};
    context.assignments.emplace_back(trim(assignment.substr(0, equals)),
                                     trim(assignment.substr(equals + 1)));
  }
  return {};
}

}  // namespace cairn::cli
