"""The jobs that Cairn and a real HTCondor must treat alike: one table.

A case is a program (sh, after PRELUDE), what its submit file says besides DEFAULTS, and what
befalls it: a script of steps, each triggered by something that has happened, never by a time.

  at NAME           waits until the job stands at gate NAME
  open NAME         lets it go on from there
  logged NUMBER     waits for such an event in the job event log, after those already waited for
  look              keeps what the spool holds now, for the comparison
  vacate, vacate fast, hold, release, remove
                    and waits until the log says that it has happened

Notes are what the job itself reports: from where it was started, what it found.  A case whose
program may or may not be started for an instant (HTCondor does that after a failed upload) must
not note its starts.
"""
import dataclasses

PRELUDE = """#!/bin/sh
note() { echo "$*" >> "$GATES/notes"; }
gate() { [ -e "$GATES/$1.reached" ] && return; : > "$GATES/$1.reached"; while [ ! -e "$GATES/$1.open" ]; do sleep 0.05; done; }
wall() { while [ ! -e "$GATES/$1.open" ]; do sleep 0.05; done; }
once() { [ -e "$GATES/$1.once" ] && return 1; : > "$GATES/$1.once"; }
step=0; [ -f state ] && step=$(cat state)
save() { echo "$1" > state.new && mv state.new state; }
leave() { save "$1"; exit 77; }
"""

DEFAULTS = {
    "executable": "job.sh",
    "checkpoint_exit_code": "77",
    "transfer_checkpoint_files": "state",
    "transfer_output_files": "result",
    "should_transfer_files": "YES",
    "when_to_transfer_output": "ON_EXIT",
    "output": "job.out",
    "error": "job.err",
    "log": "job.log",
    "request_cpus": "1",
    "request_memory": "32",
    "request_disk": "1M",
}


@dataclasses.dataclass
class Case:
    name: str
    body: str
    script: tuple = ()
    submit: dict = dataclasses.field(default_factory=dict)  # None leaves a command out
    inputs: dict = dataclasses.field(default_factory=dict)  # name: text, or (text, mode); None: a folder
    queue: str = "queue"
    timed: bool = False     # its lengths of time are compared as well
    # What Cairn's outcome differs in, exactly, as the lines of a diff; and why it may.
    differs: str = ""
    because: str = ""
    at_times: bool = False  # or nothing, as it happens


CASES = {}


def case(name, body, script="", differs="", because="", inputs=None, queue="queue", timed=False, **submit):
    """One case; its script's steps are separated by commas."""
    steps = tuple(step.strip() for step in script.split(",") if step.strip())
    assert name not in CASES, f"two cases are called {name}"
    CASES[name] = Case(name, body, steps, submit, inputs or {}, queue, timed, differs=differs, because=because)


# ---------------------------------------------------------------- checkpoints, undisturbed

STEPS = """
note start $step
echo "out $step"; echo "err $step" >&2
[ $step -lt %d ] && leave $((step + 1))
echo "$step" > result
"""
case("normal", STEPS % 3)
case("no_checkpoint_at_all", STEPS % 0)
case("stdout_and_stderr_in_one_file", STEPS % 2, error="job.out")
case("streams_thrown_away", """
note start $step; echo unseen
[ $step -lt 1 ] && leave 1
gate end; echo done > result
""", "at end, look, open end", output=None, error=None)
case("empty_checkpoint", """
note start $(ls state 2>/dev/null)
if [ ! -e state ]; then : > state; exit 77; fi
gate end; : > result
""", "at end, look, vacate")
case("unlisted_files_stay_in_place_and_go_with_an_eviction", """
note start $step $(ls mine 2>/dev/null)
: > mine
[ $step -lt 2 ] && leave $((step + 1))
gate end; echo $step > result
""", "at end, vacate")
case("stdin_is_read_from_its_start_each_time", """
read line; note start $step $line
[ $step -lt 1 ] && leave 1
gate end; read line; echo "$line" > result
""", "at end, vacate", inputs={"in.txt": "first\nsecond\n"}, input="in.txt")
case("arguments_with_quotes", """
note start $step; for each; do note "<$each>"; done
note "$WITH_BLANK|$QUOTED|$PLAIN"
[ $step -lt 1 ] && leave 1
echo "$#" > result
""", arguments='''"one 'two words' 'it''s' say""hi"" 3"''',
     environment='''"GATES=@GATES@ WITH_BLANK='a b' QUOTED='it''s' PLAIN=say""hi"""''')
case("arguments_of_the_old_syntax", """
note start $step; for each; do note "<$each>"; done
[ $step -lt 1 ] && leave 1
echo "$#" > result
""", arguments="""one two\\"three 'four five'""", environment="GATES=@GATES@;OTHER=a b")
case("several_procs", """
echo "$1 at $step"
[ $step -lt $1 ] && leave $((step + 1))
echo "$1 $step" > result.$1
""", arguments="$(Process)", transfer_output_files="result.$(Process)", output="out.$(Process)",
     error="err.$(Process)", log="log.$(Process)", queue="queue 3")
