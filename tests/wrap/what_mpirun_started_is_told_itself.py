"""Told to end, Open MPI's mpirun kills what it has started a second later: so the processes are told, once each, and not it."""
import os
import shutil

from wrapping import PYTHON, World

# Each process counts in a folder of its own, and takes two seconds to save.
RANK = '''
import os, signal, sys, time
rank = os.environ["OMPI_COMM_WORLD_RANK"]
os.makedirs(rank, exist_ok=True)
n = int(open(f"{rank}/state.txt").read()) if os.path.exists(f"{rank}/state.txt") else 0
asked = []
def note(number, frame):
    open(f"{rank}/signals.txt", "a").write("x")
    asked.append(number)
signal.signal(signal.SIGTERM, note)
open(f"{rank}/starts.txt", "a").write(f"{n}\\n")
while n < 400:
    n += 1
    time.sleep(0.005)
    if asked:
        time.sleep(2)
        open(f"{rank}/state.txt", "w").write(str(n))
        sys.exit(0)
open(f"result{rank}.txt", "w").write(str(n))
'''

if shutil.which("mpirun"):
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    with World() as world:
        (world.folder / "rank.py").write_text(RANK)
        options = ["--checkpoint-files", "0/state.txt, 1/state.txt", "--finished-when", "result1.txt"]
        program = ["mpirun", "--oversubscribe", "-n", "2", PYTHON, "-B", "rank.py"]
        process = world.start(*options, program=program)
        for rank in (0, 1):
            world.wait_for_lines(f"{rank}/starts.txt", 1)
        process.terminate()
        world.finish(process, 77)
        for rank in "01":
            assert world.read(f"{rank}/signals.txt") == "x", world.read(f"{rank}/signals.txt")
        world.wrap(*options, program=program, code=0)
        for rank in "01":
            first, second = world.lines(f"{rank}/starts.txt")
            assert first == "0" and int(second) > 0, (first, second)
            assert world.read(f"result{rank}.txt") == "400"
else:
    print("skipped: there is no mpirun")
