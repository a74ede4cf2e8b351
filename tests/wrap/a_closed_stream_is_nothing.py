"""Where a standard stream is closed, the program has /dev/null there, and no file of the wrapper's."""
import subprocess
from wrapping import LOG, PYTHON, STATE, WRAP, World

for closed in ("<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"):
    with World() as world:
        for _ in range(100):
            code = subprocess.run(["/bin/sh", "-c", f'exec "$@" {closed}', "sh", WRAP, *STATE, *LOG, "--every", "300ms", "--", PYTHON,
                                   "-B", "counter.py", "200"], cwd=world.folder, check=False, stdout=subprocess.DEVNULL).returncode
            if code != 77:
                break
        assert code == 0, (closed, code)
        world.expect_result()
        world.expect_log()