case("several_procs_one_log", """
[ $step -lt 1 ] && leave 1
: > result.$1
""", arguments="$(Process)", transfer_output_files="result.$(Process)", output=None, error=None, queue="queue 2")
case("executable_that_is_not_transferred", "", executable="/bin/sh", transfer_executable="false",
     arguments='''"-c 'echo $GATES >/dev/null; if [ -f state ]; then cat state > result; exit 0; fi; echo 5 > state; exit 77'"''')
case("initial_directory", """
note start $step $(cat in.txt)
[ $step -lt 1 ] && leave 1
echo $step > result
""", initialdir="below", inputs={"below": None, "below/in.txt": "input\n"}, transfer_input_files="in.txt",
     log="@FOLDER@/job.log")
case("environment_names_the_sandbox", """
[ "$PWD" = "$_CONDOR_SCRATCH_DIR" ] && note scratch
[ -f "$_CONDOR_JOB_AD" ] && note ad
grep -c '^ClusterId' "$_CONDOR_JOB_AD" > result
""")
case("checkpoint_of_an_input", """
note start $(cat state); n=$(cat state)
[ $n -lt 12 ] && { echo $((n + 1)) > state; exit 77; }
gate end; echo $n > result
""", "at end, look, vacate", inputs={"state": "10\n"}, transfer_input_files="state",
     )
case("modes_are_kept", """
note start $step $(stat -c %a state tool secret 2>/dev/null)
if [ $step = 0 ]; then
  echo x > tool; chmod 750 tool; echo y > secret; chmod 600 secret; save 1; chmod 444 state; exit 77
fi
gate end; cp -p tool result
""", "at end, look, vacate", transfer_checkpoint_files="state, tool, secret")
case("code_above_255", """
note start $step
[ $step -lt 2 ] && { save $((step + 1)); exit 77; }
echo $step > result
""", checkpoint_exit_code="333", transfer_output_files="state")
case("code_zero", """
n=$(cat count 2>/dev/null || echo 0); note start $n
[ $n = 2 ] && exit 5
echo $((n + 1)) > count; exit 0
""", checkpoint_exit_code="0", transfer_checkpoint_files="count", transfer_output_files="count")
case("wanted_without_a_code", """
n=$(cat count 2>/dev/null || echo 0); note start $n
[ $n = 2 ] && exit 5
echo $((n + 1)) > count; exit 0
""", checkpoint_exit_code=None, transfer_checkpoint_files="count", transfer_output_files="count",
     **{"+WantFTOnCheckpoint": "true"})
case("code_without_being_wanted", """
note start $step
[ $step -lt 2 ] && leave $((step + 1))
""", checkpoint_exit_code=None, transfer_output_files="state", **{"+SuccessCheckpointExitCode": "77"})
case("exit_by_signal", """
note start $step
[ $step -lt 2 ] && { save $((step + 1)); kill -USR2 $$; }
echo $step > result
""", checkpoint_exit_code=None, **{"+WantFTOnCheckpoint": "true", "+SuccessCheckpointExitBySignal": "true",
                                   "+SuccessCheckpointExitSignal": "12"})
case("exit_by_signal_not_wanted", """
note start $step
[ $step -lt 2 ] && { save $((step + 1)); kill -USR2 $$; }
echo $step > result
""", checkpoint_exit_code=None, transfer_output_files="state",
     **{"+SuccessCheckpointExitBySignal": "true", "+SuccessCheckpointExitSignal": "12"})
case("exit_by_another_signal", """
note start $step
save 1; kill -USR1 $$
""", checkpoint_exit_code=None, transfer_output_files="state",
     **{"+WantFTOnCheckpoint": "true", "+SuccessCheckpointExitBySignal": "true", "+SuccessCheckpointExitSignal": "12"})
case("no_file_transfer", """
note start $step; echo "out $step"
[ $step -lt 2 ] && leave $((step + 1))
echo $step > result
""", should_transfer_files="NO", when_to_transfer_output=None, transfer_output_files=None,
     transfer_checkpoint_files=None)
case("children_that_outlive_a_checkpoint", """
note start $step
if [ $step = 0 ]; then sleep 600 > /dev/null 2>&1 & echo $! > child; leave 1; fi
kill -0 $(cat child) 2>/dev/null && note alive
echo $step > result
""")
case("a_folder_that_nobody_may_write", """
if [ $step = 0 ]; then mkdir kept; echo a > kept/a; chmod 500 kept; leave 1; fi
ls kept > result
""", transfer_checkpoint_files="state, kept")

