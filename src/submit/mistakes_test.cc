// What people write that is accepted and cannot be meant is warned of; what looks like it and may
// be meant is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "submit/submit.h"
#include "submit/submit_fixture.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

struct Mistakes : testing::SubmitFixture {
  Mistakes() {
    for (const char* name : {"work.py", "list.txt", "a.txt", "my data.txt", "/usr/bin/python3"})
      world.add(name);
    world.variables = {{"HOME", "/home/ada"}, {"EDITOR", "vi"}};
  }
  std::string said_of(std::string_view lines) {
    std::string text = cat("executable = work\n", lines, "\n");
    if (!lines.starts_with("queue") && lines.find("\nqueue") == std::string_view::npos)
      text += "queue\n";
    const auto submission = parse_submit_file(text, context);
    if (!submission) return cat("refused: ", submission.error().text());
    std::string said;
    for (const SubmitWarning& warning : submission->warnings) said += cat(warning.text, "\n");
    return said;
  }
};

TEST_F(Mistakes, AreWarnedOf) {
  const std::pair<const char*, const char*> cases[] = {
      // numbers and sizes
      {"request_cpus = two", ":2: request_cpus = two: two is the name of an attribute"},
      {"request_cpus = \"4\"", "is a text, not a number: the job never finds a machine"},
      {"request_memory = \"2GB\"", "take the quotes away"},
      {"request_gpus = true", "is no number"},
      {"request_memory = 8", "is 8 MB; write request_memory = 8GB if that was meant"},
      {"request_memory = 2.000", "is 2.000 MB"},
      {"request_disk = 20", "is 20 KB"},
      // conditions
      {"periodic_hold = \"JobStatus == 2\"", "is a text, not a condition: it is never true"},
      {"requirements = \"OpSys == LINUX\"", "is a text, not a condition"},
      {"requirements = OpSys == LINUX", "it is never true; write \"LINUX\""},
      {"requirements = TARGET.Machine != node1.x.org", "write \"node1.x.org\""},
      {"requirements = KFlops > 1 && Cpus >= \"4\"", "write 4 without quotes"},
      {"requirements = HasSingularity == \"true\"", "write true without quotes"},
      {"requirements = Machine == \"node*\"", "write regexp(\"^node\", Machine)"},
      {"requirements = Machine == \"a\" && Machine == \"b\"", "are never true together; write ||"},
      {"requirements = Machine != \"a\" || Machine != \"b\"", "always true; write &&"},
      {"on_exit_hold = ExitCode == \"1\"", "compares a number with a text"},
      {"leave_in_queue = yes", "yes is the name of an attribute that nothing sets"},
      {"max_retries = 3\nretry_until = success", "success is the name of an attribute"},
      // attributes
      {"+WantFoo = yes", "WantFoo is undefined; write true, or \"yes\" for a text"},
      {"+JobFlavour = longlunch", "JobFlavour is undefined; write \"longlunch\""},
      {"+AccountingGroup = group_x.ada", "AccountingGroup is undefined"},
      {"+Tag = some-thing", "Tag is undefined"},
      // macros and shells
      {"output = out.$Process", "$Process stays as it is; write $(Process)"},
      {"output = out.%(Process)", "%(Process) stays as it is; write $(Process)"},
      {"output = out.$[Cluster]", "$[Cluster] stays as it is"},
      {"output = out.{Process}", "{Process} stays as it is"},
      {"output = out.${Process}", "${Process} stays as it is"},
      {"arguments = $name\nqueue name in (a b)", "$name stays as it is; write $(name)"},
      {"arguments = $(Process+1)", "$(Process+1) stays as it is; to compute, write"},
      {"arguments = $(date +%F)", "no shell runs it"},
      {"arguments = $HOME/x", "$HOME stays as it is; write $ENV(HOME)"},
      {"environment = \"PATH=/x:$PATH\"", "$PATH stays as it is"},
      {"environment = X=$EDITOR", "$EDITOR stays as it is"},
      {"arguments = $ENV(HOEM)/x", "$ENV(HOEM) is not set here, and stands for the word UNDEFINED"},
      {"arguments = ~/x", "write $ENV(HOME)/x"},
      {"arguments = x > out.txt", "the program is given >; name files for stdout"},
      {"arguments = x 2>&1", "the program is given 2>&1"},
      {"arguments = < in.txt", "name the file for stdin with input"},
      {"arguments = a | sort", "put the line into a script"},
      {"arguments = \"`date`\"", "the program is given `date`"},
      {"executable = /bin/python3\narguments = work.py 3", "write executable = work.py"},
      // letters
      {"arguments = “a b”", "“ is no quote to a computer"},
      {"arguments = –n 5", "write -n"},
      {"arguments = a\xC2\xA0z", "U+00A0"},
      // environment
      {"environment = \"A=1, B=2\"", "the , is a letter of the value A=1,"},
      {"environment = \"A=1; B=2\"", "the ; is a letter of the value A=1;"},
      {"environment = A = 1", "ends in a blank; write A=1"},
      {"environment = A=1\nenvironment = B=2", ":3: environment replaces line 2"},
      // lists and files
      {"transfer_input_files = a.txt list.txt", "is one name; write a.txt, list.txt"},
      {"transfer_checkpoint_files = a.dat b.dat", "is one name; write a.dat, b.dat"},
      {"transfer_output_files = a;b", "write commas between names"},
      {"transfer_output_files = [a, b]", "the [ is a letter of the name [a"},
      {"transfer_output_files = a, b\ntransfer_output_remaps = \"a=c, b=d\"",
       "write ; between pairs"},
      {"transfer_input_files = a.txt\ntransfer_input_files = list.txt", "replaces line 2"},
      {"requirements = Arch == \"X\"\nrequirements = OpSys == \"Y\"", "write both in one line"},
      {"output = \"a.txt\"", "the quotes are letters of the file's name"},
      {"output = a.out\nlog = a.out", "log and output are both a.out"},
      // queue
      {"arguments = $(x)\nqueue x in 1..10", "is one job, not a range"},
      {"arguments = $(x)\nqueue x in (1..10)", "is one job, not a range"},
      {"arguments = $(x)\nqueue x in {1..10}", "is one job, not a range"},
      {"arguments = $(x)\nqueue x in 0-9", "is one job, not a range"},
      {"arguments = $(x)\nqueue x in range(10)", "range() is none here"},
      {"arguments = $(x)\nqueue x in list(1, 2)", "list() is none here"},
      {"arguments = $(x)\nqueue x in 10", "write queue 10 for 10 jobs"},
      {"arguments = $(x)\nqueue x in {a b}", "write round brackets"},
      {"arguments = $(x)\nqueue x in 1 2 3)", "the ) is a letter of the item 3)"},
      {"arguments = $(x)\nqueue x in (1;2;3)", "write blanks or commas between items"},
      {"arguments = $(x)\nqueue x in `seq 3`", "from COMMAND |"},
      {"arguments = $(x)\nqueue x in a*.txt", "write queue x matching a*.txt"},
      {"arguments = $(x)\nqueue x in list.txt", "write from list.txt"},
      {"arguments = $(x)\nqueue x from (a b c)", "write in (a b c)"},
      {"arguments = $(x)\nqueue $(x) in (1 2)", "the name of a variable stands without $( )"},
      {"queue $(N)", ":2: $(N) is not defined"},
      {"executable = python3",
       "name a program of this machine with its folder, as /usr/bin/python3"},
      {"executable = work 60", "what follows the name belongs into arguments"},
      {"queue x from 1..10", "there are no ranges"},
      {"queue x from \"list.txt\"", "without quotes"},
      {"queue x from *.txt", "matching *.txt"},
      {"queue x from ls *.txt", "a command ends in |"},
  };
  for (const auto& [lines, expected] : cases)
    EXPECT_THAT(said_of(lines), HasSubstr(expected)) << lines;
}

