"""An input folder that contains $CAIRN_HOME would be copied into itself: refused before anything is; loops too."""
from clause import *

for entry in ("home", ".", "./", "link"):
    with World() as world:
        world.home = world.folder / "home" / "cairn"
        (world.folder / "link").symlink_to(world.folder)
        world.job(": > result\n", transfer_input_files=entry)
        err = world.run(status=2).err
        contains(err, f"input {entry} contains {world.home}")
        equal(err.count("\n"), 1)
        equal(list(world.home.glob("*.0")), [])
        if entry == "home":  # with a home elsewhere it is an input like any other
            world.home = world.root / "home"
            world.run()

for target in ("loop", "..", "absent"):
    with World() as world:
        (world.folder / "data").mkdir()
        (world.folder / "data" / "loop").symlink_to(target)
        world.job(": > result\n", transfer_input_files="data")
        world.run(status=1)
        code, _, reason = world.hold()
        equal((target, code), (target, 13))
        contains(reason, "data/loop")
