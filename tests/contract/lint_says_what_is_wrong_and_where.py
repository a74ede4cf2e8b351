"""`cairn lint`: exit statuses, places, JSON, and how findings are turned off; nothing is run or written."""
import json

from clause import *

GOOD = """executable = job.sh
checkpoint_exit_code = 77
transfer_checkpoint_files = state
transfer_output_files = result
should_transfer_files = YES
max_retries = 3
log = job.log
request_memory = 1GB
request_disk = 1GB
queue
"""

with World() as world:
    world.write("job.sh", "#!/bin/sh\necho 1 > state.new && mv state.new state\nexit 77\n")
    world.write("good.sub", GOOD)
    before = sorted(world.folder.iterdir())
    contains(world.cairn("lint", "good.sub", status=0).out, "nothing to say")

    world.write("bad.sub", GOOD.replace("= 77", "= 333"))
    said = world.cairn("lint", "bad.sub", status=1).out
    contains(said, "bad.sub:2: error CL103: no program can exit with 333")
    contains(said, "checkpoint_exit_code = 77")
    assert world.cairn("lint", "bad.sub", "--quiet", status=1).out == ""
    world.cairn("lint", "bad.sub", "--disable", "CL103,CL307,CL306", status=0)

    world.write("warned.sub", GOOD.replace("max_retries = 3\n", ""))
    world.cairn("lint", "warned.sub", status=0)
    world.cairn("lint", "warned.sub", "--strict", status=1)
    world.write("silenced.sub", "# cairn-lint: disable=CL601\n" + GOOD.replace("max_retries = 3\n", ""))
    world.cairn("lint", "silenced.sub", "--strict", status=0)

    report = json.loads(world.cairn("lint", "good.sub", "--pool-version", "8.9.6", "--json", status=1).out)
    assert report["pool_version"] == "8.9.6" and report["errors"] == 1, report
    [newer] = [each for each in report["findings"] if each["severity"] == "error"]
    assert (newer["code"], newer["file"], newer["line"]) == ("CL701", "good.sub", 3) and newer["text"] and newer["fix"], newer

    world.write("list.txt", "1\n")
    world.write("list.sub", GOOD.replace("queue\n", "arguments = $(x) $ENV(HOME)\nqueue x from list.txt\n"))
    contains(world.cairn("lint", "list.sub", status=0).out, "nothing to say")
    world.write("command.sub", GOOD.replace("queue\n", "arguments = $(x)\nqueue x from touch made |\n"))
    contains(world.cairn("lint", "command.sub", status=0).out, "hint CL004: what touch made gives")

    contains(world.cairn("lint", "--explain", "CL103", status=0).out, "Wrong:")
    for arguments in (["absent.sub"], [], ["--explain", "CL999"], ["good.sub", "--disable", "CL999"], ["good.sub", "--pool-version", "new"]):
        finished = world.cairn("lint", *arguments, status=2)
        assert finished.err.startswith("cairn: ") and finished.err.count("\n") == 1, f"{arguments}: {finished.err!r}"
    for name in ("bad.sub", "warned.sub", "silenced.sub", "list.txt", "list.sub", "command.sub"):
        (world.folder / name).unlink()
    assert sorted(world.folder.iterdir()) == before, "lint has written something"
