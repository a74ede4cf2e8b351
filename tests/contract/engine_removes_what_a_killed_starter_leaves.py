"""A starter that is killed while it removes the folder of a finished job: the engine does the rest."""
from clause import *


def starters(engine):
    return [int(pid) for pid in pathlib.Path(f"/proc/{engine}/task/{engine}/children").read_text().split()]


FILES = 20000
with World() as world:
    world.job(f"""mkdir many; cd many; seq {FILES} | xargs touch; cd ..
: > result
gate end
""", should_transfer_files="YES")
    for cluster in range(1, 10):
        world.cairn("submit", "job.sub")
        world.wait_for_gate("end")
        [starter] = starters(world.engine())
        sandbox = next(world.job_folder(f"{cluster}.0").glob("sandbox*/many"))
        world.open_gate("end")
        wait_for(lambda: not sandbox.exists() or len(os.listdir(sandbox)) < FILES, "the beginning of the removal")
        os.kill(starter, signal.SIGKILL)
        caught = sandbox.exists()
        wait_for(lambda: not world.job_folder(f"{cluster}.0").exists(), "the removal of the folder")
        equal(world.state(f"{cluster}.0"), "completed")
        if caught:
            break
        for gate in ("reached", "open"):
            (world.gates / f"end.{gate}").unlink()
    assert caught, "the removal was always faster"
