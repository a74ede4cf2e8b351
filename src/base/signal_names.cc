#include "base/signal_names.h"

#include <array>
#include <csignal>

#include "base/text.h"

namespace cairn {
namespace {

struct SignalName {
  std::string_view name;
  int number;
};
constexpr std::array kSignals = {
    SignalName{"HUP", SIGHUP},       SignalName{"INT", SIGINT},   SignalName{"QUIT", SIGQUIT},
    SignalName{"ILL", SIGILL},       SignalName{"TRAP", SIGTRAP}, SignalName{"ABRT", SIGABRT},
    SignalName{"BUS", SIGBUS},       SignalName{"FPE", SIGFPE},   SignalName{"KILL", SIGKILL},
    SignalName{"USR1", SIGUSR1},     SignalName{"SEGV", SIGSEGV}, SignalName{"USR2", SIGUSR2},
    SignalName{"PIPE", SIGPIPE},     SignalName{"ALRM", SIGALRM}, SignalName{"TERM", SIGTERM},
    SignalName{"CHLD", SIGCHLD},     SignalName{"CONT", SIGCONT}, SignalName{"STOP", SIGSTOP},
    SignalName{"TSTP", SIGTSTP},     SignalName{"TTIN", SIGTTIN}, SignalName{"TTOU", SIGTTOU},
    SignalName{"URG", SIGURG},       SignalName{"XCPU", SIGXCPU}, SignalName{"XFSZ", SIGXFSZ},
    SignalName{"VTALRM", SIGVTALRM}, SignalName{"PROF", SIGPROF}, SignalName{"WINCH", SIGWINCH},
    SignalName{"IO", SIGIO},         SignalName{"PWR", SIGPWR},   SignalName{"SYS", SIGSYS}};

}  // namespace

std::optional<int> parse_signal(std::string_view text) {
  if (const auto number = parse_integer(text))
    return *number >= 1 && *number <= 64 ? std::optional(static_cast<int>(*number)) : std::nullopt;
  if (starts_with_ignoring_case(text, "SIG")) text.remove_prefix(3);
  for (const auto& [name, number] : kSignals)
    if (equal_ignoring_case(text, name)) return number;
  return std::nullopt;
}

std::optional<std::string> signal_name(int number) {
  for (const auto& [name, candidate] : kSignals)
    if (candidate == number) return cat("SIG", name);
  return std::nullopt;
}

}  // namespace cairn
