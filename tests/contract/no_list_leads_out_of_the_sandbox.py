"""`..`, absolute names and symbolic links in a job's lists read nothing outside, as checkpoint and as output.

The first two are refused at submission, also as raw attributes of the ad.
"""
from clause import *

SECRET = "secret\n"
ESCAPES = {"absolute": "{root}/secret", "dots": "../../../secret", "link": "link", "inner": "folder/link"}
LISTS = {("transfer_checkpoint_files", "TransferCheckpoint"): (36, "exit 77\n"),
         ("transfer_output_files", "TransferOutput"): (12, "exit 0\n")}


def copies(world):
    return [p for p in [*world.folder.rglob("*"), *world.home.rglob("*")]
            if p.is_file() and not p.is_symlink() and p.read_bytes() == SECRET.encode()]


for escape, pattern in ESCAPES.items():
    for (command, attribute), (code, leave) in LISTS.items():
        with World() as world:
            (world.root / "secret").write_text(SECRET)
            entry = pattern.format(root=world.root)
            body = f'mkdir -p folder; ln -s {world.root}/secret link; ln -s {world.root}/secret folder/link\n' + leave
            if escape in ("absolute", "dots"):
                for commands in ({command: entry}, {command: None, f"+{attribute}": f'"{entry}"'}):
                    world.job(body, **commands)
                    contains(world.run(status=2).err, entry)
                continue
            world.job(body, **{command: entry})
            world.run(status=1)
            code_is, _, reason = world.hold()
            equal((escape, command, code_is), (escape, command, code))
            contains(reason, entry)
            equal((escape, command, copies(world)), (escape, command, []))
