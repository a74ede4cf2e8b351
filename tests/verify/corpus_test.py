"""Whether `cairn verify` finds the flaw of a program in corpus/, and none where there is none.

corpus_test.py CAIRN NAME [--with FILE]...   verifies corpus/NAME as corpus.toml says; FILE is put beside it
corpus_test.py --table                       whether corpus.toml and corpus/ name the same programs
"""
import argparse
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).parent
PATIENCE = 500  # seconds after which a verification will never end
PROPERTIES = ["reference", "reproducible", "progress", "sufficient", "killed", "vacated", "power_cut", "damaged",
              "foreign", "outputs_once", "disk_full", "cost"]
KEYS = {"options", "fails", "may", "passes", "says", "again"}


def lay_out(name, others, folder):
    """The program's folder as a user has it."""
    shutil.copytree(HERE / "corpus" / name, folder)
    for other in [HERE / "careful.py", *others]:
        if other.is_dir():
            shutil.copytree(other, folder / other.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(other, folder)


def contents(folder):
    return {path.relative_to(folder): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def verify(cairn, arguments, folder):
    """The report as (exit status, overall verdict, {property: what was found})."""
    finished = subprocess.run([cairn, "verify", *arguments, "--json"], cwd=folder, capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
    assert finished.stdout, f"no report, exit status {finished.returncode}: {finished.stderr}"
    report = json.loads(finished.stdout)
    found = {each["name"]: each for each in report["properties"]}
    for name, each in found.items():
        print(f"  {name:13} {each['verdict']:9} {each['evidence']}")
        if each["verdict"] == "fail":
            print(f"{'':26}cause:  {each['cause']}\n{'':26}repeat: {each['repeat']}")
    if report["verdict"] == "undecided":
        print(f"  undecided: {report['why']}")
    return finished.returncode, report["verdict"], found


def failed(found):
    return [name for name, each in found.items() if each["verdict"] == "fail"]


def judge(expected, status, overall, found):
    """What is not as expected, in sentences."""
    fails, wrong = expected.get("fails", []), []
    flaws = failed(found)
    if fails and not set(fails) & set(flaws):
        wrong.append(f"missed: {' or '.join(fails)} must fail")
    wrong += [f"false alarm: {name}: {found[name]['evidence']}" for name in flaws
              if name not in fails + expected.get("may", [])]
    wrong += [f"{name} must pass, but is {found[name]['verdict']}: {found[name]['evidence']}"
              for name in expected.get("passes", []) if found[name]["verdict"] != "pass"]
    told = " ".join(f"{found[name]['evidence']} {found[name]['cause']}" for name in flaws if name in fails).lower()
    if told and "says" in expected and not any(word.lower() in told for word in expected["says"]):
        wrong.append(f"none of {expected['says']} in: {told}")
    if (overall, status) != (("fail", 1) if fails else ("pass", 0)):
        wrong.append(f"the verdict is {overall}, the exit status {status}")
    return wrong


def check(cairn, name, others, expected):
    with tempfile.TemporaryDirectory(prefix=f"cairn-corpus-{name}-") as scratch:
        folder = pathlib.Path(scratch) / "job"
        lay_out(name, others, folder)
        before = contents(folder)
        options = expected.get("options", [])
        print(f"cairn verify {name}.sub {shlex.join(options)}")
        status, overall, found = verify(cairn, [f"{name}.sub", *options], folder)
        wrong = judge(expected, status, overall, found)
        for flaw in failed(found):
            repeat = shlex.split(found[flaw]["repeat"])
            print(shlex.join(repeat))
            assert repeat[:2] == ["cairn", "verify"], f"{flaw}: no command repeats it: {repeat}"
            # A random moment is tried many times, and still need not come again.
            by_chance = any(re.fullmatch(r"(\w+:)?r\d+", word) for word in repeat)
            if flaw not in failed(verify(cairn, repeat[2:], folder)[2]) and not by_chance:
                wrong.append(f"not repeated: {flaw} does not fail by `{shlex.join(repeat)}`")
        if contents(folder) != before:
            wrong.append("the user's folder was written to")
    return wrong


def check_table(table):
    folders = {path.name for path in (HERE / "corpus").iterdir()}
    wrong = [f"{name} is in corpus.toml and not in corpus/" for name in table.keys() - folders]
    wrong += [f"{name} is in corpus/ and not in corpus.toml" for name in folders - table.keys()]
    for name, expected in table.items():
        named = [*expected.get("fails", []), *expected.get("may", []), *expected.get("passes", [])]
        wrong += [f"{name}: {word} is no property" for word in named if word not in PROPERTIES]
        wrong += [f"{name}: {key} means nothing" for key in expected.keys() - KEYS]
    flawed = [name for name, expected in table.items() if "fails" in expected]
    if len(flawed) < 25 or len(table) - len(flawed) < 8:
        wrong.append(f"{len(flawed)} programs with a flaw and {len(table) - len(flawed)} without: too few")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cairn", nargs="?")
    parser.add_argument("name", nargs="?")
    parser.add_argument("--with", dest="others", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    table = tomllib.loads((HERE / "corpus.toml").read_text())
    if arguments.table:
        wrong = check_table(table)
    else:
        expected = table[arguments.name]
        wrong = check(arguments.cairn, arguments.name, arguments.others, expected)
        if "again" in expected:
            wrong += check(arguments.cairn, arguments.name, arguments.others, expected["again"])
    for sentence in wrong:
        print(f"WRONG: {sentence}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
