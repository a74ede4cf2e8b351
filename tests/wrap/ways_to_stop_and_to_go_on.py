from wrapping import LOG, World

RESTS = ["--rest-at=100,200"]  # so often it is ended
FILES = ["--checkpoint-files", "state.txt", *LOG, "--finished-when", "result.txt"]

# A file that the program looks for.
with World(steps=400) as world:
    assert world.to_the_end(*FILES, "--resume-args", "--resume", "--stop-file", "STOP", "--every", "300ms", counter=RESTS) > 1
    world.expect_result()
    world.expect_log()

# Its own limit: it ends by itself, with 0 each time.
with World(steps=400) as world:
    assert world.to_the_end(*FILES, "--resume-args", "--resume", "--limit-args", "--limit=120 --seen={remaining}", "--every", "1h") == 3
    world.expect_result()
    world.expect_log()
    assert all(line.endswith("--seen=3600") for line in world.lines("starts.txt")), world.lines("starts.txt")

# Another command, and a preparation.
with World(steps=400) as world:
    assert world.to_the_end(*FILES, "--resume-command", "{program} -B counter.py {argument 3} {argument 4} --resume",
                            "--prepare", "echo prepared {generation} >> prepared.txt", "--every", "300ms", counter=RESTS) > 1
    world.expect_result()
    assert world.lines("prepared.txt")[:2] == ["prepared 1", "prepared 2"], world.lines("prepared.txt")

# When there is something to go on from: never on the first run.
with World(steps=400) as world:
    world.to_the_end(*FILES, "--resume-when", "state.txt", "--resume-args", "--resume", "--start-args", "--first", "--every", "300ms", counter=RESTS)
    starts = world.lines("starts.txt")
    assert "--first" in starts[0] and "--resume" not in starts[0], starts
    assert all("--resume" in line and "--first" not in line for line in starts[1:]) and len(starts) > 2, starts

# A deadline.
with World(steps=400) as world:
    assert world.to_the_end(*FILES, "--resume-args", "--resume", "--deadline", "1500ms", counter=RESTS) > 1
    world.expect_result()

# The code of the job's ad; and a state that is there already becomes the first checkpoint.
with World(steps=400) as world:
    (world.folder / "ad").write_text("WantFTOnCheckpoint = true\nSuccessCheckpointExitCode = 85\n")
    (world.folder / "state.txt").write_text("10 385 end\n")
    (world.folder / "log.txt").write_text("".join(f"{i}\n" for i in range(1, 11)))
    finished = world.wrap(*FILES, "--adopt", "--resume-args", "--resume", "--every", "300ms",
                          environment={"_CONDOR_JOB_AD": str(world.folder / "ad")}, code=85)
    assert "goes on from the files that are here" in finished.err, finished.err
    world.to_the_end(*FILES, "--resume-args", "--resume", "--every", "1h")
    world.expect_result()
    world.expect_log()

# A command that waits until the program is gone.
with World() as world:
    gone = "kill {pid}; while kill -0 {pid} 2> /dev/null; do sleep 0.01; done"
    restarts = world.to_the_end(*FILES, "--resume-args", "--resume", "--every", "300ms", "--stop-command", gone, counter=["--rest-at=100"])
    assert restarts > 0, restarts
    world.expect_result()
