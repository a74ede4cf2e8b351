"""The engine dies after the last job has completed: the same command tells the result and runs nothing again."""
from clause import *

with World() as world:
    world.write("prog", PRELUDE + "note ran\necho hello\n", 0o755)
    command = ("run", "--quiet", "--env", f"GATES={world.gates}", "--", "./prog")
    world.cairn(*command)
    # As the kill leaves it: stored as completed, the folder with what is to be printed still there.
    folder = world.home / "cluster-1"
    folder.mkdir()
    (folder / "output").write_text("hello\n")
    finished = world.cairn(*command)
    equal(finished.out, "hello\n")
    equal(world.notes(), ["ran"])
    assert not folder.exists(), "the folder is still there"
    world.cairn(*command)
    equal(world.notes(), ["ran", "ran"])
