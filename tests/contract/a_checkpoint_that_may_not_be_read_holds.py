"""A listed file without the right to read it will not be read the next time, either: the job is held, not left without checkpoints."""
from clause import *

if os.geteuid() == 0:  # root reads it all the same
    nobody = 65534
    try:
        subprocess.run([CAIRN, "version"], user=nobody, stdout=subprocess.DEVNULL, check=True)
    except PermissionError:
        raise SystemExit(0)  # nobody else may run the program under test
    os.setgroups([])
    os.setgid(nobody)
    os.setuid(nobody)

with World() as world:
    world.job("[ $step = 0 ] && { save 1; exit 77; }\n[ $step = 1 ] && { save 2; chmod 0 state; exit 77; }\n: > result\n")
    contains(world.run(status=1).err, "state: Permission denied")
    equal(world.hold()[:2], (36, -1))
    equal(world.checkpoints(), ["000000"])
