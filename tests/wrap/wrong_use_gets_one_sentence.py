import shutil
from wrapping import World

def refused(world, *options, program=("/bin/true",), code=2):
    shutil.rmtree(world.folder / "wrap.ckpt", ignore_errors=True)
    finished = world.wrap(*options, program=list(program), code=code)
    assert finished.err.count("\n") == 1 and finished.err.startswith("cairn"), finished.err
    return finished.err

with World() as world:
    files = ["--checkpoint-files", "state.txt"]
    assert "--checkpoint-files" in refused(world)
    assert "--every soon" in refused(world, *files, "--every", "soon")
    assert "WOBBLE is no signal" in refused(world, *files, "--stop-signal", "WOBBLE")
    assert "leads out" in refused(world, "--checkpoint-files", "../x", code=2)
    assert "write ddrescue" in refused(world, "--recipe", "ddrescu")
    assert "is no placeholder" in refused(world, *files, "--start-args", "{elapsd}")
    assert "write {elapsed}" in refused(world, *files, "--start-args", "{elapsd}")
    assert "--finished-when" in refused(world, *files, "--limit-args", "-x")
    assert "no-such-program" in refused(world, *files, program=["no-such-program"], code=127)
    (world.folder / "plain").write_text("no program\n")
    assert "plain" in refused(world, *files, program=["./plain"], code=126)
    (world.folder / "mine.recipe").write_text('summary = "x"\ncheckpoint-file = "a"\n')
    assert "write checkpoint-files" in refused(world, "--recipe", "./mine.recipe")