case("many_checkpoints", """
[ $step -lt 25 ] && leave $((step + 1))
echo $step > result
""")
case("names_in_the_environment", """
env | cut -d= -f1 | sort | grep -vE '^_CONDOR_ANCESTOR|^_CHIRP' > names
for name in $(cat names); do note $name; done; : > result
""", environment='"GATES=@GATES@ MINE=1"')
case("names_in_the_sandbox", """
note $(ls -A | grep -vE 'chirp|update' | sort)
[ $step -lt 1 ] && leave 1
gate end; : > result
""", "at end, vacate", inputs={"in": None, "in/a": "a", "in/deep": None, "in/deep/b": "b", "c": "c"},
     transfer_input_files="in, c")
case("contents_of_an_input_folder", """
note $(ls | sort)
[ $step -lt 1 ] && leave 1
gate end; : > result
""", "at end, vacate", inputs={"in": None, "in/a": "a", "in/deep": None, "in/deep/b": "b"}, transfer_input_files="in/")
case("an_input_of_another_folder", """
note $(ls | sort)
[ $step -lt 1 ] && leave 1
: > result
""", inputs={"in": None, "in/a": "a", "in/deep": None, "in/deep/b": "b"}, transfer_input_files="in/a, in/deep/b")
case("output_file_in_a_folder", """
echo "line $step"
[ $step -lt 1 ] && leave 1
: > result
""", output="below/out.txt", error="below/err.txt", inputs={"below": None})
case("erased_streams", """
echo "line $step"
[ $step -lt 1 ] && leave 1
gate end; : > result
""", "at end, vacate", erase_output_and_error_on_restart="true")

# ---------------------------------------------------------------- what a checkpoint holds

case("many_files", """
if [ $step = 0 ]; then mkdir data; i=0; while [ $i -lt 100 ]; do echo $i > data/$i; i=$((i + 1)); done; leave 1; fi
gate end; cat data/* | sort -n | tail -1 > result
""", "at end, vacate", transfer_checkpoint_files="state, data")
case("no_patterns", """
echo a > a.txt
leave 1
""", transfer_checkpoint_files="state, *.txt")
case("an_absolute_name", """
[ $step -lt 1 ] && leave 1
note $(ls | sort)
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files="state, /etc/hostname")
case("a_name_that_leads_out", """
echo out > ../out-of-sandbox-$$ 2>/dev/null
leave 1
""", transfer_checkpoint_files="state, ../absent")
case("folders_in_a_listed_folder_with_kept_paths", """
note start $step $(find data | sort)
mkdir -p data/deep; echo $step > data/deep/x
[ $step -lt 1 ] && leave 1
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files="state, data/deep/", preserve_relative_paths="true")

case("folder", """
note start $step $(ls data 2>/dev/null)
mkdir -p data/deep/deeper; echo $step > data/at$step; echo $step > data/deep/deeper/x
[ $step -lt 2 ] && leave $((step + 1))
gate end; cat data/at* > result
""", "at end, look, vacate", transfer_checkpoint_files="state, data")
case("contents_of_a_folder", """
note start $step $(ls)
mkdir -p data/deep; echo $step > data/at$step; echo $step > data/deep/x
[ $step -lt 2 ] && leave $((step + 1))
gate end; echo done > result
""", "at end, look, vacate", transfer_checkpoint_files="state, data/")
case("empty_folder", """
note start $step $(ls -d empty 2>/dev/null)
mkdir -p empty
[ $step -lt 1 ] && leave 1
gate end; echo done > result
""", "at end, look, vacate", transfer_checkpoint_files="state, empty")
case("a_folder_is_replaced_as_a_whole", """
note start $step $(ls data 2>/dev/null)
mkdir -p data
case $step in 0) : > data/a; : > data/b; leave 1 ;; 1) rm data/a; : > data/c; leave 2 ;; esac
gate end; ls data > result
""", "at end, look, vacate", transfer_checkpoint_files="state, data")
case("deleted_files_of_a_folders_contents_come_back", """
note start $step $(ls)
mkdir -p data
case $step in 0) : > data/a; : > data/b; leave 1 ;; 1) rm data/a; : > data/c; leave 2 ;; esac
gate end; ls > result
""", "at end, look, vacate", transfer_checkpoint_files="state, data/")
case("deleted_files_come_back_without_a_list", """
note start $step $(ls)
case $step in 0) : > a; : > b; leave 1 ;; 1) rm a; : > c; leave 2 ;; esac
gate end; ls > result
""", "at end, look, vacate", transfer_checkpoint_files=None, transfer_output_files=None)
case("folders_are_left_out_without_a_list", """
note start $step $(ls -A | grep -v '^[._]')
mkdir -p folder; : > folder/file; : > .hidden; [ -e .hidden ] && note hidden
[ $step -lt 1 ] && leave 1
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files=None, transfer_output_files=None)
case("an_input_that_changed_without_a_list", """
note start $step $(cat in.txt) $(cat same.txt)
[ $step -lt 1 ] && { echo changed > in.txt; leave 1; }
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files=None, transfer_output_files=None,
     inputs={"in.txt": "input, longer\n", "same.txt": "same\n"}, transfer_input_files="in.txt, same.txt")
