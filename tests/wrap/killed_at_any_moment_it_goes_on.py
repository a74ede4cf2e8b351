"""SIGKILL of the wrapper at random moments, in place and moved: the result is right, no line is there twice."""
import os
import random
from wrapping import LOG, STATE, World, alive

seed = int(os.environ.get("CAIRN_SEED", random.randrange(1 << 30)))
print(f"seed={seed}")
random.seed(seed)
VARIANTS = [
    [*STATE, *LOG, "--every", "400ms"],
    [*STATE, *LOG, "--freeze", "--settle", "5ms", "--every", "500ms"],
    [*STATE, *LOG, "--when-renewed", "--settle", "5ms", "--every", "400ms"],
]
for options in VARIANTS:
    with World(steps=150) as world:
        kills = 0
        while True:
            process = world.start(*options, counter=["--save-every=15", "--daemon"])
            # A moment: when so many lines have been written.
            here = len(world.lines("log.txt"))
            wanted = here + random.randrange(1, 40) if kills < 12 else 10**9
            world.wait_for(lambda: len(world.lines("log.txt")) >= wanted or process.poll() is not None, "a moment")
            if process.poll() is None:
                process.kill()
                kills += 1
            process.wait()  # not for its output: what the program left in the background has it open, too
            if process.returncode == 0:
                break
            assert process.returncode in (77, -9), process.returncode
        world.expect_result()
        world.expect_log()
        assert not alive(int(world.read("daemon.pid"))), "what the program left in the background runs on"
