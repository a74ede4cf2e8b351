"""Where nothing of Cairn is installed, a job leaves, is restarted in place and delivers what it delivers elsewhere."""
from slurm import World, contains, equal

with World() as world:
    world.sweep(8000)
    world.cairn("run", "--quiet", "job.sub")
    expected = world.read("results.csv")
    (world.folder / "results.csv").unlink()

    world.submit()
    jobs = world.wait_until("completed", cluster=2)
    assert int(jobs[0][2]) > 0, f"it left at least twice: {jobs}"
    equal(world.read("results.csv"), expected)
    contains(world.read("job.log"), "Job terminated")
    equal(list((world.home / "slurm").iterdir()), [])
