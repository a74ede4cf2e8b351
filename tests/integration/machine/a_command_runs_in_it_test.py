"""What machine.sh promises: its own kernel, the folders of this machine, output, exit status, no traces."""
import pathlib

import machine

machine.possible()
here = pathlib.Path.cwd()
done = machine.run("sh", "-c", 'pwd; uname -r; echo there > /mnt/trace; ls -1 "$1"; (echo x > trace) 2>/dev/null; exit 7', "sh",
                   str(machine.HERE), capture_output=True, text=True)
lines = done.stdout.splitlines()
assert done.returncode == 7, done
assert lines[0] == str(here) and "machine.sh" in lines[2:], lines
assert lines[1] != pathlib.Path("/proc/sys/kernel/osrelease").read_text().strip(), lines
assert not pathlib.Path("/mnt/trace").exists() and not (here / "trace").exists()
