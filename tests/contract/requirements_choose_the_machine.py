"""requirements that this machine does not meet keep a job of the engine idle, and are named; $$(Name) is filled in."""
from clause import *

with World() as world:
    world.job('note "$1"\n: > result\n', output=None, error=None, requirements="$(wants)", arguments="$(Process)",
              transfer_output_remaps='"result = result.$(Process)"')
    text = world.read("job.sub")
    world.write("job.sub", text.replace("queue\n", 'queue wants from (\nCpus >= 1\nTARGET.Memory > 100000000 && Cpus >= 1\n'
                                                    'HasPixieDust\ntime() > 5\n)\n'))
    world.cairn("submit", "job.sub")
    world.cairn("wait", "1.0", "1.3")
    equal(sorted(world.notes()), ["0", "3"])
    equal([world.state(f"1.{proc}") for proc in range(4)], ["completed", "idle", "idle", "completed"])
    told = world.cairn("status", "1.1").out
    assert re.search(r"its requirements do not hold on this machine: TARGET\.Memory > 100000000 is false: Memory is \d+\n",
                     told), told
    contains(told, "ask for less in the submit file, then cairn remove 1.1")
    contains(world.cairn("status", "1.2").out, "HasPixieDust is undefined: the machine has no HasPixieDust")
    world.cairn("remove", "1.1", "1.2")
    equal([world.state(f"1.{proc}") for proc in (1, 2)], ["removed", "removed"])

# A cluster that does not match holds up nobody, and is not looked at job by job.
with World() as world:
    world.job('note "$1"\n: > result\n', output=None, error=None, log=None, requirements='OpSysAndVer == "Hurd9"')
    world.write("many.sub", world.read("job.sub").replace("queue\n", "queue 2000\n"))
    world.cairn("submit", "many.sub")
    world.job('note after\n: > result\n', requirements=None)
    world.cairn("submit", "job.sub")
    world.cairn("wait", "2")
    equal(world.notes(), ["after"])
    equal(world.query("SELECT count(*) FROM jobs WHERE state = 'idle'"), [(2000,)])
    contains(world.cairn("status", "1.1999").out, 'OpSysAndVer == "Hurd9" is false: OpSysAndVer is')

# $$(Name) is what the machine says; what it cannot say holds the job, as on a pool.
with World() as world:
    world.job('note "$*"\ngrep -c "^OpSys = " "$_CONDOR_MACHINE_AD" > result\n', request_memory="300",
              arguments="$$(OpSys) $$(Nothing:none) $$([Memory * 2]) $$(Cpus)")
    world.run()
    equal(world.notes(), ["LINUX none 600 1"])
    contains(world.cairn("queue", "1", "-af", "MATCH_OpSys", "MATCH_Nothing", "MATCH_EXP_Args").out,
             "LINUX none LINUX none 600 1")
with World() as world:
    world.job(": > result\n", arguments="$$(NoSuchThing)")
    world.run(status=1)
    equal(world.hold(), (0, 0, "Cannot expand $$ expression (NoSuchThing)."))
    equal([number for number, _, _ in world.log()], ["000", "012"])

# The canary: cairn run tries here what is meant for another machine, and says so.
with World() as world:
    world.job("note ran\n: > result\n", requirements="HasPixieDust")
    contains(world.run().err, "requirements do not hold on this machine: HasPixieDust is undefined")
    equal(world.notes(), ["ran"])
