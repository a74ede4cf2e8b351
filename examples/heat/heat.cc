// Heat flows along a rod and is stirred by chance: a field and a random generator that go
// on exactly where they were.  heat STEPS
#include <cairn/cairn.hpp>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

// One step: each cell moves towards the mean of its neighbours, and one is heated.
void step(std::vector<double>& rod, std::mt19937_64& random) {
  std::vector<double> next = rod;
  for (std::size_t i = 1; i + 1 < rod.size(); ++i)
    next[i] = rod[i] + 0.25 * (rod[i - 1] - 2 * rod[i] + rod[i + 1]);
  next[1 + random() % (rod.size() - 2)] += 1;
  rod = next;
}

int main(int argc, char** argv) try {
  if (argc != 2) return std::fprintf(stderr, "usage: heat STEPS\n"), 2;
  std::vector<double> rod(10000, 0.0);
  std::mt19937_64 random(1);
  cairn::Options options;
  options.policy.commit_interval = std::chrono::seconds(1);
  options.policy.leave_interval = std::chrono::seconds(30);
  options.identify_arguments = false;  // more steps are the same work: it goes on from its end
  auto session = cairn::Session::open(options).value();
  session.protect("rod", rod);
  session.protect("random", random);
  session.restore().value();
  for ([[maybe_unused]] auto i : session.loop("step", 0, std::atoll(argv[1]), {.may_extend = true}))
    step(rod, random);
  if (session.leaving()) return session.exit_code();
  session.checkpoint().value();
  for (std::size_t i = 0; i < rod.size(); i += 1000) std::printf("%zu %.17g\n", i, rod[i]);
  return 0;
} catch (const cairn::Failure& failure) {
  return std::fprintf(stderr, "heat: %s\n", failure.what()), 1;
}
