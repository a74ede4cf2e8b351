"""The pool is a real one: it takes a job, runs it, and says so in the event log."""
import shutil

from pool import Pool

pool = Pool()
folder = pool.share / "hello"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir()
(folder / "hello.sub").write_text("""executable = /bin/echo
arguments = hello
transfer_executable = false
should_transfer_files = YES
output = hello.out
log = hello.log
request_memory = 32
request_disk = 1M
queue
""")
pool.give(folder)
pool.run("condor_submit", "hello.sub", cwd=folder)
pool.run("condor_wait", "-wait", "60", "hello.log", cwd=folder)
assert (folder / "hello.out").read_text() == "hello\n"
assert "Normal termination (return value 0)" in (folder / "hello.log").read_text()
shutil.rmtree(folder)
