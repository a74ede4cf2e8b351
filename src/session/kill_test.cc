// A real process, a real disk, SIGKILL at any moment: the result must be that of a
// run that nobody disturbed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <unordered_map>

#include "base/text.h"
#include "cairn/session.h"
#include "os/filesystem.h"
#include "support/temp_folder.h"

namespace cairn::testing {
namespace {

constexpr std::int64_t kSteps = 3000;
constexpr int kKills = 50;

std::string contents(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The whole program.  Its last act is to write result.txt.
int sweep(const Path& folder) {
  Options options;
  options.directory = folder / "state.ckpt";
  options.policy = {.commit_every = 20, .commit_interval = {}, .leave_interval = {}};
  Session session = Session::open(options).value();

  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> walk;
  std::unordered_map<std::string, std::int64_t> seen;
  std::ofstream lines;
  session.protect("random", random);
  session.protect("normal", normal);
  session.protect("walk", walk);
  session.protect("seen", seen);
  session.protect_file(folder / "lines.csv", lines);
  session.restore().value();
  lines.open(folder / "lines.csv", std::ios::app);

  for (auto i : session.loop("step", 0, kSteps)) {
    walk.push_back((walk.empty() ? 0 : walk.back()) + normal(random));
    ++seen[std::to_string(random() % 1000)];
    lines << i << ',' << walk.back() << '\n';
  }
  lines.flush();
  std::ofstream result(folder / "result.txt");
  for (const auto& [key, count] : seen) result << key << ' ' << count << '\n';
  result << walk.back() << '\n';
  return 0;
}

// Starts the program; it is killed after `microseconds` unless it has ended by then.
// Returns its wait status.
int run(const Path& folder, std::optional<useconds_t> microseconds) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      code = sweep(folder);
    } catch (const Failure& failure) {
      std::fprintf(stderr, "%s\n", failure.what());
    }
    ::_exit(code);
  }
  if (microseconds) {  // any moment will do: nothing is asserted about when
    ::usleep(*microseconds);
    ::kill(child, SIGKILL);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

TEST(Kill, NeverChangesTheResult) {
  const char* text = std::getenv("CAIRN_SEED");
  const unsigned long seed = text ? std::strtoul(text, nullptr, 10) : 1;
  std::printf("seed=%lu\n", seed);
  std::fflush(stdout);  // or each child prints it, too
  const TempFolder undisturbed, disturbed;
  ASSERT_EQ(run(undisturbed.path(), std::nullopt), 0);

  std::mt19937_64 random(seed);
  int kills = 0;
  for (int i = 0; i < kKills; ++i) {
    const int status = run(disturbed.path(), static_cast<useconds_t>(1000 + random() % 12000));
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    kills += WIFSIGNALED(status) ? 1 : 0;
  }
  ASSERT_EQ(run(disturbed.path(), std::nullopt), 0);
  EXPECT_GT(kills, 0);
  EXPECT_EQ(contents(disturbed / "result.txt"), contents(undisturbed / "result.txt"));
  EXPECT_EQ(contents(disturbed / "lines.csv"), contents(undisturbed / "lines.csv"));
}

}  // namespace
}  // namespace cairn::testing
