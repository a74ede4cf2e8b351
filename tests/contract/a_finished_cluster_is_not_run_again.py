"""After the end the same command makes a new cluster."""
from clause import *

with World() as world:
    world.job("note ran\n: > result\n")
    world.run()
    world.run()
    equal(world.notes(), ["ran", "ran"])
    equal(world.query("SELECT cluster, state FROM jobs"), [(1, "completed"), (2, "completed")])
    assert not world.job_folder("1.0").exists() and not world.job_folder("2.0").exists()
