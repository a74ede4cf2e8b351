#!/usr/bin/python3
"""What `cairn wrap` costs beside `timeout` and a bash wrapper, in the same run.

    bench/wrap/wrap_bench.py --build build/release
Start-up: /bin/true under each, milliseconds more than without.  Waiting: CPU and memory of the wrapper itself beside a program that sleeps and
beside one that appends a line to its output every millisecond.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

BASH = """trap 'kill -TERM $child' TERM
"$@" & child=$!
wait $child
"""


def milliseconds(command, folder, runs):
    times = []
    for _ in range(runs):
        shutil.rmtree(folder / "wrap.ckpt", ignore_errors=True)
        begin = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def cost_of_waiting(command, folder, seconds):
    """(percent of a core, peak of its own memory in kB) of the process that the command starts, without its children."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    # schedstat counts nanoseconds; stat only hundredths of a second
    spent = int(pathlib.Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e9
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    memory = int(status.split("VmHWM:")[1].split()[0])
    assert fields
    process.terminate()
    process.wait()
    return 100 * spent / seconds, memory


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    wrapper = str((options.build / "cairn-wrap").resolve())
    with tempfile.TemporaryDirectory(dir=os.environ.get("CAIRN_BENCH_FOLDER")) as name:
        folder = pathlib.Path(name)
        (folder / "bash.sh").write_text(BASH)
        (folder / "writer.py").write_text("import time\nwith open('log', 'a', buffering=1) as f:\n"
                                          "    while True:\n        f.write('a line\\n')\n        time.sleep(0.001)\n")
        wrap = [wrapper, "--checkpoint-files", "state", "--quiet"]
        watching = [*wrap, "--rollback", "log", "--when-renewed", "--every", "1h", "--stall", "10m", "--"]
        bare = milliseconds(["/bin/true"], folder, options.runs)
        print(f"/bin/true alone: {bare:.2f} ms")
        for what, prefix in (("cairn-wrap", [*wrap, "--"]), ("timeout", ["timeout", "1000"]), ("bash wrapper", ["bash", "bash.sh"])):
            print(f"start-up, {what}: {milliseconds([*prefix, '/bin/true'], folder, options.runs) - bare:.2f} ms")
        for what, command in (("a sleeper", ["/bin/sleep", "1000"]), ("a program that writes 1000 lines a second", ["/usr/bin/python3", "writer.py"])):
            for wrapped, prefix in (("cairn-wrap", watching), ("timeout", ["timeout", "1000"]), ("bash wrapper", ["bash", "bash.sh"])):
                shutil.rmtree(folder / "wrap.ckpt", ignore_errors=True)
                percent, memory = cost_of_waiting([*prefix, *command], folder, options.seconds)
                print(f"beside {what}, {wrapped}: {percent:.4f} % of a core, {memory} kB")


if __name__ == "__main__":
    main()
