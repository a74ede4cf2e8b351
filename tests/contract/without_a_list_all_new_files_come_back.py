"""HTCondor 1.4: no transfer_output_files means every new or changed file on top of the sandbox, no folders."""
from clause import *

with World() as world:
    world.write("same.txt", "same\n")
    world.write("changed.txt", "before\n")
    world.job("""
echo new > new.txt; echo after > changed.txt; mkdir folder; : > folder/file
""", transfer_output_files=None, transfer_checkpoint_files=None, checkpoint_exit_code=None,
              transfer_input_files="same.txt, changed.txt")
    before = (world.folder / "same.txt").stat().st_ino
    world.run()
    equal(world.read("new.txt"), "new\n")
    equal(world.read("changed.txt"), "after\n")
    equal((world.folder / "same.txt").stat().st_ino, before)  # was not touched
    assert not (world.folder / "folder").exists(), "a folder came back"
    assert not (world.folder / ".job.ad").exists(), "an internal file came back"
