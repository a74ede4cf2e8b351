"""Whatever a folder or a job is called, no shell reads it, and Slurm has it as it is."""
from slurm import World, contains, equal

NAME = """it's "$(touch pwned)" `touch pwned` \\ # ; %j & ü"""

with World("""hostile $(touch pwned) ' " %A #""") as world:
    quoted = NAME.replace('"', '\\"').replace("$(", "$(DOLLAR)(")
    world.job("echo fine > result", environment=None, **{"+JobBatchName": f'"{quoted}"'})
    number = world.submit(f"--slurm-option=--comment={NAME}")
    world.wait_until("completed")
    equal(world.read("result"), "fine\n")
    equal(list(world.root.rglob("pwned")), [])
    shown = world.slurm("scontrol", "show", "job", number)
    contains(shown, f"JobName={NAME}\n")
    contains(shown, f"Comment={NAME} ")
