#include "wrap/transparent.h"

#include <array>

#include "base/text.h"
#include "base/try.h"
#include "os/command.h"
#include "wrap/capsule.h"
#include "wrap/criu.h"
#include "wrap/scratch.h"

namespace cairn::wrap {
namespace {

std::string last_line(std::string_view text) {
  text = trim(text);
  const auto end = text.rfind('\n');
  return std::string(end == text.npos ? text : text.substr(end + 1));
}

Status ran(const char* what, const std::vector<std::string>& words, const Path& folder) {
  const auto done = run_command(
      {.arguments = words, .working_folder = folder, .patience = std::chrono::seconds(30)});
  if (!done) return Error{Errc::unsupported, done.error().message, 0, {}};
  if (done->succeeded()) return {};
  std::string why = last_line(done->errors.empty() ? done->output : done->errors);
  if (why.empty()) why = done->failure();
  return Error{Errc::unsupported, cat(what, ": ", why), 0, {}};
}

Status try_criu() {
  CAIRN_CHECK(look_for_criu());
  CAIRN_CHECK(enter_capsule());
  return probe_criu();
}

void use_criu(WrapOptions& options) {
  options.stop = StopMethod::image;
  options.whole_folder = true;
}

Status probe_dmtcp() {
  for (const char* tool : {"dmtcp_launch", "dmtcp_command", "dmtcp_restart"})
    CAIRN_CHECK(find_in_path(tool));
  CAIRN_TRY(const Scratch scratch, Scratch::make());
  const std::string folder = scratch.folder();
  const std::string ask = cat(
      "dmtcp_launch --quiet --new-coordinator --coord-port 0 --port-file port --ckptdir ", folder,
      " sleep 1000 & while [ ! -s port ]; do sleep 0.05; done; "
      "dmtcp_command --coord-port $(cat port) --bcheckpoint && "
      "dmtcp_command --coord-port $(cat port) --kill");
  CAIRN_CHECK(ran("checkpoint", {"/bin/sh", "-c", ask}, folder));
  return ran(
      "restart",
      {"/bin/sh", "-c",
       "dmtcp_restart --quiet --new-coordinator --coord-port 0 --port-file port2 ./*.dmtcp & "
       "while [ ! -s port2 ]; do sleep 0.05; done; "
       "dmtcp_command --coord-port $(cat port2) --kill"},
      folder);
}

void use_dmtcp(WrapOptions& options) {
  const std::string port = cat(kImages, ".port");
  options.stop = StopMethod::command;
  options.stop_command =
      cat("rm -f ", kImages, "/*.dmtcp; dmtcp_command --coord-port $(cat ", port,
          ") --bcheckpoint && dmtcp_command --coord-port $(cat ", port, ") --kill");
  const std::string common =
      cat("--quiet --new-coordinator --coord-port 0 --port-file ", port, " --ckptdir ", kImages);
  options.start_command = cat("dmtcp_launch ", common, " {program} {arguments}");
  options.resume_command =
      cat("/bin/sh -c 'exec dmtcp_restart ", common, " ", kImages, "/*.dmtcp'");
}

struct Tool {
  const char* name;
  Status (*probe)();
  void (*use)(WrapOptions&);
};
constexpr std::array kTools = {Tool{"CRIU", try_criu, use_criu},
                               Tool{"DMTCP", probe_dmtcp, use_dmtcp}};

}  // namespace

Status make_transparent(WrapOptions& options) {
  std::string said;
  for (const Tool& tool : kTools) {
    if (const auto works = tool.probe(); !works) {
      said += cat(said.empty() ? "" : "; ", tool.name, ": ", works.error().message);
      continue;
    }
    tool.use(options);
    return {};
  }
  return Error{Errc::unsupported, cat("no program can be saved from outside here (", said, ")"), 0,
               "install one that works on this kernel; or find out how your program saves itself"};
}

}  // namespace cairn::wrap
