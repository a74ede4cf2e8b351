"""What a careful program does about its checkpoint.  Each faulty program of the corpus does one thing otherwise."""
import json
import os
import sys
import zlib

LEAVE = 77
CHECKPOINTS = "--no-checkpoint" not in sys.argv  # without: a run that never leaves


def work(value):
    """One step of work, about a millisecond."""
    for _ in range(12000):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
    return value


def sync_folder():
    folder = os.open(".", os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def publish(name, content):
    """Replaces a file: after a kill or a power cut it is the old one or the new one."""
    with open(name + ".tmp", "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(name + ".tmp", name)
    sync_folder()


def sealed(content):
    return b"%08x\n" % zlib.crc32(content) + content


def unsealed(content, name):
    checksum, _, body = content.partition(b"\n")
    if checksum != b"%08x" % zlib.crc32(body):
        sys.exit(f"{name} is damaged; remove it to start from zero")
    return body


def save(state, name="state.dat"):
    publish(name, sealed(json.dumps({"arguments": sys.argv[1:], "state": state}).encode()))


def restore(name="state.dat"):
    """The state that was saved last; None if there is none."""
    try:
        with open(name, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        print(f"there is no {name}: starting from zero", file=sys.stderr)
        return None
    saved = json.loads(unsealed(content, name))
    if saved["arguments"] != sys.argv[1:]:
        sys.exit(f"{name} is a checkpoint of the arguments {saved['arguments']}, not of {sys.argv[1:]}")
    return saved["state"]


def run(main):
    """main() returns the exit status; what the system refuses is said in one sentence."""
    try:
        status = main()
        sys.stdout.flush()
    except OSError as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {error}")
    sys.exit(status)
