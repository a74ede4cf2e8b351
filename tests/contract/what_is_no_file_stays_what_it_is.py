"""A pipe is never waited for, and nothing that is no file is replaced by one; a link that stands for an output stays."""
from clause import *

BODY = "[ $step = 0 ] && { save 1; exit 77; }\necho told; : > result\n"


def pipe(world, name):
    os.mkfifo(world.folder / name)


with World() as world:  # the log
    world.job(BODY)
    pipe(world, "job.log")
    contains(world.cairn("submit", "job.sub").err, "job.log: No such device or address")
    world.cairn("wait", "1")
    assert (world.folder / "job.log").is_fifo()
    contains((world.home / "engine/log").read_text(), "the job goes on without its event log")
    contains(world.cairn("run", "job.sub").out, "the job goes on without its event log")
    world.cairn("engine", "--stop")

with World() as world:  # the executable
    world.job(BODY, executable="program")
    pipe(world, "program")
    contains(world.run(status=1).err, "program: it is a pipe, not a file")

with World() as world:  # the submit file
    pipe(world, "job.sub")
    contains(world.run(status=2).err, "job.sub: it is a pipe, not a file")

with World() as world:  # an output
    world.job(BODY)
    pipe(world, "job.out")
    contains(world.run(status=1).err, "job.out: it is not a file")
    assert (world.folder / "job.out").is_fifo()
    (world.folder / "job.out").unlink()
    world.run()
    equal(world.read("job.out"), "told\n")

with World() as world:  # an output without file transfer
    world.job(BODY, should_transfer_files="NO", when_to_transfer_output=None, transfer_output_files=None,
              transfer_checkpoint_files=None)
    pipe(world, "job.out")
    contains(world.run(status=1).err, "job.out: No such device or address")

with World() as world:  # a device takes what is written; a link leads to what is replaced
    terminal, device = os.openpty()
    name = os.ttyname(device)
    (world.folder / "place").mkdir()
    (world.folder / "job.out").symlink_to("place/told")
    world.job("echo told; echo seen > result\n", transfer_output_remaps=f'"result={name}"')
    world.run()
    contains(os.read(terminal, 100).decode(), "seen")
    assert pathlib.Path(name).is_char_device()
    assert (world.folder / "job.out").is_symlink()
    equal(world.read("place/told"), "told\n")
