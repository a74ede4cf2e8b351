"""The file of --finished-when is there from its first byte on: one that is about to write it is not ended, and one that was
cut off in it has not finished."""
from wrapping import PYTHON, World

# Counts to 20 and saves each 5; then writes 40 lines, slowly.
PROGRAM = '''
import os, sys, time
n = int(open("state.txt").read()) if os.path.exists("state.txt") else 0
open("starts.txt", "a").write(f"{n}\\n")
while n < 20:
    n += 1
    time.sleep(0.01)
    if n % 5 == 0:
        open("state.new", "w").write(str(n))
        os.rename("state.new", "state.txt")
early = not os.path.exists("again")
with open("result.txt", "w") as result:
    for i in range(40):
        print(i, file=result, flush=True)
        open("ready", "w").close()
        while early and i == 20 and not os.path.exists("go on"): time.sleep(0.01)
sys.exit(int(sys.argv[1]))
'''


def program(world, code="0"):
    (world.folder / "program.py").write_text(PROGRAM)
    return [PYTHON, "-B", "program.py", code]


FILES = ["--checkpoint-files", "state.txt", "--finished-when", "result.txt"]
WAYS = [[], ["--freeze", "--settle", "5ms"], ["--stop-file", "STOP"], ["--stop-command", "kill {pid}"]]
for way in WAYS:
    # It must leave: it is let be, and its exit is its own.
    for code in ("0", "6"):
        with World() as world:
            process = world.start(*FILES, *way, "--every", "1h", program=program(world, code))
            world.wait_for(lambda: len(world.lines("result.txt")) > 20, "the middle of its result")
            process.terminate()
            (world.folder / "go on").write_text("")
            world.finish(process, int(code))
            assert len(world.lines("result.txt")) == 40, way
    # It does not end by then: it is killed, and has not finished.
    with World() as world:
        process = world.start(*FILES, *way, "--every", "1h", "--grace", "100ms", program=program(world))
        world.wait_for(lambda: len(world.lines("result.txt")) > 20, "the middle of its result")
        process.terminate()
        finished = world.finish(process)
        assert finished.code in (77, -15), (way, finished.code, finished.err)
        (world.folder / "again").write_text("")
        world.wrap(*FILES, *way, "--every", "1h", program=program(world), code=0)
        assert len(world.lines("result.txt")) == 40, way

# Its time is up.
with World() as world:
    while True:
        process = world.start(*FILES, "--every", "1s", program=program(world))
        if any("is not asked to end" in line for line in process.stderr):
            break
        world.finish(process, 77)  # a slow machine
    (world.folder / "go on").write_text("")
    world.finish(process, 0)
    assert len(world.lines("result.txt")) == 40

# Cut off by the signal, in the first moment of its end.
with World() as world:
    command = ["/bin/sh", "-c", "while [ ! -e asked ]; do sleep 0.01; done; echo half > result.txt; kill -TERM $$"]
    finished = world.wrap(*FILES, "--every", "50ms", "--grace", "5s", "--stop-command", "touch asked", program=command)
    assert finished.code != 0 and "state.txt is missing; it is started again" in finished.err, (finished.code, finished.err)
