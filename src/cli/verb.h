// What main() needs to know of a verb.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cairn/result.h"

namespace cairn::cli {

// The exit statuses of `cairn`.
enum ExitStatusOfCairn : int {
  kOk = 0,
  kNotOk = 1,        // the verb's own no: a job failed, a generation is damaged
  kUsage = 2,        // wrong options, a submit file that cannot be understood, no room to work
  kInterrupted = 3,  // the same command goes on
  kUndecided = 3,    // `cairn verify` cannot say
};

struct Verb {
  const char* name;
  const char* summary;
  const char* footer;  // exit statuses and an example
  bool hidden;
  // Declares the verb's options.  Returns what to do once they are read.
  //   rest  what stands behind "--"
  std::function<int()> (*declare)(CLI::App& app, const std::vector<std::string>& rest);
};

extern const Verb kFetch;
extern const Verb kHistory;
extern const Verb kHold;
extern const Verb kLint;
extern const Verb kEngine;
extern const Verb kLog;
extern const Verb kQueue;
extern const Verb kRelease;
extern const Verb kRemove;
extern const Verb kRun;
extern const Verb kShow;
extern const Verb kStarter;
extern const Verb kStatus;
extern const Verb kSubmit;
extern const Verb kVacate;
extern const Verb kVerify;
extern const Verb kVersion;
extern const Verb kWait;
extern const Verb kWrap;

// "cairn: …" on stderr, one line.
void complain(const std::string& text);
int refuse(const Error& error);  // the same; returns kUsage
// What a verb ends with: its status, or the refusal.  What it printed is written by then.
int exit_status(const Result<int>& status);

}  // namespace cairn::cli
