"""A runner dies while it spools, and the next one is on another machine: the sandbox is lost, the job is not."""
from slurm import World, equal, wait_for

with World() as world:
    world.job("""
note "starts at $step"; pwd > "$GATES/sandbox"
case $step in
  0) save 1; exit 77 ;;
  1) save 2; [ -e "$GATES/second" ] || { : > "$GATES/second"; head -c 200000000 /dev/zero > big; }; exit 77 ;;
  *) gate end; echo $step > result ;;
esac
""", transfer_checkpoint_files="state, big")
    world.write("big", "small\n")
    text = world.read("job.sub")
    world.write("job.sub", "transfer_input_files = big\n" + text)
    number = world.submit()
    # The program runs again as soon as its files are taken: on a slow machine that is seen first.
    wait_for(lambda: (world.gates / "second").exists() and
             (world.poll()[0][1] == "spooling" or (world.gates / "end.reached").exists()), "the second checkpoint", world.poll)
    world.kill_inside(world.runner()["pid"])
    world.wait_for_slurm(number, "FAILED", "GONE")
    sandbox = (world.gates / "sandbox").read_text().strip()
    world.inside("rm", "-rf", sandbox, f"{sandbox}.staged")
    world.open_gate("end")
    world.wait_until("completed")
    equal(world.read("result"), "2\n")
    equal(world.notes()[-1], "starts at 2")
    equal(world.notes().count("starts at 0"), 1)
