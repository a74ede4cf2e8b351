"""No space for the next checkpoint: a sentence, the last one stands, and with space again it goes on."""
import os
import subprocess
import sys

if "IN_NAMESPACE" not in os.environ:
    os.environ["IN_NAMESPACE"] = "yes"
    os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--mount", sys.executable, __file__])

from wrapping import COUNTER, LOG, STATE, World

with World() as world:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", world.folder], check=True)
    (world.folder / "counter.py").write_text(COUNTER)
    counter = ["--rest-at=20,60"]
    world.wrap(*STATE, *LOG, "--every", "200ms", counter=counter, code=77)
    good = world.read("state.txt")

    process = world.start(*STATE, *LOG, "--every", "1h", counter=counter)
    here = len(world.lines("log.txt"))
    world.wait_for(lambda: len(world.lines("log.txt")) > here + 5 or process.poll() is not None, "some steps")
    with open(world.folder / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass
    process.terminate()
    finished = world.finish(process)
    assert finished.code not in (0, 77), finished.code
    assert "No space left" in finished.err or "no new checkpoint" in finished.err, finished.err

    (world.folder / "filler").unlink()
    world.to_the_end(*STATE, *LOG, "--every", "300ms", counter=counter)
    world.expect_result()
    world.expect_log()
    assert world.lines("starts.txt")[2].split()[0] == good.split()[0], world.lines("starts.txt")
