"""Cpus, disk and memory: what the job asked for, what its slot has, what it used."""
from clause import *


def rows(log):
    found = re.findall(r"^\t   (Disk|Memory) \(\w+\) +: +(\d+) +(\d+) +(\d+) $", log, re.M)
    return {name: tuple(map(int, numbers)) for name, *numbers in found}


BODY = "head -c 5000000 /dev/zero > result\n"
for contract, memory, disk in ("cairn", 100, 20480), ("htcondor", 128, 21504):
    with World() as world:
        world.job(BODY, request_memory="100MB", request_disk="20MB")
        world.run("--contract", contract)
        log = world.read("job.log")
        contains(log, f"\tDisk = {disk}\n\tGPUs = 0\n\tMemory = {memory}\n")
        (used_disk, *disks), (used_memory, *memories) = rows(log)["Disk"], rows(log)["Memory"]
        equal((disks, memories), ([20480, disk], [100, memory]))
        assert used_disk >= 5000000 // 1024 and used_memory > 0, log
        wanted = str(used_disk)
        equal(world.cairn("history", "-af", "DiskUsage").out.strip(), wanted)

# Who asks for nothing gets what its files and its memory are known to need.
with World() as world:
    world.job(BODY)
    world.run()
    equal(rows(world.read("job.log"))["Disk"][1:], (1, 1))
