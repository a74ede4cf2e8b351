# make run      build, run the main job, show it
# make test     every test, three real programs, both real pools, clang-tidy
# make build    build only
# What a machine lacks is installed first (Debian; as root or with sudo).
.DEFAULT_GOAL := build
.PHONY: deps configure build build-tests run test test-quick test-sanitizers test-storm test-verify test-htcondor test-slurm test-machine test-programs test-programs-few check check-format format bench bench-engine bench-wrap install clean

BUILD := build/release
JOBS  := $(shell nproc)

deps:
	@tools/install-packages

configure: deps
	@mkdir -p build
	@test -f $(BUILD)/build.ninja || cmake --preset release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }

build: configure
	@ninja -C $(BUILD) -j$(JOBS) --quiet product

build-tests: configure
	@ninja -C $(BUILD) -j$(JOBS) --quiet

run: build
	@examples/sweep/demo.sh $(BUILD)

# The quick tests first: they fail in seconds.
test: test-quick test-storm test-verify test-htcondor test-slurm test-machine test-programs-few check

test-quick: build-tests
	@ctest --test-dir $(BUILD) --output-on-failure -j$(JOBS) -LE 'storm|verify|htcondor|slurm'

test-storm: build-tests
	@ctest --test-dir $(BUILD) --output-on-failure -j$(JOBS) -L storm

# The programs of tests/verify/corpus, wrong and right, before `cairn verify`.
test-verify: build-tests
	@ctest --test-dir $(BUILD) --output-on-failure -j$(JOBS) -L verify

# Beside a real HTCondor, which is fetched once (12 s, 63 MB) into ~/.cache/cairn; skipped where that cannot be.
test-htcondor: build-tests
	@tests/integration/htcondor/with_pool build/htcondor ctest --test-dir $(BUILD) --output-on-failure -j$(JOBS) -L htcondor

# Beside a real Slurm, which is fetched once (10 s, 34 MB) into ~/.cache/cairn; skipped where that cannot be.
test-slurm: build-tests
	@tests/integration/slurm/with_slurm build/slurm ctest --test-dir $(BUILD) --output-on-failure -j8 -L slurm

# In a virtual machine with a kernel of Debian's, which is fetched once (15 s, 70 MB) into ~/.cache/cairn; skipped where that
# cannot be.
test-machine: build-tests
	@tools/install-packages qemu-system-x86 e2fsprogs criu || echo "cairn: without these packages the tests in a virtual machine are skipped"
	@ctest --test-dir $(BUILD) -C machine --output-on-failure -j$(JOBS) -L machine

# Real programs under `cairn wrap`, from Debian's packages (some are large): recipes/ and docs/recipes/.
test-programs: build-tests
	@tools/install-packages $$(tests/programs/programs_test.py packages)
	@ctest --test-dir $(BUILD) -C programs --output-on-failure -j$(JOBS) -L '^programs$$'

# The small ones of them.
test-programs-few: build-tests
	@tools/install-packages $$(tests/programs/programs_test.py packages few)
	@ctest --test-dir $(BUILD) -C programs --output-on-failure -j$(JOBS) -L '^few$$'

# Besides `make test`: most of the quick tests once more, with address and undefined-behaviour sanitizers. Not those of the
# wrapper's size, nor the one without descriptors, where the sanitizer itself wants some. And those of what has threads, or is
# used in them, with the thread sanitizer.
THREADED := os session engine verify wrap
space := $(subst ,, )
test-sanitizers: deps
	@mkdir -p build
	@test -f build/asan/build.ninja || cmake --preset asan > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C build/asan -j$(JOBS) --quiet
	@ctest --test-dir build/asan --output-on-failure -j$(JOBS) -L 'unit|contract|wrap' -E 'short_of_descriptors|it_needs_little|in_an_empty_root'
	@test -f build/tsan/build.ninja || cmake --preset tsan > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C build/tsan -j$(JOBS) --quiet $(THREADED:%=%_test)
	@ctest --test-dir build/tsan --output-on-failure -j$(JOBS) -R '^unit\.($(subst $(space),|,$(THREADED)))$$'

# Formatting, clang-tidy, and who may include whom.
check: configure
	@tools/check-style

check-format:
	@tools/check-style --format

format:
	@git ls-files '*.cc' '*.h' '*.c' | xargs clang-format -i

# Speed, each beside a named peer (libbenchmark-dev).  Writes to CAIRN_BENCH_FOLDER, else here.
bench: configure
	@cmake --preset release -B build/bench -DCAIRN_BENCH=ON -DCAIRN_TESTS=OFF -DCAIRN_ENGINE=OFF > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C build/bench -j$(JOBS) --quiet session_bench
	@build/bench/bench/session_bench

# The engine beside a real HTCondor, which is installed into a cache folder: about five minutes.
bench-engine: build
	@bench/engine/engine_bench.py --build $(BUILD) --pool

# The wrapper beside timeout(1) and a bash wrapper: three minutes.
bench-wrap: build
	@bench/wrap/wrap_bench.py --build $(BUILD)

install: build
	@cmake --install $(BUILD)

clean:
	@rm -rf build
