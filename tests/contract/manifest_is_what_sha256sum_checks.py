"""HTCondor 1.10: `sha256sum` lines, the last one over those before."""
import hashlib

from clause import *

with World() as world:
    world.job("""
if [ $step = 0 ]; then save 1; mkdir -p folder/deep; echo x > folder/deep/file; exit 77; fi
gate running
: > result
""", transfer_checkpoint_files="state, folder")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.wait_for_checkpoint(0)
    checkpoint = world.spool() / "000000"
    equal(sorted(str(p.relative_to(checkpoint)) for p in checkpoint.rglob("*") if p.is_file()),
          ["MANIFEST", "_condor_stderr", "_condor_stdout", "folder/deep/file", "state"])
    *lines, last = (checkpoint / "MANIFEST").read_text().splitlines(keepends=True)
    files = subprocess.run(["sha256sum", "-c", "--strict", "-"], input="".join(lines), text=True,
                           cwd=checkpoint, capture_output=True)
    equal((files.returncode, files.stdout.count(": OK")), (0, 4))
    equal(last, f"{hashlib.sha256(''.join(lines).encode()).hexdigest()} *MANIFEST\n")
    world.open_gate("running")
    world.finish(process)
