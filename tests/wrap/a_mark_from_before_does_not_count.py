"""What a run before has left is not taken for the end of this one; it is put aside."""
from wrapping import STATE, World

FILES = STATE[:4]  # without --finished-when

with World(steps=100000) as world:
    finished = [*STATE, "--every", "150ms"]
    (world.folder / "result.txt").write_text("of last year\n")
    world.wrap(*finished, code=77)
    assert world.read("wrap.ckpt.aside/result.txt") == "of last year\n"
    # Killed after it had finished, and before anybody heard of it: it goes on from its checkpoint.
    (world.folder / "result.txt").write_text("of the one that was killed\n")
    world.wrap(*finished, code=77)
    assert not (world.folder / "result.txt").exists()

# A text in a log that is written on.
with World(steps=100000) as world:
    (world.folder / "steps.log").write_text("all is done\n")
    world.wrap(*FILES, "--finished-when", "steps.log: all is done", "--every", "150ms", code=77)
    assert world.read("wrap.ckpt.aside/steps.log") == "all is done\n"

# Checkpoint files and output that is cut back are as they were at the checkpoint: they stay.
with World() as world:
    (world.folder / "log.txt").write_text("all is done\n")
    world.wrap(*FILES, "--rollback", "log.txt", "--finished-when", "log.txt: all is done", code=0)
    assert world.lines("log.txt")[:2] == ["all is done", "1"]
