"""`cairn verify` says in one sentence what it cannot try, before anything runs: exit status 2, nothing on stdout, nothing left behind."""
from clause import *

COMMAND = ("--checkpoint-exit-code", "77", "--checkpoint-files", "state")

with World() as world:
    scratch = world.root / "scratch"
    scratch.mkdir()

    def refused(*arguments, says):
        finished = world.cairn("verify", "--scratch", scratch, *arguments, status=2)
        assert finished.err.startswith("cairn: ") and finished.err.count("\n") == 1, f"{arguments}: {finished.err!r}"
        contains(finished.err, says)
        equal(finished.out, "")
        equal(list(scratch.iterdir()), [])

    world.job("note started\n")
    world.write("two.sub", world.read("job.sub").replace("queue", "arguments = $(Process)\nqueue 2"))
    world.write("none.sub", world.read("job.sub").replace("checkpoint_exit_code = 77\n", ""))
    world.write("in_place.sub", world.read("job.sub").replace("should_transfer_files = YES", "should_transfer_files = NO"))
    world.write("gone.sub", world.read("job.sub").replace("executable = job.sh", "executable = gone.sh"))
    world.write("input.sub", "transfer_input_files = gone.txt\n" + world.read("job.sub"))

    world.write("match.sub", world.read("job.sub").replace("queue", "arguments = $$(NoSuchThing)\nqueue"))
    refused("match.sub", says="Cannot expand $$ expression (NoSuchThing).; give a default")
    refused(says="nothing to verify")
    refused("job.sub", "--", "./job.sh", says="give one of the two")
    refused("absent.sub", says="absent.sub")
    refused("none.sub", says="checkpoint_exit_code = 77")
    refused("--", "./job.sh", says="--checkpoint-exit-code 77")
    refused("in_place.sub", says="should_transfer_files = NO")
    refused("gone.sub", says="no program")
    refused("input.sub", says="gone.txt")
    refused(*COMMAND, "--", "./gone.sh", says="no program")
    refused(*COMMAND, "--inputs", str(world.root), "--", "./job.sh", says="--scratch DIR")
    refused("two.sub", "--job", "2", says="from 0 to 1")
    refused("two.sub", "--job", "-1", says="from 0 to 1")
    refused("job.sub", "--only", "kiled", says="did you mean killed?")
    refused("job.sub", "--cut", "3", says="--only")
    refused("job.sub", "--cut", "3", "--only", "killed,damaged", says="--only")
    refused("job.sub", "--quick", "--thorough", says="--quick")
    refused("job.sub", "--compare", "diff {reference}", says="{candidate}")
    refused("job.sub", "--tolerance", "-1", says="--tolerance")
    refused("job.sub", "--seed", "-1", says="--seed")
    refused("job.sub", "--time-limit", "0", says="--time-limit")
    refused("job.sub", "--other", "job.sub", says="--other")
    refused("job.sub", "--other", "absent.sub", says="absent.sub")
    refused("job.sub", "--reference", "absent.sub", says="absent.sub")
    refused("job.sub", "--reference", "job.sub", "--reference-args", "1", says="--reference-args")
    refused("two.sub", "--reference", "two.sub", "--job", "7", says="from 0 to 1")
    refused("job.sub", "--html", "nowhere/report.html", says="nowhere")
    refused("job.sub", "--junit", str(world.root), says="is a folder")
    refused("job.sub", "--scratch", "nowhere", says="--scratch")

    equal(world.notes(), [])  # not once was the job started
