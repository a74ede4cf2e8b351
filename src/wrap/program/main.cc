// The program `cairn-wrap`: `cairn wrap` alone, for machines on which nothing is installed.  It is
// linked statically and needs no file but itself.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "cairn/version.h"
#include "os/standard_streams.h"
#include "wrap/command_line.h"

int main(int argc, char** argv) {
  cairn::fill_closed_streams();
  std::vector<std::string> words(argv + 1, argv + argc);
  const auto dashes = std::find(words.begin(), words.end(), "--");
  const std::vector<std::string> program(dashes == words.end() ? dashes : dashes + 1, words.end());
  words.erase(dashes, words.end());
  words = cairn::wrap::join_dashed_values(std::move(words));
  CLI::App app(cairn::wrap::kSummary, "cairn-wrap");
  app.footer(cairn::wrap::kFooter);
  app.set_version_flag("--version", CAIRN_VERSION_STRING);
  const auto run = cairn::wrap::declare(app, program);
  try {
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    app.parse(words);
    return run();
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const std::exception& problem) {
    std::cerr << "cairn-wrap: " << problem.what() << "; see cairn-wrap --help\n";
    return 2;
  }
}
