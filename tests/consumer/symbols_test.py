"""libcairn is a guest: symbols_test.py LIBCAIRN.

It exports cairn_* and cairn:: and nothing else, so that it clashes with nobody's zstd or xxhash; it is
called libcairn.so.0; and it brings no library but those that every C++ program has.
"""
import re
import subprocess
import sys

ALLOWED = re.compile(r"(cairn_\w+|(vtable for |typeinfo for |typeinfo name for |VTT for )?cairn::.*)$")
GUESTS = re.compile(r"(libc|libm|libstdc\+\+|libgcc_s|ld-linux-[\w-]+)\.so\.\d+$")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exported(library):
    lines = run("nm", "--dynamic", "--defined-only", "--demangle", library).splitlines()
    return [line.split(" ", 2)[2].split("@")[0] for line in lines]


def foreign(names):
    return [name for name in names if not ALLOWED.match(name)]


def dynamic(library, tag):
    return re.findall(r"\(%s\).*\[(.+)\]" % tag, run("readelf", "--dynamic", "--wide", library))


def main(library):
    # The canary: what must not be exported would be seen.
    assert foreign(["ZSTD_compress", "XXH3_64bits", "std::vector<cairn::Error>::~vector()"]), "sees nothing"
    names = exported(library)
    assert any(name == "cairn_session_open" for name in names), names
    assert any(name.startswith("cairn::Session::restore") for name in names), names
    assert not foreign(names), "exported, though not Cairn's: %s" % foreign(names)
    assert dynamic(library, "SONAME") == ["libcairn.so.0"], dynamic(library, "SONAME")
    uninvited = [name for name in dynamic(library, "NEEDED") if not GUESTS.match(name)]
    assert not uninvited, "needs %s" % uninvited
    print("%d symbols, all of them Cairn's" % len(names))


if __name__ == "__main__":
    main(*sys.argv[1:])
