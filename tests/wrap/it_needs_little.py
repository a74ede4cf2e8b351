"""Whatever the program prints and however large its files are, the wrapper stays small."""
import subprocess
from wrapping import STATE, WRAP, World

PROGRAM = """
import os, signal, time
asked = []
signal.signal(signal.SIGTERM, lambda n, f: asked.append(n))
for _ in range(300): os.write(1, b'x' * (1 << 20))
with open('state.txt', 'wb') as f: f.truncate(200 << 20)
open('printed', 'w').close()
while not asked: time.sleep(0.01)
"""
with World() as world:
    (world.folder / "printer.py").write_text(PROGRAM)
    with open(world.root / "out", "wb") as out:
        process = subprocess.Popen([WRAP, *STATE, "--", "/usr/bin/python3", "printer.py"], cwd=world.folder, stdout=out,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        world.started.append(process)
        world.wait_for(lambda: (world.folder / "printed").exists() or process.poll() is not None, "all that it prints")
        status = open(f"/proc/{process.pid}/status").read()
        # Its own memory; pages of a file that it copies are the kernel's.
        anonymous = int(status.split("RssAnon:")[1].split()[0])
        assert anonymous < 5000, f"{anonymous} kB"
        process.terminate()
        process.communicate(timeout=100)
    assert (world.root / "out").stat().st_size == 300 << 20
    assert process.returncode == 77
