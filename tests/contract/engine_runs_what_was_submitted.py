"""cairn submit returns at once; one engine starts by itself, runs the jobs, and can be asked to end."""
from clause import *

with World() as world:
    world.job('note "$step"\n[ $step = 0 ] && { save 1; exit 77; }\necho done > result\n', output=None, error=None,
              transfer_output_remaps='"result = result.$(Cluster)"')
    several = [world.start("submit", "job.sub", "--terse") for _ in range(5)]
    clusters = sorted(world.finish(process).out.strip() for process in several)
    equal(clusters, [f"{n}.0 - {n}.0" for n in range(1, 6)])
    assert world.engine(), "there is no engine"
    equal(len(re.findall("serves", (world.home / "engine" / "log").read_text())), 1)
    world.cairn("wait", "1", "2", "3", "4", "5")
    equal(sorted(world.notes()), ["0"] * 5 + ["1"] * 5)
    equal([world.read(f"result.{n}") for n in range(1, 6)], ["done\n"] * 5)
    contains(world.cairn("engine", "--foreground", status=2).err, "has an engine already")
    contains(world.cairn("engine", "--slots", "3").err, "the options of an engine that runs stay as they are")
    world.cairn("engine", "--stop")
    equal(world.engine(), None)
    contains(world.cairn("engine", "--stop", status=1).err, "no engine runs in")
    events = [number for number, _, _ in world.log()]
    equal(events.count("000"), 5)
    equal(events.count("005"), 5)
