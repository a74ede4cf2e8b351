// The C interface as a program sees it: a real folder, a real file, plain C calls.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <list>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "cairn/cairn.h"
#include "cairn/session.h"
#include "capi/errors.h"

namespace {

// What a language binding hands in.
struct Text {
  std::string value = {};
  std::string staged = {};
  int released = 0;
  int abandoned = 0;
  cairn_code refuse_view = CAIRN_OK;
  bool forget_bytes = false;

  static Text& of(void* context) { return *static_cast<Text*>(context); }
  cairn_object object() {
    return {.struct_size = sizeof(cairn_object),
            .context = this,
            .view =
                [](void* context, const void** data, std::size_t* bytes, cairn_error* error) {
                  Text& text = of(context);
                  if (text.refuse_view != CAIRN_OK) {
                    std::snprintf(error->message, sizeof error->message, "the text is busy");
                    return text.refuse_view;
                  }
                  if (text.forget_bytes) return cairn_code{CAIRN_OK};
                  *data = text.value.data();
                  *bytes = text.value.size();
                  return cairn_code{CAIRN_OK};
                },
            .stage =
                [](void* context, const void* data, std::size_t bytes, cairn_error*) {
                  of(context).staged.assign(static_cast<const char*>(data), bytes);
                  return cairn_code{CAIRN_OK};
                },
            .apply = [](void* context) { of(context).value = of(context).staged; },
            .abandon = [](void* context) { ++of(context).abandoned; },
            .release = [](void* context) { ++of(context).released; }};
  }
};

class Capi : public testing::Test {
 protected:
  Capi() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / ("capi-" + std::string(info->name()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    directory_ = folder_ / "state.ckpt";
  }
  ~Capi() override {
    cairn_session_close(session_);
    std::filesystem::remove_all(folder_);
  }

  cairn_options options() const {
    cairn_options options;
    cairn_options_init(&options, sizeof options);
    options.directory = directory_.c_str();
    options.vacate_signal = 0;
    options.leave = CAIRN_LEAVE_ALWAYS;
    return options;
  }
  void open(const cairn_options& options) {
    cairn_session_close(session_);
    session_ = nullptr;
    ASSERT_EQ(cairn_session_open(&options, &session_, &error_), CAIRN_OK) << error_.message;
  }
  void open() { open(options()); }
  void restore(std::uint64_t expected_generation) {
    std::uint64_t generation = 99;
    ASSERT_EQ(cairn_restore(session_, &generation, &error_), CAIRN_OK) << error_.message;
    EXPECT_EQ(generation, expected_generation);
  }
  void checkpoint() {
    ASSERT_EQ(cairn_checkpoint(session_, nullptr, &error_), CAIRN_OK) << error_.message;
  }
  bool said(const char* words) const { return std::strstr(error_.message, words) != nullptr; }

  // Lives until the session is closed, which releases it.
  Text& add(Text text) { return texts_.emplace_back(std::move(text)); }

  std::list<Text> texts_;
  std::filesystem::path folder_;
  std::string directory_;
  cairn_session* session_ = nullptr;
  cairn_error error_ = {};
};

TEST_F(Capi, RestoresMemoryAndArraysInAnotherSession) {
  struct Particle {
    double x;
    int charge;
  } particle = {1.5, -1};
  std::array<double, 3> field = {1, 2, 3};
  const auto start = [&] {
    open();
    ASSERT_EQ(cairn_protect(session_, "particle", &particle, sizeof particle, nullptr, &error_), 0);
    ASSERT_EQ(cairn_protect_array(session_, "field", field.data(), CAIRN_F64, 3, &error_), 0);
  };
  start();
  restore(0);
  checkpoint();
  particle = {};
  field = {};
  start();
  restore(1);
  EXPECT_EQ(particle.x, 1.5);
  EXPECT_EQ(particle.charge, -1);
  EXPECT_EQ(field, (std::array<double, 3>{1, 2, 3}));
}

TEST_F(Capi, WritesWhatACppProgramReads) {
  std::array<double, 3> field = {1, 2, 3};
  std::int64_t step = 7;
  open();
  ASSERT_EQ(cairn_protect_number(session_, "step", &step, CAIRN_I64, &error_), 0);
  ASSERT_EQ(cairn_protect_array(session_, "field", field.data(), CAIRN_F64, 3, &error_), 0);
  restore(0);
  checkpoint();
  cairn_session_close(session_);
  session_ = nullptr;

  std::vector<double> read;
  auto session = cairn::Session::open({.directory = directory_, .vacate_signal = 0}).value();
  std::int64_t read_step = 0;
  session.protect("field", read);
  session.protect("step", read_step);
  ASSERT_EQ(session.restore().value().generation, 1U);
  EXPECT_EQ(read, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(read_step, 7);
}

TEST_F(Capi, RefusesAnotherTypeWithBothInTheSentence) {
  std::array<double, 3> field = {1, 2, 3};
  open();
  ASSERT_EQ(cairn_protect_array(session_, "field", field.data(), CAIRN_F64, 3, &error_), 0);
  restore(0);
  checkpoint();
  std::array<float, 6> other = {7};
  open();
  ASSERT_EQ(cairn_protect_array(session_, "field", other.data(), CAIRN_F32, 6, &error_), 0);
  EXPECT_EQ(cairn_restore(session_, nullptr, &error_), CAIRN_MISMATCH);
  EXPECT_TRUE(said("field") && said("f64[3]") && said("f32[6]")) << error_.message;
  EXPECT_EQ(other[0], 7);
}

TEST_F(Capi, RefusesATypeThatDoesNotTakeTheBytes) {
  std::array<double, 6> matrix = {};
  const std::array<std::uint64_t, 2> shape = {2, 4};
  const cairn_type type = {sizeof type, CAIRN_F64, 8, 2, shape.data()};
  open();
  EXPECT_EQ(cairn_protect(session_, "matrix", matrix.data(), sizeof matrix, &type, &error_),
            CAIRN_MISUSE);
  EXPECT_TRUE(said("48 bytes") && said("f64[2][4]")) << error_.message;
  EXPECT_EQ(cairn_protect_array(session_, "matrix", matrix.data(), "double", 6, &error_),
            CAIRN_INVALID);
  EXPECT_TRUE(said("\"double\"")) << error_.message;
}

constexpr cairn_type kText = {sizeof kText, "text", 0, 0, nullptr};

TEST_F(Capi, ObjectsMayChangeTheirSizeAndAreReleasedOnce) {
  Text& text = add({.value = "first"});
  cairn_object object = text.object();
  open();
  ASSERT_EQ(cairn_protect_object(session_, "text", &kText, &object, &error_), 0);
  restore(0);
  text.value = "a longer one";
  checkpoint();
  cairn_session_close(session_);
  session_ = nullptr;
  EXPECT_EQ(text.released, 1);

  text.value = "";
  open();
  ASSERT_EQ(cairn_protect_object(session_, "text", &kText, &object, &error_), 0);
  restore(1);
  EXPECT_EQ(text.value, "a longer one");
}

TEST_F(Capi, AFailedCallbackFailsTheCommitInItsOwnWords) {
  Text& text = add({.value = "x"});
  cairn_object object = text.object();
  open();
  ASSERT_EQ(cairn_protect_object(session_, "text", &kText, &object, &error_), 0);
  restore(0);
  checkpoint();
  text.refuse_view = CAIRN_CALLBACK;
  EXPECT_EQ(cairn_checkpoint(session_, nullptr, &error_), CAIRN_CALLBACK);
  EXPECT_TRUE(said("the text is busy")) << error_.message;
  // The last generation is still good.
  text.refuse_view = CAIRN_OK;
  text.value = "";
  open();
  ASSERT_EQ(cairn_protect_object(session_, "text", &kText, &object, &error_), 0);
  restore(1);
  EXPECT_EQ(text.value, "x");
}

// A callback cut short by an exception of its language returns whatever is in the register.
TEST_F(Capi, ACallbackThatReturnsSuccessWithoutBytesIsAnError) {
  Text& text = add({.forget_bytes = true});
  cairn_object object = text.object();
  open();
  ASSERT_EQ(cairn_protect_object(session_, "text", &kText, &object, &error_), 0);
  restore(0);
  EXPECT_EQ(cairn_checkpoint(session_, nullptr, &error_), CAIRN_CALLBACK);
}

TEST_F(Capi, ObjectsAreReleasedAlsoWhenTheyAreRefused) {
  Text& text = add({});
  cairn_object object = text.object();
  open();
  ASSERT_EQ(cairn_protect_object(session_, "text", &kText, &object, &error_), 0);
  EXPECT_EQ(cairn_protect_object(session_, "text", &kText, &object, &error_), CAIRN_MISUSE);
  EXPECT_EQ(text.released, 1);
  EXPECT_EQ(cairn_protect_object(nullptr, "text", &kText, &object, &error_), CAIRN_MISUSE);
  EXPECT_EQ(text.released, 2);
  const cairn_type nameless = {sizeof nameless, nullptr, 0, 0, nullptr};
  EXPECT_EQ(cairn_protect_object(session_, "other", &nameless, &object, &error_), CAIRN_MISUSE);
  EXPECT_EQ(text.released, 3);
}

TEST_F(Capi, AppliesNoObjectWhenAnotherDoesNotFit) {
  Text& text = add({.value = "saved"});
  double number = 1;
  cairn_object object = text.object();
  open();
  ASSERT_EQ(cairn_protect_object(session_, "a", &kText, &object, &error_), 0);
  ASSERT_EQ(cairn_protect_array(session_, "b", &number, CAIRN_F64, 1, &error_), 0);
  restore(0);
  checkpoint();
  text.value = "new";
  float other = 2;
  open();
  ASSERT_EQ(cairn_protect_object(session_, "a", &kText, &object, &error_), 0);
  ASSERT_EQ(cairn_protect_array(session_, "b", &other, CAIRN_F32, 1, &error_), 0);
  EXPECT_EQ(cairn_restore(session_, nullptr, &error_), CAIRN_MISMATCH);
  EXPECT_EQ(text.value, "new");
  EXPECT_EQ(text.abandoned, 1);
}

TEST_F(Capi, CutsAProtectedFileBackToTheCheckpoint) {
  const std::string path = folder_ / "results.csv";
  open();
  ASSERT_EQ(cairn_protect_file(session_, path.c_str(), nullptr, nullptr, &error_), 0);
  restore(0);
  std::FILE* results = std::fopen(path.c_str(), "a");
  std::fputs("kept\n", results);
  checkpoint();  // flushes it
  std::fputs("lost\n", results);
  std::fclose(results);

  open();
  ASSERT_EQ(cairn_protect_file(session_, path.c_str(), nullptr, nullptr, &error_), 0);
  restore(1);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "kept\n");
}

TEST_F(Capi, AFailedFlushFailsTheCommit) {
  const std::string path = folder_ / "results.csv";
  cairn_code answer = CAIRN_OK;
  const cairn_flush flush = [](void* context, cairn_error*) {
    return *static_cast<cairn_code*>(context);
  };
  open();
  ASSERT_EQ(cairn_protect_file(session_, path.c_str(), flush, &answer, &error_), 0);
  restore(0);
  answer = CAIRN_IO;
  EXPECT_EQ(cairn_checkpoint(session_, nullptr, &error_), CAIRN_IO);
  EXPECT_TRUE(said("results.csv")) << error_.message;
}

TEST_F(Capi, ALoopGoesOnWhereTheCheckpointWasMade) {
  cairn_options chosen = options();
  chosen.leave_every = 3;
  std::vector<std::int64_t> seen;
  std::int64_t total = 0;
  const auto start = [&] {
    open(chosen);
    ASSERT_EQ(cairn_protect_array(session_, "total", &total, CAIRN_I64, 1, &error_), 0);
    ASSERT_EQ(cairn_restore(session_, nullptr, &error_), 0) << error_.message;
    cairn_loop* loop = nullptr;
    std::int64_t i = 0;
    ASSERT_EQ(cairn_loop_begin(session_, "iteration", 10, 15, 0, &loop, &error_), 0);
    while (cairn_loop_next(loop, &i)) {
      seen.push_back(i);
      total += i;
    }
    ASSERT_EQ(cairn_loop_end(loop, &error_), 0) << error_.message;
  };
  start();
  EXPECT_EQ(seen, (std::vector<std::int64_t>{10, 11, 12}));
  EXPECT_TRUE(cairn_leaving(session_));
  EXPECT_EQ(cairn_exit_code(session_), cairn::kCheckpointExitCode);
  total = 0;
  start();
  EXPECT_EQ(seen, (std::vector<std::int64_t>{10, 11, 12, 13, 14}));
  EXPECT_FALSE(cairn_leaving(session_));
  EXPECT_EQ(cairn_exit_code(session_), 0);
  EXPECT_EQ(total, 10 + 11 + 12 + 13 + 14);
}

TEST_F(Capi, AnotherRangeIsRefusedUnlessTheLoopMayExtend) {
  std::int64_t i = 0;
  cairn_loop* loop = nullptr;
  open();
  restore(0);
  ASSERT_EQ(cairn_loop_begin(session_, "iteration", 0, 5, 0, &loop, &error_), 0);
  ASSERT_TRUE(cairn_loop_next(loop, &i));
  ASSERT_TRUE(cairn_loop_next(loop, &i));
  checkpoint();
  ASSERT_EQ(cairn_loop_end(loop, &error_), 0);
  open();
  restore(1);
  EXPECT_EQ(cairn_loop_begin(session_, "iteration", 0, 9, 0, &loop, &error_), CAIRN_MISMATCH);
  ASSERT_EQ(cairn_loop_begin(session_, "iteration", 0, 9, CAIRN_LOOP_MAY_EXTEND, &loop, &error_),
            0);
  ASSERT_TRUE(cairn_loop_next(loop, &i));
  EXPECT_EQ(i, 1);
  cairn_session_close(session_);  // ends the loop that is left open
  session_ = nullptr;
}

TEST_F(Capi, AFailedSafePointIsSaidAtTheEndOfTheLoop) {
  Text& text = add({.refuse_view = CAIRN_CALLBACK});
  cairn_object object = text.object();
  cairn_options chosen = options();
  chosen.commit_every = 1;
  open(chosen);
  ASSERT_EQ(cairn_protect_object(session_, "text", &kText, &object, &error_), 0);
  restore(0);
  cairn_loop* loop = nullptr;
  std::int64_t i = 0;
  ASSERT_EQ(cairn_loop_begin(session_, "iteration", 0, 5, 0, &loop, &error_), 0);
  EXPECT_TRUE(cairn_loop_next(loop, &i));
  EXPECT_FALSE(cairn_loop_next(loop, &i));
  EXPECT_FALSE(cairn_loop_next(loop, &i));
  EXPECT_EQ(cairn_loop_end(loop, &error_), CAIRN_CALLBACK);
  EXPECT_TRUE(said("the text is busy")) << error_.message;
}

TEST_F(Capi, SkippedGenerationsCanBeReadOneByOne) {
  double number = 1;
  open();
  ASSERT_EQ(cairn_protect_array(session_, "number", &number, CAIRN_F64, 1, &error_), 0);
  restore(0);
  checkpoint();
  number = 2;
  checkpoint();
  cairn_session_close(session_);
  session_ = nullptr;
  std::filesystem::resize_file(std::filesystem::path(directory_) / "gen-000002.cairn", 100);
  open();
  ASSERT_EQ(cairn_protect_array(session_, "number", &number, CAIRN_F64, 1, &error_), 0);
  restore(1);
  EXPECT_EQ(number, 1);
  ASSERT_EQ(cairn_skipped_count(session_), 1U);
  ASSERT_EQ(cairn_skipped(session_, 0, &error_), CAIRN_OK);
  EXPECT_EQ(error_.code, CAIRN_CORRUPT);
  EXPECT_TRUE(said("gen-000002")) << error_.message;
  EXPECT_EQ(cairn_skipped(session_, 1, &error_), CAIRN_MISUSE);
}

TEST_F(Capi, IdentityIsRefusedWithBothSides) {
  cairn_options chosen = options();
  cairn_pair seed = {"seed", "1"};
  chosen.identity = &seed;
  chosen.identity_count = 1;
  chosen.identify_arguments = 0;
  open(chosen);
  restore(0);
  checkpoint();
  seed.value = "2";
  open(chosen);
  EXPECT_EQ(cairn_restore(session_, nullptr, &error_), CAIRN_MISMATCH);
  EXPECT_TRUE(said("seed")) << error_.message;
}

// Programmer errors must come back as a sentence: a binding cannot survive an abort.
TEST_F(Capi, MisuseIsAnswered) {
  double number = 0;
  int next = 0;
  cairn_loop* loop = nullptr;
  cairn_session* none = nullptr;
  EXPECT_EQ(cairn_session_open(nullptr, nullptr, &error_), CAIRN_MISUSE);
  cairn_options raw = {};
  EXPECT_EQ(cairn_session_open(&raw, &none, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_protect_array(none, "a", &number, CAIRN_F64, 1, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_restore(none, nullptr, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_safe_point(none, &next, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_checkpoint(none, nullptr, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_loop_begin(none, "i", 0, 1, 0, &loop, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_loop_next(nullptr, nullptr), 0);
  EXPECT_EQ(cairn_loop_end(nullptr, &error_), CAIRN_OK);
  EXPECT_EQ(cairn_exit_code(none), 1);  // nothing was saved: no success

  open();
  EXPECT_EQ(cairn_safe_point(session_, &next, &error_), CAIRN_MISUSE) << "before restore";
  EXPECT_EQ(cairn_checkpoint(session_, nullptr, &error_), CAIRN_MISUSE) << "before restore";
  EXPECT_EQ(cairn_loop_begin(session_, "i", 0, 1, 0, &loop, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_protect_array(session_, "", &number, CAIRN_F64, 1, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_protect(session_, "a", nullptr, 8, nullptr, &error_), CAIRN_MISUSE);
  ASSERT_EQ(cairn_protect_array(session_, "a", &number, CAIRN_F64, 1, &error_), 0);
  EXPECT_EQ(cairn_protect_array(session_, "a", &number, CAIRN_F64, 1, &error_), CAIRN_MISUSE);
  const std::string path = folder_ / "results.csv";
  ASSERT_EQ(cairn_protect_file(session_, path.c_str(), nullptr, nullptr, &error_), 0);
  EXPECT_EQ(cairn_protect_file(session_, path.c_str(), nullptr, nullptr, &error_), CAIRN_MISUSE);
  restore(0);
  EXPECT_EQ(cairn_restore(session_, nullptr, &error_), CAIRN_MISUSE) << "twice";
  EXPECT_EQ(cairn_protect_array(session_, "b", &number, CAIRN_F64, 1, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_loop_begin(session_, "i", 0, 1, 8, &loop, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_loop_begin(session_, "i", 1, 0, 0, &loop, &error_), CAIRN_MISUSE);
  ASSERT_EQ(cairn_loop_begin(session_, "i", 0, 2, 0, &loop, &error_), 0);
  cairn_loop* same = nullptr;
  EXPECT_EQ(cairn_loop_begin(session_, "i", 0, 2, 0, &same, &error_), CAIRN_MISUSE);
  EXPECT_EQ(cairn_loop_end(loop, nullptr), CAIRN_OK);
}

TEST_F(Capi, OptionsOutOfTheirRangeAreAnswered) {
  const auto open_with = [this](auto change) {
    cairn_options chosen = options();
    change(chosen);
    cairn_session* session = nullptr;
    const cairn_code code = cairn_session_open(&chosen, &session, &error_);
    cairn_session_close(session);
    return code;
  };
  EXPECT_EQ(open_with([](cairn_options& o) { o.keep_generations = 0; }), CAIRN_INVALID);
  EXPECT_EQ(open_with([](cairn_options& o) { o.commit_interval_ms = -1; }), CAIRN_INVALID);
  EXPECT_EQ(open_with([](cairn_options& o) { o.compression_level = 99; }), CAIRN_INVALID);
  EXPECT_EQ(open_with([](cairn_options& o) { o.leave = 7; }), CAIRN_INVALID);
  EXPECT_EQ(open_with([](cairn_options& o) { o.vacate_signal = -3; }), CAIRN_INVALID);
  EXPECT_EQ(open_with([](cairn_options& o) { o.vacate_signal = 9; }), CAIRN_INVALID);
  EXPECT_EQ(open_with([](cairn_options& o) { o.directory = ""; }), CAIRN_INVALID);
  EXPECT_EQ(open_with([](cairn_options& o) { o.identity_count = 1; }), CAIRN_INVALID);
}

TEST_F(Capi, ASecondSessionIsToldWhoHasTheFolder) {
  open();
  const cairn_options chosen = options();
  cairn_session* second = nullptr;
  EXPECT_EQ(cairn_session_open(&chosen, &second, &error_), CAIRN_LOCKED);
  EXPECT_EQ(second, nullptr);
  EXPECT_NE(error_.message[0], '\0');
}

// An older program has a smaller struct, a newer one a larger: neither is overrun.
TEST(CapiOptions, InitHeedsTheCallersSize) {
  struct {
    cairn_options options;
    std::array<unsigned char, 16> after;
  } larger;
  std::memset(&larger, 0xee, sizeof larger);
  cairn_options_init(&larger.options, offsetof(cairn_options, leave_every));
  EXPECT_EQ(larger.options.commit_interval_ms, 600000);
  EXPECT_EQ(larger.options.leave_every, 0xeeeeeeeeeeeeeeeeU);
  cairn_options_init(&larger.options, sizeof larger);
  EXPECT_EQ(larger.options.keep_generations, 2);
  EXPECT_EQ(larger.after[15], 0);
}

TEST(CapiErrors, LongTextIsCutBetweenCharacters) {
  cairn_error error = {};
  const cairn::Error failure{cairn::Errc::io, std::string(1019, 'x') + "\u00e9\u00e9\u00e9", 5};
  EXPECT_EQ(cairn::capi::report(failure, &error), CAIRN_IO);
  EXPECT_EQ(std::string(error.message), std::string(1019, 'x') + "...");
  EXPECT_EQ(error.sys_errno, 5);
}

TEST(CapiErrors, NoExceptionCrosses) {
  cairn_error error = {};
  const auto thrown = [&error](auto what) {
    return cairn::capi::guarded(&error, [&]() -> cairn::Status { throw what; });
  };
  EXPECT_EQ(thrown(std::bad_alloc()), CAIRN_NO_MEMORY);
  EXPECT_STREQ(error.message, "there is not enough memory");
  EXPECT_EQ(thrown(cairn::Failure({cairn::Errc::corrupt, "torn"})), CAIRN_CORRUPT);
  EXPECT_STREQ(error.message, "torn");
  EXPECT_EQ(thrown(42), CAIRN_INTERNAL);
}

TEST(CapiErrors, CodesHaveNames) {
  EXPECT_STREQ(cairn_code_name(CAIRN_NO_SPACE), "no_space");
  EXPECT_STREQ(cairn_code_name(4711), "unknown");
  EXPECT_STREQ(cairn_version(), CAIRN_VERSION_STRING);
}

}  // namespace