TEST_F(Mistakes, AreNotSeenWhereALineMayBeMeant) {
  for (const char* lines : {
           "request_memory = 2GB\nrequest_disk = 20MB\nrequest_cpus = 4\nrequest_gpus = 1",
           "request_memory = ifThenElse(MemoryUsage =!= undefined, 2 * MemoryUsage, 1000)",
           "request_memory = MemoryUsage * 2\nrequest_cpus = undefined",
           "+MyCpus = 4\nrequest_cpus = MyCpus",
           "requirements = HasMyFeature && OpSys == \"LINUX\" && MY.Site == TARGET.Site",
           "requirements = (Machine == \"a\" || Machine == \"b\") && Cpus > 2",
           "requirements = Machine != \"a\" && Machine != \"b\"",
           "requirements = (Arch == \"X\" && Cpus > 1) || (Arch != \"X\" && Cpus > 2)",
           "requirements = regexp(\"^node.*\", Machine) && OpSysMajorVer >= 9",
           "rank = KFlops\nleave_in_queue = true\nperiodic_release = NumHolds < 3",
           "on_exit_hold = ExitCode =!= 0\nmax_retries = 3\nretry_until = 42",
           "periodic_remove = CurrentTime - EnteredCurrentStatus > 3600",
           "+ProjectName = \"walks\"\n+WantGPULab = true\n+Steps = 5\n+Old = undefined",
           "+Twice = 2 * RequestCpus\n+Slot = TARGET.Name\n+Either = Nothing ?: 3",
           "+Requirements = HasMyFeature\n+RequireGPUs = Capability > 7",
           "output = out.$(Process)\narguments = a$b 5$ $(DOLLAR)HOME {x} %d 100%",
           "arguments = -expr 1>2 -f {n:1}",
           "arguments = -name x -exec rm {} ;",
           "executable = /bin/sh\narguments = \"-c 'echo $HOME $(date +%F) > x | sort'\"",
           "executable = /bin/python3\narguments = work.py 3\ntransfer_input_files = work.py",
           "executable = /bin/python3\narguments = -m work.py",
           "executable = /bin/python3\narguments = other.py",
           "executable = /bin/cat\narguments = work.py",
           "arguments = $ENV(NOPE:here) $ENV(HOME)",
           "environment = \"A=1 B='x, y'\"",
           "environment = A=1;B=2",
           "environment = A=1,",
           "description = “the – best”\nbatch_name = it’s",
           "transfer_input_files = my data.txt, a.txt",
           "transfer_output_files = my results.txt",
           "transfer_output_files = a, b\ntransfer_output_remaps = \"a=c; b=d,e\"",
           "transfer_input_files = a.txt\nqueue\ntransfer_input_files = list.txt\nqueue",
           "transfer_input_files = a.txt\ntransfer_input_files = a.txt, list.txt",
           "transfer_input_files = a.txt\ntransfer_input_files = $(transfer_input_files), list.txt",
           "transfer_input_files = a.txt\nif true\ntransfer_input_files = list.txt\nendif",
           "arguments = 1\narguments = 2",
           "output = a.out\nerror = a.out\nlog = a.log",
           "arguments = $(x)\nqueue x in (1, 2, 3)",
           "arguments = $(x)\nqueue x in 1 2 3",
           "arguments = $(x)\nqueue x in (1-3 4-6)",
           "arguments = $(x)\nqueue x in (2024-01-01 list.txt)",
           "arguments = $(x)\nqueue x in (list.txt)",
           "transfer_input_files = $(x)\nqueue x in list.txt",
           "arguments = $(x)\nqueue x in (*.dat)",
           "arguments = $(x) $(y)\nqueue x, y from (a b)",
           "arguments = $(x)\nqueue x from (\na b c\nd e f\n)",
           "arguments = $(x)\nqueue x matching *.txt",
           "n = 2\narguments = $(x)\nqueue $(n) x in (a b)",
           "if $(debug)\nendif\nqueue 2",
       })
    EXPECT_EQ(said_of(lines), "") << lines;
}

TEST_F(Mistakes, AreSaidOnceForAllJobs) {
  const std::string said = said_of("arguments = $HOME $(Process)\nrequest_cpus = two\nqueue 50");
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2) << said;
}

}  // namespace
}  // namespace cairn
