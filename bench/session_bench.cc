// What libcairn costs: a safe point at which nothing is due, a commit, a restore.  The peer of
// a commit is what anybody would write who wants the same bytes to survive a power cut: write,
// fsync, rename, fsync of the folder; that of a restore is to read them.
//
// It writes to $CAIRN_BENCH_FOLDER, else the working folder: the disk decides most of it.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <span>
#include <vector>

#include "cairn/session.h"

namespace {

namespace fs = std::filesystem;

fs::path folder() {
  const char* const given = std::getenv("CAIRN_BENCH_FOLDER");
  return fs::path(given != nullptr ? given : ".") / "cairn-bench";
}

struct Folder {
  Folder() { fs::create_directories(folder()); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(folder()); }
};

// Numbers that no file system compresses or deduplicates.
std::vector<double> field_of(std::int64_t bytes) {
  std::vector<double> field(static_cast<std::size_t>(bytes) / sizeof(double));
  double x = 0.3;
  for (double& value : field) value = x = 3.99 * x * (1 - x);
  return field;
}

cairn::Session open() {
  return cairn::Session::open({.directory = folder() / "state.ckpt", .vacate_signal = 0}).value();
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void safe_point_with_nothing_due(benchmark::State& state) {
  const Folder folder;
  auto session = open();
  std::int64_t i = 0;
  session.protect("i", i);
  session.restore().value();
  for (auto _ : state) benchmark::DoNotOptimize(session.safe_point());
}

void commit(benchmark::State& state) {
  const Folder folder;
  auto field = field_of(state.range(0));
  auto session = open();
  session.protect("field", field);
  session.restore().value();
  for (auto _ : state) {
    field[0] += 1;
    session.checkpoint().value();
  }
  count_bytes(state);
}

void write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written <= 0) std::abort();
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void commit_peer_write_fsync_rename(benchmark::State& state) {
  const Folder made;
  auto field = field_of(state.range(0));
  const fs::path temporary = folder() / "tmp";
  const int names = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY);
  std::int64_t number = 0;
  for (auto _ : state) {
    field[0] += 1;
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    write_all(fd, std::as_bytes(std::span(field)));
    if (::fsync(fd) != 0) std::abort();
    ::close(fd);
    fs::rename(temporary, folder() / std::to_string(++number));
    if (::fsync(names) != 0) std::abort();
    fs::remove(folder() / std::to_string(number - 2));  // as Cairn keeps two
  }
  ::close(names);
  count_bytes(state);
}

void restore(benchmark::State& state) {
  const Folder folder;
  auto field = field_of(state.range(0));
  {
    auto session = open();
    session.protect("field", field);
    session.restore().value();
    session.checkpoint().value();
  }
  for (auto _ : state) {
    auto session = open();
    session.protect("field", field);
    session.restore().value();
  }
  count_bytes(state);
}

void restore_peer_read(benchmark::State& state) {
  const Folder made;
  auto field = field_of(state.range(0));
  const fs::path file = folder() / "field";
  int fd = ::open(file.c_str(), O_RDWR | O_CREAT, 0644);
  write_all(fd, std::as_bytes(std::span(field)));
  if (::fsync(fd) != 0) std::abort();
  for (auto _ : state) {
    auto left = std::as_writable_bytes(std::span(field));
    for (off_t at = 0; !left.empty();) {
      const auto got = ::pread(fd, left.data(), left.size(), at);
      if (got <= 0) std::abort();
      left = left.subspan(static_cast<std::size_t>(got));
      at += got;
    }
  }
  ::close(fd);
  count_bytes(state);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(1'000'000)->Arg(100'000'000)->Arg(1'000'000'000);
  bench->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK(safe_point_with_nothing_due);
BENCHMARK(commit)->Apply(sizes);
BENCHMARK(commit_peer_write_fsync_rename)->Apply(sizes);
BENCHMARK(restore)->Apply(sizes);
BENCHMARK(restore_peer_read)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