case("an_empty_list", """
note start $step
once first && leave 1
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files=None, **{"+TransferCheckpoint": '""'})
case("the_output_list_where_there_is_no_other", """
note start $step $(cat result 2>/dev/null)
[ $step -lt 2 ] && { echo $step > result; leave $((step + 1)); }
gate end; echo done > result
""", "at end, look, vacate", transfer_checkpoint_files=None)
case("the_output_list_lacks_a_file_at_first", """
[ $step -lt 1 ] && leave 1
echo done > result
""", transfer_checkpoint_files=None)
case("relative_paths_flatten", """
note start $step $(find . -name 'part*' | sort)
mkdir -p deep/er; echo $step > deep/part1; echo $step > deep/er/part2
[ $step -lt 1 ] && leave 1
gate end; cp deep/part1 deep/er/result
""", "at end, look, vacate", transfer_checkpoint_files="state, deep/part1, deep/er/part2",
     transfer_output_files="deep/er/result")
case("relative_paths_are_kept", """
note start $step $(find . -name 'part*' | sort)
mkdir -p deep/er; echo $step > deep/part1; echo $step > deep/er/part2
[ $step -lt 1 ] && leave 1
gate end; cp deep/part1 deep/er/result
""", "at end, look, vacate", transfer_checkpoint_files="state, deep/part1, deep/er/part2",
     transfer_output_files="deep/er/result", preserve_relative_paths="true")
case("names_that_flatten_onto_each_other", """
note start $step $(cat part 2>/dev/null)
mkdir -p one two; echo one > one/part; echo two > two/part
[ $step -lt 1 ] && leave 1
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files="state, one/part, two/part")
case("link_to_a_file", """
note start $step $([ -L link ] && echo link) $(cat link 2>/dev/null)
[ $step -lt 1 ] && { echo target > target; ln -s target link; leave 1; }
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files="state, link")
case("link_to_a_folder", """
mkdir target; : > target/file; ln -s target link
leave 1
""", transfer_checkpoint_files="state, link")
case("link_to_nothing", """
ln -s nowhere link
leave 1
""", transfer_checkpoint_files="state, link")
case("link_inside_a_folder", """
note start $step $([ -L data/link ] && echo link) $(cat data/link 2>/dev/null)
[ $step -lt 1 ] && { mkdir data; echo target > data/target; ln -s target data/link; leave 1; }
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files="state, data")
case("names_with_blanks", """
note start $step $(cat 'data/two words' 2>/dev/null)
[ $step -lt 1 ] && { mkdir data; echo blank > 'data/two words'; leave 1; }
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files="state, data")
case("a_checkpoint_under_another_name_each_time", """
note start $(ls gen-* 2>/dev/null)
case "$(ls gen-* 2>/dev/null)" in
  "") echo 1 > gen-1; exit 77 ;; gen-1) rm gen-1; echo 2 > gen-2; exit 77 ;;
esac
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files=None, transfer_output_files=None)
case("a_folder_that_becomes_a_file", """
note start $step $([ -d it ] && echo folder) $([ -f it ] && echo file)
case $step in 0) mkdir it; : > it/x; leave 1 ;; 1) rm -r it; : > it; leave 2 ;; esac
gate end; : > result
""", "at end, look, vacate", transfer_checkpoint_files="state, it")

# ---------------------------------------------------------------- evictions

WORK = """
note start $step
echo "out $step"; echo "err $step" >&2
[ $step -lt 2 ] && leave $((step + 1))
gate work; echo "after $step"; echo $step > result
"""
case("evicted_before_the_first_checkpoint", """
note start $step; echo "line"
gate early
[ $step -lt 1 ] && leave 1
echo $step > result
""", "at early, look, vacate")
case("evicted_after_checkpoints", WORK, "at work, look, vacate")
case("evicted_fast", "trap 'note asked' TERM\n" + WORK, "at work, look, vacate fast")
case("evicted_twice_without_a_checkpoint_between", """
note start $step; echo "out $step"
[ $step -lt 1 ] && leave 1
gate one; gate two; echo $step > result
""", "at one, vacate, at two, vacate")
case("evicted_fast_before_the_first_checkpoint", """
note start $step; echo line
gate early
[ $step -lt 1 ] && leave 1
echo $step > result
""", "at early, vacate fast")
case("dies_by_the_checkpoint_signal_while_vacated", """
trap 'save 9; trap - USR2; kill -USR2 $$' TERM
note start $step
[ $step -lt 1 ] && { save 1; kill -USR2 $$; }
gate work; echo $step > result
""", "at work, vacate", checkpoint_exit_code=None, **{"+WantFTOnCheckpoint": "true", "+SuccessCheckpointExitBySignal": "true",
                                                      "+SuccessCheckpointExitSignal": "12"})
case("held_while_a_checkpoint_is_moved", """
if [ $step = 0 ]; then head -c 150000000 /dev/zero > big; : > "$GATES/leaving.reached"; leave 1; fi
gate again
echo $step > result
""", "at leaving, logged 040 output, hold, look, release, at again, open again",
     transfer_checkpoint_files="state, big", request_disk="400M")
