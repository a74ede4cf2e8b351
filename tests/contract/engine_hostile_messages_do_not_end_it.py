"""What is no message of ours is sent away; the jobs run on, and others are heard."""
import socket
import struct

from clause import *

with World() as world:
    world.job("gate running\n: > result\n")
    world.cairn("submit", "job.sub")
    world.wait_for_gate("running")

    def say(content):
        visitor = socket.socket(socket.AF_UNIX)
        visitor.settimeout(PATIENCE)
        visitor.connect(str(world.home / "engine/socket"))
        try:
            visitor.sendall(content)
            return visitor.recv(1)
        except (BrokenPipeError, ConnectionResetError):
            return b""
        finally:
            visitor.close()

    nested = b"\x91" * 1_000_000  # one level a byte
    for message in (nested, b"", b"\xc1", b"\x81\xa4verb\x63"):
        equal(say(struct.pack("<I", len(message)) + message), b"")
    equal(say(struct.pack("<I", 0xFFFFFFFF)), b"")
    equal(world.state(), "running")
    world.open_gate("running")
    wait_for(lambda: world.state() == "completed", "the job's end")
    world.cairn("engine", "--stop")
