"""--input-check: before anything is started or written, with the reason and exit status 2."""
from wrapping import World

with World() as world:
    check = ["--input-check", "grep -q restart {argument 1} || { echo 'run.conf: write a line restart = 0 into it' >&2; exit 1; }"]
    (world.folder / "run.conf").write_text("steps = 5\n")
    program = ["/bin/sh", "run.conf"]
    refused = world.wrap("--checkpoint-files", "state.txt", *check, program=program, code=2)
    assert refused.err == "cairn wrap: run.conf: write a line restart = 0 into it\n", refused.err
    assert not (world.folder / "wrap.ckpt").exists()
    (world.folder / "run.conf").write_text("restart=0\n")
    world.wrap("--checkpoint-files", "state.txt", *check, program=program, code=0)

# One that says nothing.
with World() as world:
    refused = world.wrap("--checkpoint-files", "state.txt", "--input-check", "false", program=["/bin/true"], code=2)
    assert "the check of the input 'false' exited with 1" in refused.err, refused.err