case("removed_while_a_checkpoint_is_moved", """
if [ $step = 0 ]; then head -c 150000000 /dev/zero > big; : > "$GATES/leaving.reached"; leave 1; fi
wall never
""", "at leaving, logged 040 output, remove", transfer_checkpoint_files="state, big", request_disk="400M")
case("evicted_between_checkpoints", """
note start $step; echo "out $step"
gate at$step
[ $step -lt 3 ] && leave $((step + 1))
echo $step > result
""", "at at0, vacate, at at1, look, vacate, at at2, look, vacate, at at3, look, open at3")
case("evicted_while_a_checkpoint_is_moved", """
if [ $step = 0 ]; then
  head -c 150000000 /dev/zero > big; echo 150000000 > size; : > "$GATES/leaving.reached"; leave 1
fi
gate again
note found $(cat size)
echo $step > result
""", "at leaving, logged 040 output, vacate, at again, look, open again",
     transfer_checkpoint_files="state, size, big", request_disk="400M")
case("lines_of_an_evicted_run_are_gone", """
note start $step; echo "out $step"; echo "err $step" >&2
[ $step -lt 1 ] && leave 1
echo "never seen"; gate work
echo "seen"; echo $step > result
""", "at work, vacate")
case("ignores_the_signal", """
trap '' TERM
note start $step
[ $step -lt 1 ] && leave 1
gate work; echo $step > result
""", "at work, vacate", job_max_vacate_time="1")
case("another_signal_to_leave", """
trap 'note usr1; exit 9' USR1; trap 'note term; exit 9' TERM
note start $step
[ $step -lt 1 ] && leave 1
gate work; echo $step > result
""", "at work, vacate", kill_sig="SIGUSR1")
case("exit_0_while_vacated", """
trap 'echo early > result; note leaving; exit 0' TERM
note start $step
[ $step -lt 1 ] && leave 1
gate work; echo $step > result
""", "at work, vacate")
case("checkpoint_exit_while_vacated", """
trap 'note leaving; leave 50' TERM
note start $step
[ $step -lt 1 ] && leave 1
gate work; echo $step > result
""", "at work, vacate")
case("another_exit_while_vacated", """
trap 'note leaving; exit 3' TERM
note start $step
[ $step -lt 1 ] && leave 1
gate work; echo $step > result
""", "at work, vacate", max_retries="1")
EVICT = {"when_to_transfer_output": "ON_EXIT_OR_EVICT", "transfer_output_files": "result, log.txt"}
case("evicted_with_its_outputs", """
note start $step $(cat result 2>/dev/null)
trap 'echo half > result; exit 1' TERM
echo "line $step" >> log.txt
[ $step -lt 1 ] && leave 1
echo partial > result
gate work; echo whole > result
""", "at work, look, vacate", **EVICT)
case("evicted_with_its_outputs_looked_at", """
note start $step $(cat result 2>/dev/null)
trap 'echo half > result; exit 1' TERM
echo "line $step" >> log.txt
[ $step -lt 1 ] && leave 1
echo partial > result
gate work; gate again; echo whole > result
""", "at work, look, vacate, at again, look, open again", **EVICT)
case("evicted_with_an_output_missing", """
trap 'exit 1' TERM
: > log.txt
[ $step -lt 1 ] && leave 1
gate work; echo whole > result
""", "at work, vacate", **EVICT)
case("outputs_and_exit_0_while_vacated", """
note start $step $(cat result 2>/dev/null)
trap 'echo half > result; save 9; exit 0' TERM
: > log.txt
[ $step -lt 1 ] && leave 1
echo partial > result
gate work; echo whole > result
""", "at work, vacate", **EVICT)
case("outputs_and_checkpoint_exit_while_vacated", """
note start $step $(cat result 2>/dev/null)
trap 'echo half > result; leave 9' TERM
: > log.txt
[ $step -lt 1 ] && leave 1
echo partial > result
gate work; echo whole > result
""", "at work, vacate", **EVICT)
case("outputs_and_a_fast_eviction", """
note start $step $(cat result 2>/dev/null)
: > log.txt
[ $step -lt 1 ] && leave 1
echo partial > result
gate work; echo whole > result
""", "at work, vacate fast", **EVICT)
case("without_checkpoints_it_begins_again", """
note start; echo line
gate work; echo done > result
""", "at work, look, vacate", checkpoint_exit_code=None, transfer_checkpoint_files=None)
case("evicted_without_file_transfer", """
note start $step; echo "out $step"
[ $step -lt 1 ] && leave 1
gate work; echo $step > result
""", "at work, vacate", should_transfer_files="NO", when_to_transfer_output=None, transfer_output_files=None,
     transfer_checkpoint_files=None)

# ---------------------------------------------------------------- failures

