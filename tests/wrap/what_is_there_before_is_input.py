"""Files that are there at the first start are the program's input, whatever --checkpoint-files says of them: they stay, the
program starts from the beginning, and goes on from them only if the user says so."""
import subprocess

from wrapping import LOG, STATE, WRAP, World


def killed(world, options, counter=()):
    process = world.start(*options, counter=counter)
    world.wait_for_lines("log.txt", len(world.lines("log.txt")) + 1)
    process.kill()
    return world.finish(process, -9)


# A part of a set: it stays where it is, also after kills; what the program, or its user, has made of it is never lost.
with World() as world:
    options = ["--checkpoint-files", "state.txt,second.txt", "--resume-args", "--resume", "--every", "1h"]
    (world.folder / "second.txt").write_text("of the user\n")
    finished = killed(world, options)
    assert "second.txt is here without state.txt" in finished.err and "left as it is" in finished.err, finished.err
    assert world.read("second.txt") == "of the user\n" and not (world.folder / "wrap.ckpt.aside").exists()
    (world.folder / "second.txt").write_text("changed\n")
    finished = killed(world, options)
    assert "second.txt is put back as at the first start" in finished.err, finished.err
    assert world.read("second.txt") == "of the user\n"
    (world.folder / "state.txt").write_text("left by a kill")
    # Another command, since this one never came to a checkpoint.
    finished = killed(world, options, counter=["--pause=0.01"])
    assert world.read("second.txt") == "of the user\n" and "here without state.txt" in finished.err, finished.err
    assert world.read("wrap.ckpt.aside/state.txt") == "left by a kill"
    world.wrap(*options, counter=["--pause=0.01"], code=0)
    assert world.read("wrap.ckpt.changed/second.txt") == "changed\n" and world.read("second.txt") == "of the user\n"
    assert not any("--resume" in line for line in world.lines("starts.txt")), world.lines("starts.txt")

# All of a set, or a pattern that an input matches.
for files in "state.txt", "state*", "*":
    with World(steps=400) as world:
        (world.folder / "state.txt").write_text("10 385 end\n")
        options = ["--checkpoint-files", files, *LOG, *STATE[2:], "--every", "300ms"]
        finished = world.wrap(*options, code=77)
        assert "give --adopt" in finished.err and "goes on" not in finished.err, finished.err
        world.to_the_end(*options)
        starts = world.lines("starts.txt")
        assert "--resume" not in starts[0] and all("--resume" in line for line in starts[1:]), starts
        world.expect_result()
        world.expect_log()

# The user says so.
with World(steps=400) as world:
    (world.folder / "state.txt").write_text("10 385 end\n")
    world.wrap(*STATE, "--adopt", code=0)
    assert world.lines("starts.txt")[0].startswith("10 "), world.lines("starts.txt")
    world.expect_result()

# A standard stream in the working folder is no file of the program: put back, it would be another.
with World() as world:
    (world.folder / "out.txt").write_text("before\n")
    options = ["--checkpoint-files", "*", *STATE[2:], "--every", "200ms"]
    for _ in range(100):
        with open(world.folder / "out.txt", "a") as out:
            out.write("a start\n")
            out.flush()
            code = subprocess.run([WRAP, *options, "--", "/usr/bin/python3", "-B", "counter.py", str(world.steps)], cwd=world.folder,
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False).returncode
        if code != 77:
            break
    text = world.read("out.txt")
    assert code == 0 and text.startswith("before\na start\n") and text.count("leaves with 77") == text.count("a start") - 1 > 0, text
    assert "finished" in text, text
