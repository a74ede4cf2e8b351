"""When a set of files counts as written: at rest for --settle, or one file that was renamed into its place."""
import shutil
import subprocess

from wrapping import STATE, WRAP, PYTHON, World

# Saves without a pause, each by a rename: whole at once, however long --settle is.
with World() as world:
    fast = ["--deaf", "--save-every=1", "--pause=0.01"]
    assert world.to_the_end(*STATE, "--freeze", "--settle", "1h", "--every", "300ms", counter=fast) > 2
    world.expect_result()

# So it is where the name is a pattern, when there was never another file for long.
GLOB = ["--checkpoint-files", "state.t*", *STATE[2:]]
with World() as world:
    assert world.to_the_end(*GLOB, "--freeze", "--settle", "20ms", "--every", "300ms", counter=fast) > 2
    world.expect_result()


def expect_told(world, options, counter, at_first):
    """Until it is said, and none is taken until then.  On a busy machine files may have rested for once: then one is taken,
    rightly, and it goes on."""
    for _ in range(10):
        before = {*world.generations(), *at_first}
        process = world.start(*options, "--settle", "200ms", "--every", "100ms", counter=counter)
        for line in process.stderr:
            if "again and again, never 200 ms apart" in line:
                assert "--settle" in line, line
                assert {*world.generations()} <= before, (world.generations(), before)
                return
        world.finish(process, 77)
    raise AssertionError("files that never rest were taken again and again")


# With another file beside it a set is not known to be whole.
with World(steps=100000) as world:
    (world.folder / "state.table").write_text("beside it\n")
    (world.folder / "state.txt").write_text("0 0 end\n")
    expect_told(world, [*GLOB, "--freeze"], ["--deaf", "--save-every=1", "--pause=0.001"],
                at_first=["gen-000000.cairn", "gen-000001.cairn"])

# In place, again and again: that may be the middle of it.  None is taken, and the user is told why.
with World(steps=100000) as world:
    expect_told(world, [*STATE, "--freeze"], ["--deaf", "--save=slowly", "--half=0.001", "--save-every=1", "--pause=0.001"],
                at_first=["gen-000000.cairn"])

# A machine without inotify: looked at now and then, taken when they are as at the last look.
alone = shutil.which("unshare") and subprocess.run(
    ["unshare", "-Ur", "sh", "-c", "echo 0 > /proc/sys/user/max_inotify_instances"], capture_output=True).returncode == 0
if alone:
    def unwatched(world, *options, counter=()):
        command = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\""
        return subprocess.run(["unshare", "-Ur", "sh", "-c", command, "sh", WRAP, *STATE, "--freeze", *options, "--",
                               PYTHON, "-B", "counter.py", str(world.steps), "--deaf", "--save-every=20", *counter],
                              cwd=world.folder, capture_output=True, text=True, timeout=120)

    with World() as world:
        restarts = 0
        while (done := unwatched(world, "--settle", "10ms", counter=["--rest-at=40,80,120"])).returncode == 77:
            restarts += 1
        assert done.returncode == 0, done.stderr
        assert restarts > 2, restarts
        world.expect_result()

    with World() as world:
        done = unwatched(world, "--settle", "10ms", "--rollback", "log.txt")
        assert done.returncode == 0 and "cannot watch files" in done.stderr, done.stderr
        world.expect_log()