case("missing_checkpoint_file", """
case $step in 0) leave 1 ;; esac
rm state; exit 77
""")
case("missing_from_the_first_checkpoint", """
leave 1
""", transfer_checkpoint_files="state, absent", script="")
case("missing_file_then_released", """
if [ $step = 0 ]; then : > extra; leave 1; fi
if once removed; then rm extra; leave 2; fi
gate again
: > extra; echo "$step $(ls extra)" > result
""", "logged 012, look, release, at again, look, open again", transfer_checkpoint_files="state, extra")
case("missing_output_at_the_end", """
note start $step
[ $step -lt 1 ] && leave 1
exit 0
""")
case("missing_output_of_a_failure", """
note start $step
[ $step -lt 1 ] && leave 1
exit 3
""")
case("missing_output_then_released", """
note start $step
[ $step -lt 1 ] && leave 1
once first && exit 0
echo $step > result
""", "logged 012, look, release")
case("missing_input", "note never\n", transfer_input_files="absent")
case("program_that_cannot_be_started", "", executable="bad.sh", inputs={"bad.sh": ("#!/no/such/interpreter\n", 0o755)})
case("killed", """
note start $step
[ $step -lt 1 ] && leave 1
: > result; kill -KILL $$
""")
case("crashed", """
note start $step; ulimit -c 0
[ $step -lt 1 ] && leave 1
: > result; kill -SEGV $$
""")
case("fails", """
note start $step
[ $step -lt 1 ] && leave 1
echo $step > result; exit 4
""")
case("fails_with_outputs_on_success_only", """
note start $step
[ $step -lt 1 ] && leave 1
echo $step > result; exit 4
""", when_to_transfer_output="ON_SUCCESS")
case("fails_with_outputs_on_a_named_success_only", """
note start $step
[ $step -lt 1 ] && leave 1
echo $step > result; exit 4
""", when_to_transfer_output="ON_SUCCESS", success_exit_code="3", max_retries="0")
case("succeeds_with_outputs_on_success_only", STEPS % 1, when_to_transfer_output="ON_SUCCESS")

# ---------------------------------------------------------------- what happens after an exit

RETRIED = """
note start $step; echo "out $step"
: > result
[ $step -lt 1 ] && leave 1
once one && exit 3
once two && exit 4
echo done > result
"""
case("retried_from_the_checkpoint", RETRIED, max_retries="3")
case("retries_run_out", RETRIED, max_retries="1")
case("retried_after_a_signal", """
note start $step
: > result
[ $step -lt 1 ] && leave 1
once one && kill -KILL $$
echo done > result
""", max_retries="3")
case("another_code_is_success", """
note start $step
: > result
[ $step -lt 1 ] && leave 1
once one && exit 1
exit 3
""", max_retries="3", success_exit_code="3")
case("retry_until_a_code", """
note start $step
: > result
[ $step -lt 1 ] && leave 1
once one && exit 1
exit 9
""", max_retries="5", retry_until="9")
case("retried_without_checkpoints", """
note start; echo out
: > result
once one && exit 1
exit 0
""", max_retries="2", checkpoint_exit_code=None, transfer_checkpoint_files=None)
case("on_exit_remove", """
note start $step
: > result
[ $step -lt 1 ] && leave 1
once one && exit 3
exit 0
""", on_exit_remove="ExitBySignal == false && ExitCode == 0")
case("on_exit_hold", """
note start $step
: > result
[ $step -lt 1 ] && leave 1
once one && exit 5
exit 0
""", "logged 012, look", on_exit_hold="ExitCode == 5", on_exit_hold_reason='"five"', on_exit_hold_subcode="42")
case("on_exit_hold_then_released", """
note start $step
: > result
[ $step -lt 1 ] && leave 1
once one && exit 5
exit 0
""", "logged 012, release", on_exit_hold="ExitCode =?= 5")
case("periodic_hold", """
[ $step -lt 1 ] && leave 1
wall go; echo done > result
""", "logged 012, release, open go", periodic_hold="CheckpointNumber =?= 0 && NumHolds =?= undefined",
     periodic_hold_reason='"held by its own wish"', periodic_hold_subcode="7")
case("periodic_remove", """
[ $step -lt 1 ] && leave 1
wall never
""", periodic_remove="CheckpointNumber =?= 0")
case("periodic_release", """
note start $step
: > result
[ $step -lt 1 ] && leave 1
once one && exit 5
exit 0
""", "logged 013", on_exit_hold="ExitCode =?= 5", periodic_release="HoldReasonCode == 3 && NumJobStarts < 3")

# ---------------------------------------------------------------- requests

case("held_and_released", WORK, "at work, look, hold, look, release")
case("held_before_the_first_checkpoint", """
note start $step
gate early
[ $step -lt 1 ] && leave 1
echo $step > result
""", "at early, hold, look, release")
case("held_for_good", WORK, "at work, hold")
case("held_while_it_saves", """
trap 'note leaving; leave 50' TERM
note start $step
[ $step -lt 1 ] && leave 1
gate work; echo $step > result
""", "at work, hold, look, release")
case("removed", WORK, "at work, remove")
case("removed_while_held", WORK, "at work, hold, remove")
case("submitted_on_hold", STEPS % 1, "logged 000, release", hold="true")

