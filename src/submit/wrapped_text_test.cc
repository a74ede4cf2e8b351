#include "submit/wrapped_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "submit/submit.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

WrapRequest request() {
  return {.wrapper = "/opt/cairn/bin/cairn-wrap",
          .options = {"--checkpoint-files", "state.dat", "--resume-args", "-r now"},
          .inputs = {},
          .transfers = {"wrap.ckpt", "out.csv"}};
}

std::string error_of(std::string_view text) {
  const auto done = wrapped_text(text, request());
  return done ? "" : done.error().text();
}

constexpr std::string_view kPlain = R"sub(n = 3
executable = bin/model
arguments  = "in.txt 'two words' $(n)"
transfer_input_files = in.txt, $(n).dat
request_memory = 1GB
queue 2
queue n in 4 5
)sub";

constexpr std::string_view kWrapped = R"sub(n = 3
wrapped_program = bin/model
wrapped_arguments = in.txt 'two words' $(n)
wrapped_inputs = in.txt, $(n).dat
request_memory = 1GB

# The program is run by cairn-wrap, which keeps its checkpoints.
executable = /opt/cairn/bin/cairn-wrap
arguments = "--checkpoint-files state.dat --resume-args -r' 'now -- ./$Fnx(wrapped_program) $(wrapped_arguments)"
transfer_input_files = $(wrapped_program), $(wrapped_inputs)
checkpoint_exit_code = 77
transfer_checkpoint_files = wrap.ckpt, out.csv
should_transfer_files = YES
when_to_transfer_output = ON_EXIT

queue 2
queue n in 4 5
)sub";

TEST(WrappedText, KeepsMacrosAndQueueStatements) {
  const auto text = wrapped_text(kPlain, request());
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_EQ(*text, kWrapped);
}

TEST(WrappedText, ReadsContinuedLinesAndTheOldSyntax) {
  const auto text = wrapped_text(
      "Executable = a\nArguments = one \\\n  two\nshould_transfer_files = IF_NEEDED\nqueue\n",
      request());
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_THAT(*text, HasSubstr("wrapped_arguments = one two\n"));
  EXPECT_THAT(*text, ::testing::Not(HasSubstr("should_transfer_files = YES")));
}

TEST(WrappedText, RefusesWhatItCannotMean) {
  EXPECT_THAT(error_of("executable = a\ncheckpoint_exit_code = 85\nqueue\n"),
              HasSubstr("line 2: this job knows the contract already"));
  EXPECT_THAT(error_of("executable = a\nqueue\nexecutable = b\nqueue\n"), HasSubstr("line 3"));
  EXPECT_THAT(error_of("arguments = a\nqueue\n"), HasSubstr("no executable"));
  EXPECT_THAT(error_of("executable = a\n"), HasSubstr("queues no job"));
  EXPECT_THAT(error_of("executable = a\narguments = it's\nqueue\n"), HasSubstr("old syntax"));
}

TEST(WrappedText, TellsTheProgramAsWritten) {
  const auto program =
      program_lines("executable = /usr/bin/gmx\narguments = mdrun -deffnm $(x)\nqueue\n");
  ASSERT_TRUE(program);
  EXPECT_EQ(program->executable, "/usr/bin/gmx");
  EXPECT_THAT(program->arguments, ElementsAre("mdrun", "-deffnm", "$(x)"));
}

}  // namespace
}  // namespace cairn
