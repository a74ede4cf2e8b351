"""The engine works in /, but serves the home that the submitter meant."""
from clause import *

with World() as world:
    world.home = world.folder / "relative-home"
    plain = world.environment
    world.environment = lambda: {**plain(), "CAIRN_HOME": "relative-home"}
    world.job(": > result\n")
    world.cairn("submit", "job.sub")
    wait_for(lambda: world.state() == "completed", "the job's end")
    assert not os.path.exists("/relative-home"), "the engine made a home in /"
    world.cairn("engine", "--stop")