# ---------------------------------------------------------------- results

case("remaps", """
[ $step -lt 1 ] && leave 1
echo a > a; echo b > b
""", transfer_output_files="a, b", transfer_output_remaps='"a = renamed; b = below/b.txt"', inputs={"below": None})
case("output_folder", """
[ $step -lt 1 ] && leave 1
mkdir -p out/deep; echo 1 > out/one; echo 2 > out/deep/two
""", transfer_output_files="out")
case("contents_of_an_output_folder", """
[ $step -lt 1 ] && leave 1
mkdir -p out/deep; echo 1 > out/one; echo 2 > out/deep/two
""", transfer_output_files="out/")
case("the_checkpoint_is_an_output_too", """
note start $step
[ $step -lt 2 ] && leave $((step + 1))
save final
""", transfer_output_files="state")
case("outputs_without_a_list", """
[ $step -lt 1 ] && leave 1
mkdir folder; : > folder/x; echo new > new; echo tmp > tmp; rm tmp
""", transfer_output_files=None)
case("outputs_overwrite_what_is_there", """
[ $step -lt 1 ] && leave 1
echo new > result
""", inputs={"result": ("an older and longer result\n", 0o600)})

# ---------------------------------------------------------------- time

case("committed_time", """
note start $step
sleep 2.3
[ $step -lt 2 ] && leave $((step + 1))
gate work; sleep 1.3; echo $step > result
""", "at work, vacate", timed=True)

# ---------------------------------------------------------------- where Cairn differs, and why

def differs(name, because, lines, at_times=False):
    assert CASES[name].differs == ""
    CASES[name].differs, CASES[name].because, CASES[name].at_times = lines, because, at_times


differs("executable_that_is_not_transferred",
        "a pool that has nothing to send says at times only that it has finished", r"""
+ 040 Started transferring input files
""")
differs("modes_are_kept", "a file that comes back from a checkpoint may be written by its owner", r"""
- start 1 444 750 600
+ start 1 644 750 600
""")
differs("code_above_255", "refused: no exit can match it", r"""
+ refused
+ cairn: job.sub:2: checkpoint_exit_code = 333: expected a whole number from 1 to 255; no program can exit with another one; 77 is the custom
""")
differs("code_zero", "refused: the job could never end", r"""
+ refused
+ cairn: job.sub:2: checkpoint_exit_code = 0: expected a whole number from 1 to 255; 0 says that the job is done; 77 is the custom
""")
differs("a_folder_that_nobody_may_write", "a pool cannot write into the copy of such a folder; Cairn's copy may be written by its owner", r"""
- 021 | Starter failed to upload checkpoint | Code 36 Subcode -1
- 004 | Error from SLOT: Starter failed to upload checkpoint
- 012 | Error from SLOT: Starter failed to upload checkpoint | Code 36 Subcode -1
+ 040 Finished transferring output files
+ 040 Started transferring output files
+ 040 Finished transferring output files
+ 005 | (1) Normal termination (return value 0)
+ CheckpointNumber = 0
+ ExitCode = 0
- HoldReason = "Error from SLOT: Starter failed to upload checkpoint"
- HoldReasonCode = 36
- HoldReasonSubCode = -1
- JobStatus = 5
+ JobStatus = 4
- NumHolds = 1
- NumHoldsByReason = [ FailedToCheckpoint = 1 ]
- NumJobCompletions = 0
+ NumJobCompletions = 1
- VacateReasonCode = 36
- VacateReasonSubCode = -1
+ job.err 0644 ''
+ job.out 0644 ''
+ result 0644 'a\n'
""")
differs("names_that_flatten_onto_each_other", "a pool keeps the one that comes last, and says nothing; Cairn refuses the checkpoint", r"""
- 040 Finished transferring output files
- 004
- 040 Started transferring input files
- 040 Finished transferring input files
- 001
- 040 Started transferring output files
- 040 Finished transferring output files
- 005 | (1) Normal termination (return value 0)
+ 021 | Starter failed to upload checkpoint | Code 36 Subcode -1
+ 004 | Error from SLOT: Starter failed to upload checkpoint
+ 012 | Error from SLOT: Starter failed to upload checkpoint | Code 36 Subcode -1
- CheckpointNumber = 0
- ExitCode = 0
- ExitSignal = 15
+ ExitCode = 77
- JobRunCount = 2
- JobStatus = 4
+ HoldReason = "Error from SLOT: Starter failed to upload checkpoint"
+ HoldReasonCode = 36
+ HoldReasonSubCode = -1
+ JobRunCount = 1
+ JobStatus = 5
- NumJobCompletions = 1
- NumJobMatches = 2
- NumJobStarts = 2
+ NumHolds = 1
+ NumHoldsByReason = [ FailedToCheckpoint = 1 ]
+ NumJobCompletions = 0
+ NumJobMatches = 1
+ NumJobStarts = 1
- NumShadowStarts = 2
+ NumShadowStarts = 1
+ VacateReasonCode = 36
+ VacateReasonSubCode = -1
- start 1
- start 1 two
- spool, look 1
- _condor_stderr 0644 ''
- _condor_stdout 0644 ''
- part 0644 'two\n'
- state 0644 '1\n'
+ script
+ ended before gate end
- job.err 0644 ''
- job.out 0644 ''
- result 0644 ''
""")
differs("program_that_cannot_be_started", "a pool says `executing` before it tries; the sentence is Cairn's own", r"""
- 040 Finished transferring input files
- 001
- 021 | Failed to execute 'SANDBOX/bad.sh': invalid interpreter (/no/such/interpreter) specified on first line of script (errno=2: 'No such file or directory') | Code 6 Subcode 2
- 004 | Error from SLOT: Failed to execute 'SANDBOX/bad.sh': invalid interpreter (/no/such/interpreter) specified on first line of script (errno=2: 'No such file or directory')
- 012 | Error from SLOT: Failed to execute 'SANDBOX/bad.sh': invalid interpreter (/no/such/interpreter) specified on first line of script (errno=2: 'No such file or directory') | Code 6 Subcode 2
+ 021 | start SANDBOX/bad.sh: No such file or directory; if it is there, the interpreter in its first line (#!) is not | Code 6 Subcode 2
+ 004 | Error from SLOT: start SANDBOX/bad.sh: No such file or directory; if it is there, the interpreter in its first line (#!) is not
+ 012 | Error from SLOT: start SANDBOX/bad.sh: No such file or directory; if it is there, the interpreter in its first line (#!) is not | Code 6 Subcode 2
- HoldReason = "Error from SLOT: Failed to execute 'SANDBOX/bad.sh': invalid interpreter (/no/such/interpreter) specified on first line of script (errno=2: 'No such file or directory')"
+ HoldReason = "Error from SLOT: start SANDBOX/bad.sh: No such file or directory; if it is there, the interpreter in its first line (#!) is not"
- NumJobStarts = 1
+ NumJobStarts = 0
""")
differs("fails_with_outputs_on_success_only", "a pool of version 23 moves the outputs of a failure nevertheless", r"""
- result 0644 '1\n'
""")

