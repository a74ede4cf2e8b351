"""The pixels of out.png in two folders; a PNG has its time besides."""
import pathlib
import sys


def pixels(folder):
    data = next(pathlib.Path(folder).glob("*.png")).read_bytes()
    parts, at = {b"IHDR": b"", b"IDAT": b""}, 8
    while at < len(data):
        size, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        if kind in parts:
            parts[kind] += data[at + 8:at + 8 + size]
        at += size + 12
    return parts


sys.exit(0 if pixels(sys.argv[1]) == pixels(sys.argv[2]) else "the pixels differ")
