"""A starter that is killed while it removes the folder of a finished job: the engine does the rest."""
from clause import *

FILES = 5000
with World() as world:
    world.job(f"""mkdir many; cd many; seq {FILES} | xargs touch; cd ..
: > result
gate end
""", should_transfer_files="YES")
    for cluster in range(1, 10):
        world.cairn("submit", "job.sub")
        world.wait_for_gate("end")
        [starter] = children_of(world.engine())
        sandbox = next(world.job_folder(f"{cluster}.0").glob("sandbox*/many"))
        world.open_gate("end")
        begun = lambda: not sandbox.exists() or len(os.listdir(sandbox)) < FILES
        stopped = stop_when(begun, starter)
        caught = stopped and sandbox.exists()
        if stopped:
            os.kill(starter, SIGKILL)
        wait_for(lambda: not world.job_folder(f"{cluster}.0").exists(), "the removal of the folder")
        equal(world.state(f"{cluster}.0"), "completed")
        if caught:
            break
        for gate in ("reached", "open"):
            (world.gates / f"end.{gate}").unlink()
    assert caught, "the removal was always faster"
