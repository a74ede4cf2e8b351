"""`cairn verify` of a job that overwrites its checkpoint in place: all forms of the report say so, the named command repeats exactly that cut, and
the job's folder holds afterwards what it held before."""
import json
import shlex
import sys
import xml.dom.minidom

from clause import *

TOY = f"""#!{sys.executable}
import os, sys
step = int(open("state.dat").read()) if os.path.exists("state.dat") else 0
while step < 6:
    step += 1
    if step in (2, 4):
        with open("state.dat", "w") as file:
            file.write(str(step))
        sys.exit(77)
open("the result.csv", "w").write(f"it's {{step}}\\n")
"""

with World() as world:
    scratch = world.root / "scratch"
    scratch.mkdir()
    world.write("toy.py", TOY, 0o755)
    before = sorted(p.name for p in world.folder.iterdir())
    page, cases = world.root / "report.html", world.root / "report.xml"
    options = ("--checkpoint-exit-code", "77", "--checkpoint-files", "state.dat", "--outputs", "the result.csv", "--scratch", scratch,
               "--set", "max_retries = 3")
    finished = world.cairn("verify", "--json", "--html", page, "--junit", cases, "--seed", "5", "--only", "killed", *options,
                           "--", "./toy.py", "it's", "", "two words", status=1)
    report = json.loads(finished.out)
    equal(report["verdict"], "fail")
    (killed,) = report["properties"]
    equal((killed["name"], killed["verdict"]), ("killed", "fail"))
    equal(finished.err, "")  # no progress line where there is no terminal

    words = shlex.split(killed["repeat"])
    equal(words[:2], ["cairn", "verify"])
    equal(words[words.index("--"):], ["--", "./toy.py", "it's", "", "two words"])
    for option in ("--json", "--html", "--junit"):
        assert option not in words, f"{option} in {words}"
    repeated = json.loads(world.cairn(words[1], "--json", *words[2:], status=1).out)
    (again,) = repeated["properties"]
    equal((again["name"], again["verdict"]), ("killed", "fail"))
    equal((again["flaws"][0]["seen"], again["repeat"]), (killed["flaws"][0]["seen"], killed["repeat"]))

    text = world.cairn("verify", *words[2:], status=1).out
    for part in ("killed        FAIL", killed["repeat"], "not safe to be cut off"):
        contains(text, part)
    assert "\x1b" not in text, "colours, and no terminal"
    equal(xml.dom.minidom.parse(str(cases)).documentElement.getAttribute("failures"), "1")
    contains(xml.dom.minidom.parse(str(page)).documentElement.toxml(), "--only killed --cut")
    equal(sorted(p.name for p in world.folder.iterdir()), before)
    equal(list(scratch.iterdir()), [])
