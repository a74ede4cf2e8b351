from wrapping import LOG, STATE, World

# Interrupted, real programs exit with any of these.
for code in (0, 1, 2, 20, 130, 255):
    with World(steps=120) as world:
        assert world.to_the_end(*STATE, *LOG, "--every", "150ms", counter=[f"--code={code}", "--rest-at=60"]) > 0
        world.expect_result()
        world.expect_log()

# 0 without the mark, and nobody asked: never a success.
with World() as world:
    finished = world.wrap("--checkpoint-files", "state.txt", "--finished-when", "result.txt", program=["/bin/true"])
    assert finished.code == 1 and "has not finished" in finished.err, finished.err

# A mark may be a text.
with World() as world:
    options = ["--checkpoint-files", "state.txt", "--finished-when", "out.txt: all is done"]
    world.wrap(*options, program=["/bin/sh", "-c", "echo all is done > out.txt"], code=0)
    world.folder = world.new_folder()
    world.wrap(*options, program=["/bin/sh", "-c", "echo all is not done > out.txt"], code=1)

# What it exits with by itself is ours.
with World() as world:
    world.wrap("--checkpoint-files", "state.txt", program=["/bin/sh", "-c", "exit 41"], code=41)
    world.folder = world.new_folder()
    world.wrap("--checkpoint-files", "state.txt", program=["/bin/sh", "-c", "kill -SEGV $$"], code=-11)
