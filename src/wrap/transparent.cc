#include "wrap/transparent.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/text.h"
#include "base/try.h"
#include "os/command.h"
#include "os/process.h"
#include "session/environment.h"

namespace cairn::wrap {
namespace {

namespace stdfs = std::filesystem;

constexpr const char* kImages = "cairn.images";

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

// A folder that goes with its guard.
class Scratch {
 public:
  Scratch() {
    std::string name = (stdfs::temp_directory_path() / "cairn-probe-XXXXXX").native();
    if (::mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!folder_.empty()) stdfs::remove_all(folder_, ignored);
  }
  const Path& folder() const { return folder_; }

 private:
  Path folder_;
};

// The tiny process.
Result<pid_t> sleeper() {
  CAIRN_TRY(const Path sleep, find_in_path("sleep"));
  SpawnOptions options;
  options.program = sleep;
  options.arguments = {"sleep", "1000"};
  return spawn(options);
}

Status probe_criu() {
  CAIRN_CHECK(find_in_path("criu"));
  const Scratch scratch;
  CAIRN_TRY(const pid_t pid, sleeper());
  const std::string folder = scratch.folder();
  auto done = ran("dump", {"criu", "dump", "-t", std::to_string(pid), "-D", folder}, folder);
  ::kill(pid, SIGKILL);
  static_cast<void>(wait_for(pid).has_value());
  CAIRN_CHECK(done);
  done = ran("restore", {"criu", "restore", "-d", "-D", folder}, folder);
  ::kill(pid, SIGKILL);
  static_cast<void>(kill_descendants().has_value());
  return done;
}

void use_criu(WrapOptions& options) {
  options.stop = StopMethod::command;
  options.stop_command = cat("rm -rf ", kImages, " && mkdir ", kImages,
                             " && criu dump -t {pid} -D ", kImages, " --file-locks");
  options.resume_command = cat("criu restore -D ", kImages, " --file-locks");
}

Status probe_dmtcp() {
  for (const char* tool : {"dmtcp_launch", "dmtcp_command", "dmtcp_restart"})
    CAIRN_CHECK(find_in_path(tool));
  const Scratch scratch;
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
constexpr std::array kTools = {Tool{"CRIU", probe_criu, use_criu},
                               Tool{"DMTCP", probe_dmtcp, use_dmtcp}};

}  // namespace

Status make_transparent(WrapOptions& options) {
  std::string said;
  for (const Tool& tool : kTools) {
    if (const auto works = tool.probe(); !works) {
      said += cat(said.empty() ? "" : "; ", tool.name, ": ", works.error().message);
      continue;
    }
    options.checkpoint_files = {kImages};
    tool.use(options);
    return {};
  }
  return Error{Errc::unsupported, cat("no program can be saved from outside here (", said, ")"), 0,
               "install one that works on this kernel; or find out how your program saves itself"};
}

}  // namespace cairn::wrap
