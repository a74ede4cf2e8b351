"""--checkpoint-files '*' means the program's files, and not what the wrapper keeps and has put aside."""
from wrapping import World

with World() as world:
    options = ["--checkpoint-files", "*", "--resume-when", "state.txt", "--resume-args", "--resume", "--finished-when", "result.txt"]
    rests = ["--rest-at=20"]
    world.wrap(*options, "--every", "150ms", counter=rests, code=77)
    for number in (1, 2, 3):
        # What is killed leaves a file beyond the checkpoint, each time another.
        (world.folder / "starts.txt").unlink()  # it is put back
        process = world.start(*options, "--every", "1h", counter=rests)
        world.wait_for_lines("starts.txt", 2)
        (world.folder / f"extra{number}").write_text("x")
        process.kill()
        finished = world.finish(process)
        assert "is not used" not in finished.err, finished.err
    finished = world.wrap(*options, "--every", "1h", counter=rests, code=0)
    assert "is not used" not in finished.err and "goes on from checkpoint 1" in finished.err, finished.err
    world.expect_result()
    world.expect_log()
    assert not (world.folder / "wrap.ckpt.aside" / "wrap.ckpt.aside").exists()
    assert (world.folder / "wrap.ckpt.aside" / "extra3").exists()
