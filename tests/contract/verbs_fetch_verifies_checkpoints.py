"""cairn fetch: a checkpoint's files, whole and verified, or nothing."""
import json

from clause import *

with World() as world:
    world.job("""
echo "out of $step"
mkdir -p folder/empty; echo "$step" > folder/file; chmod 640 folder/file
if [ $step -lt 3 ]; then step=$((step + 1)); save $step; exit 77; fi
gate running
: > result
""", transfer_checkpoint_files="state, folder")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.wait_for_checkpoint(2)
    contains(world.cairn("fetch", "1").out, "checkpoint 2 of job 1.0: 4 files")
    equal(sorted(path.name for path in (world.folder / "1.0.ckpt").iterdir()),
          ["_condor_stderr", "_condor_stdout", "folder", "state"])
    equal((world.read("1.0.ckpt/state"), world.read("1.0.ckpt/folder/file")), ("3\n", "2\n"))
    assert (world.folder / "1.0.ckpt/folder/empty").is_dir()
    equal((world.folder / "1.0.ckpt/folder/file").stat().st_mode & 0o777, 0o640)
    contains(world.cairn("fetch", "1", status=2).err, "cairn: 1.0.ckpt exists already")

    fetched = json.loads(world.cairn("fetch", "1.0", "--checkpoint", "1", "--to", "one", "--streams", "--json").out)
    equal((fetched["checkpoint"], world.read("one/state")), (1, "2\n"))
    equal(world.read("one/stdout"), "".join(f"out of {i}\n" for i in range(4)))
    contains(world.cairn("fetch", "1", "--checkpoint", "9", "--to", "nine", status=1).err, "has no checkpoint 9")

    newest = world.spool() / "000002" / "state"
    newest.write_text("damaged")
    contains(world.cairn("fetch", "1", "--list").out, "state is damaged")
    finished = world.cairn("fetch", "1", "--to", "older")
    contains(finished.err, "cairn: checkpoint 2 of job 1.0 does not verify: state: is not what was written")
    equal(world.read("older/state"), "2\n")
    (world.spool() / "000001" / "more").write_text("x")
    contains(world.cairn("fetch", "1", "--to", "none", status=1).err, "more: is not in the MANIFEST")
    assert not (world.folder / "none").exists() and not (world.folder / "none.tmp").exists(), "a part was left"
    world.open_gate("running")
    world.finish(process)
    contains(world.cairn("fetch", "1", "--to", "none", status=1).err, "cairn: job 1.0 has no checkpoint\n")
