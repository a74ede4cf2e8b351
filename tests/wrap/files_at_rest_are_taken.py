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

# With another file beside it a set is not known to be whole.
with World(steps=100000) as world:
    process = world.start(*GLOB, "--freeze", "--settle", "400ms", "--every", "100ms",
                          counter=["--deaf", "--save-every=1", "--pause=0.001"])
    world.wait_for(lambda: world.read("state.txt"), "a state")
    (world.folder / "state.table").write_text("beside it\n")
    assert any("again and again, never 400 ms apart" in line for line in process.stderr), "nothing was said"

# In place, again and again: that may be the middle of it.  None is taken, and the user is told why.
with World(steps=100000) as world:
    process = world.start(*STATE, "--freeze", "--settle", "400ms", "--every", "100ms",
                          counter=["--deaf", "--save=slowly", "--half=0.001", "--save-every=1", "--pause=0.001"])
    said = process.stderr.readline()
    assert "again and again, never 400 ms apart" in said and "--settle" in said, said
    assert world.generations() == ["gen-000000.cairn"], world.generations()

# A machine without inotify: looked at now and then, taken when they are as at the last look.
alone = shutil.which("unshare") and subprocess.run(
    ["unshare", "-Ur", "sh", "-c", "echo 0 > /proc/sys/user/max_inotify_instances"], capture_output=True).returncode == 0
if alone:
    def unwatched(world, *options):
        command = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\""
        return subprocess.run(["unshare", "-Ur", "sh", "-c", command, "sh", WRAP, *STATE, "--freeze", *options, "--",
                               PYTHON, "-B", "counter.py", str(world.steps), "--deaf", "--save-every=20"],
                              cwd=world.folder, capture_output=True, text=True, timeout=120)

    with World() as world:
        restarts = 0
        while (done := unwatched(world, "--settle", "10ms")).returncode == 77:
            restarts += 1
        assert done.returncode == 0, done.stderr
        assert restarts > 2, restarts
        world.expect_result()

    with World() as world:
        done = unwatched(world, "--settle", "10ms", "--rollback", "log.txt")
        assert done.returncode == 0 and "cannot watch files" in done.stderr, done.stderr
        world.expect_log()
