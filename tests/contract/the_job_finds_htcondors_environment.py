"""HTCondor 4.5: variables, and the job ad with CheckpointNumber as of the activation's start."""
from clause import *

with World() as world:
    world.job("""
for name in _CONDOR_SCRATCH_DIR _CONDOR_JOB_IWD TMPDIR TEMP TMP; do
  eval "[ \\"\\$$name\\" = \\"$PWD\\" ]" || note "$name is wrong"
done
[ "$_CONDOR_JOB_AD" = "$PWD/.job.ad" ] && [ -s "$_CONDOR_JOB_AD" ] || note "no job ad"
[ "$_CONDOR_MACHINE_AD" = "$PWD/.machine.ad" ] && [ -s "$_CONDOR_MACHINE_AD" ] || note "no machine ad"
note "$BATCH_SYSTEM $_CONDOR_SLOT $OMP_NUM_THREADS $MINE ${OUTSIDE:-unset} $CAIRN_CHECKPOINT_EXIT_CODE"
note "$(grep -c '^SuccessCheckpointExitCode = 77$' .job.ad) $(grep '^CheckpointNumber' .job.ad)"
if [ $step -lt 1 ]; then save 1; exit 77; fi
if [ ! -e "$GATES/second" ]; then : > "$GATES/second"; kill -9 $$; fi
: > result
""", request_cpus=2)
    world.write("job.sub", world.read("job.sub").replace('"GATES=', '"MINE=mine GATES='))
    os.environ["OUTSIDE"] = "leaked"
    world.run()
    line = "HTCondor slot1 2 mine unset 77"
    equal(world.notes(), [line, "1 ", line, "1 ", line, "1 CheckpointNumber = 0"])
