"""hold = true: the job is held from the start, 15/0, without an event 012 as on a real 23.9.6, until it is released."""
from clause import *

with World() as world:
    world.job('note ran\n: > result\n', hold="true")
    contains(world.run(status=1).err, "is held (code 15/0): submitted on hold at user's request")
    equal((world.state(), world.notes()), ("held", []))
    equal([number for number, _, _ in world.log()], ["000"])
    world.run()  # once more: as ever, that releases
    equal((world.state(), world.notes()), ("completed", ["ran"]))
    equal([number for number, _, _ in world.log()][:2], ["000", "013"])

with World() as world:
    world.job('note "$1"\n: > result\n', output=None, error=None, hold="$(held)", arguments="$(Process)")
    world.write("job.sub", world.read("job.sub").replace("queue\n", "queue held in (true false)\n"))
    world.cairn("submit", "job.sub")
    world.cairn("wait", "1.1")
    equal(([world.state(f"1.{proc}") for proc in (0, 1)], world.notes()), (["held", "completed"], ["1"]))
    told = world.cairn("status", "1.0").out
    contains(told, "code 15/0: submitted on hold at user's request")
    contains(told, "hold = true; cairn release 1.0 lets it start")
    world.cairn("release", "1.0")
    world.cairn("wait", "1")
    equal(world.notes(), ["1", "0"])
