"""HTCondor live 6: held 12/2; the user sees stdout nevertheless, and nothing is half in its place."""
from clause import *

with World() as world:
    world.job("echo working; : > other\n", transfer_output_files="other, result")
    world.run(status=1)
    code, subcode, reason = world.hold()
    equal((code, subcode), (12, 2))
    contains(reason, "result")
    equal(world.read("job.out"), "working\n")
    assert not (world.folder / "other").exists(), "one of the outputs is there without the other"
    equal([number for number, _, _ in world.log()[-3:]], ["021", "004", "012"])
