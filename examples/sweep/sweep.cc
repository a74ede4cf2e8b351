// A parameter sweep that may be killed at any moment: sweep FIRST LAST [LENGTH].
#include <cairn/cairn.hpp>
#include <cstdio>
#include <cstdlib>

// The work for one parameter: the mean of the logistic map's orbit.
double mean_of_orbit(double r, int length) {
  double x = 0.5, sum = 0;
  for (int n = 0; n < length; ++n) sum += x = r * x * (1 - x);
  return sum / length;
}

int main(int argc, char** argv) try {
  if (argc < 3) return std::fprintf(stderr, "usage: sweep FIRST LAST [LENGTH]\n"), 2;
  const int length = argc > 3 ? std::atoi(argv[3]) : 180000;
  double total = 0;
  auto session = cairn::Session::open({.policy = {.leave_every = 1000}}).value();
  session.protect("total", total);
  session.protect_file("results.csv");  // cut back with the checkpoint: no line is there twice
  session.restore().value();            // fills total, or leaves it on a first start
  std::FILE* results = std::fopen("results.csv", "a");
  if (!results) return std::perror("results.csv"), 1;
  for (const auto i : session.loop("iteration", std::atoll(argv[1]), std::atoll(argv[2]))) {
    total += mean_of_orbit(3 + static_cast<double>(i) / 40000, length);
    if (i % 100 == 99) std::fprintf(results, "%ld,%.17g\n", i, total);
  }
  if (std::fclose(results) != 0) return std::perror("results.csv"), 1;
  return session.exit_code();
} catch (const cairn::Failure& failure) {
  return std::fprintf(stderr, "sweep: %s\n", failure.what()), 1;
}
