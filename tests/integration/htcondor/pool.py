"""The real pool that `with_pool` started, as the tests reach it."""
import os
import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).resolve().parent / "pool.sh"
SKIPPED = 77  # of ctest: no pool runs
USER = 4242   # who submits, and whom the jobs run as


class Pool:
    def __init__(self):
        state = os.environ.get("CAIRN_HTCONDOR_STATE")
        if not state:
            print("no pool runs: make test-htcondor starts one", file=sys.stderr)
            sys.exit(SKIPPED)
        self.state = pathlib.Path(state)
        self.share = self.state / "share"           # /share in the pool
        self.work = self.state / "work"             # at the same path in the pool
        self.spool_root = self.state / "local/spool"

    def command(self, *words):
        return [str(SCRIPT), "-s", str(self.state), "exec", *map(str, words)]

    def run(self, *words, cwd=None, check=True):
        """Runs a command in the pool; gives its stdout."""
        done = subprocess.run(self.command(*words), cwd=cwd or self.share, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def spool(self, cluster, proc):
        """The folder of a job's newest checkpoint, as the host sees it."""
        return self.spool_root / str(cluster % 10000) / str(proc % 10000) / f"cluster{cluster}.proc{proc}.subproc0"

    def commands(self, folder):
        """A folder for PATH with HTCondor's commands, each of which runs in the pool."""
        folder.mkdir(parents=True)
        for name in ("condor_evicted_files", "condor_history", "condor_hold", "condor_q", "condor_release", "condor_rm",
                     "condor_submit", "condor_vacate_job", "condor_version"):
            program = folder / name
            program.write_text(f'#!/bin/sh\nexec "{SCRIPT}" -s "{self.state}" exec {name} "$@"\n')
            program.chmod(0o755)
        return folder

    def give(self, path):
        """Lets the submitting user own what lies there."""
        if os.getuid() != 0:
            return
        for folder, _, files in os.walk(path):
            for each in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(each, USER, USER, follow_symlinks=False)