for _name in ("evicted_with_its_outputs", "evicted_with_its_outputs_looked_at", "outputs_and_exit_0_while_vacated",
              "outputs_and_checkpoint_exit_while_vacated"):
    differs(_name, "in Cairn's spool the outputs of an eviction are a checkpoint, with the next number", """
- CheckpointNumber = 0
+ CheckpointNumber = 1
""")
differs("names_in_the_environment", "GPUs, containers and the folders of HTCondor's own programs; PATH and Cairn's own", r"""
- APPTAINER_CACHEDIR
+ CAIRN_ACTIVATION
+ CAIRN_CHECKPOINT_EXIT_CODE
+ CAIRN_PROGRESS
- CUDA_VISIBLE_DEVICES
- GPU_DEVICE_ORDINAL
- NVIDIA_VISIBLE_DEVICES
+ PATH
- SINGULARITY_CACHEDIR
- _CONDOR_AssignedGPUs
- _CONDOR_BIN
- _CONDOR_CHIRP_CONFIG
- _CONDOR_JOB_PIDS
""")
for _name, _line, _word in (("an_absolute_name", 3, "/etc/hostname"), ("a_name_that_leads_out", 3, "../absent")):
    differs(_name, "refused: on a pool it is read where the job runs, whatever lies there", f"""
+ refused
+ cairn: job.sub:{_line}: '{_word}' leads out of the job's sandbox; list files that the job writes below its working folder, by relative names without ..
""")
for _name in ("no_patterns", "the_output_list_lacks_a_file_at_first", "link_to_a_folder", "link_to_nothing",
              "missing_from_the_first_checkpoint"):
    differs(_name, "a pool hears of the exit with the checkpoint, and so not of this one", """
+ ExitCode = 77
""")
for _name in ("held_while_a_checkpoint_is_moved", "evicted_while_a_checkpoint_is_moved", "periodic_hold"):
    differs(_name, "Cairn does not signal what does not run, and what a policy ends it ends at once", """
- ExitSignal = 15
""", at_times="is_moved" in _name)  # it may be through with moving, and run again
for _name in ("removed_while_a_checkpoint_is_moved", "periodic_remove"):
    differs(_name, "the same", """
- ExitBySignal = true
+ ExitBySignal = false
- ExitSignal = 15
""", at_times="is_moved" in _name)
differs("fails_with_outputs_on_a_named_success_only", "stdout and stderr of a failure are brought nevertheless", """
+ 040 Started transferring output files
+ 040 Finished transferring output files
+ job.err 0644 ''
+ job.out 0644 ''
""")
