"""A checkpoint that the program dies of is left behind for good, once it has gone back to the one before: that has cut the output
back, which the later one would miss."""
from wrapping import LOG, STATE, World

with World(steps=100) as world:
    text = (world.folder / "counter.py").read_text()
    dies = text.replace("begun = step\n", 'begun = step\nif step and os.path.exists("dies"): os.abort()\n')
    assert dies != text
    (world.folder / "counter.py").write_text(dies)
    process = world.start(*STATE, *LOG, "--every", "1h")
    world.wait_for_lines("log.txt", 10)
    process.terminate()
    world.finish(process, 77)
    (world.folder / "dies").touch()
    process = world.start(*STATE, *LOG, "--every", "1h")
    world.wait_for_lines("starts.txt", 2)  # the start that it died of is not there
    assert (world.folder / "wrap.ckpt/gen-000001.cairn.suspect").exists()
    process.kill()
    finished = world.finish(process, -9)
    assert "it goes back to the beginning" in finished.err, finished.err
    (world.folder / "dies").unlink()
    finished = world.wrap(*STATE, *LOG, "--every", "1h", code=0)
    world.expect_result()
    world.expect_log()
