#!/usr/bin/python3
"""Whether the recipes of `cairn wrap` keep the real programs: see programs.toml.

programs_test.py loop NAME        ended again and again, and each time gone on on another machine, the program has the result
                                  that it has when nobody wraps it
programs_test.py names NAME       the same with other file names and forms of options, as a user may write them
programs_test.py verify NAME      `cairn verify`, with the program alone as the reference
programs_test.py table            whether programs.toml, the folders here, recipes/ and docs/recipes/ name the same programs
programs_test.py refused          whether recipes refuse what they cannot keep; no program is needed for it
programs_test.py packages [few]   the Debian packages, in one line
Exit status 77: the program is not installed.
"""
import fnmatch
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
KEYS = {"packages", "probe", "recipe", "verify", "exits", "for_verify", "names", "alone", "refused"}
PATIENCE = 1400  # seconds after which nothing more will come
MOST = 100       # restarts
TABLE = tomllib.loads((HERE / "programs.toml").read_text())


def few():
    return re.findall(r"^\[([^]]+)\].*# few", (HERE / "programs.toml").read_text(), re.M)


# ---- the job

class Job:
    """The submit file NAME.sub: its commands, and the two command lines, wrapped and alone."""

    def __init__(self, name, names=()):
        """names: pairs of texts; in file names, in the submit file and in other text the first becomes the second."""
        self.name, self.source, self.names = name, HERE / name, names
        self.text = self.renamed((self.source / f"{name}.sub").read_text())
        self.commands = {key.strip().lower(): value.strip() for key, _, value in
                         (line.partition("=") for line in self.text.splitlines() if not line.startswith("#"))}
        self.wrapped = self.commands["arguments"]
        self.alone = self.wrapped.partition(" -- ")[2]
        # A program whose results go to the user's home is alone in a home of its own.
        if options := TABLE[name].get("alone"):
            self.alone = f"./cairn-wrap {options} -- {self.alone}"
        self.environment = dict(pair.split("=", 1) for pair in split(self.commands.get("environment", "")))

    def renamed(self, text):
        for old, new in self.names:
            text = text.replace(old, new)
        return text

    def words(self, key):
        return [word.strip() for word in self.commands.get(key, "").split(",") if word.strip()]

    def lay_out(self, folder):
        """As a user has it, with all that the submit file names, and alone.sub: the program without us."""
        shutil.copytree(self.source, folder)
        shutil.copy(os.environ["CAIRN_WRAP_PROGRAM"], folder / "cairn-wrap")
        if (folder / "make_input.py").exists():
            subprocess.run([sys.executable, "make_input.py"], cwd=folder, check=True,
                           env={**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"})
        for path in [path for path in folder.iterdir() if self.names and path.is_file()]:
            if path.suffix != ".py" and b"\0" not in path.read_bytes():
                path.write_text(self.renamed(path.read_text()))
            path.rename(folder / self.renamed(path.name))
        program, arguments = self.alone.split(" ", 1)
        ours = ("executable", "arguments", "checkpoint_exit_code", "transfer_checkpoint_files")
        kept = [line for line in self.text.splitlines() if line.partition("=")[0].strip().lower() not in ours]
        head = ["executable = cairn-wrap"] if program == "./cairn-wrap" else \
            [f"executable = {shutil.which(program)}", "transfer_executable = false"]
        head.append(f"arguments = {arguments}")
        (folder / "alone.sub").write_text("\n".join(head + kept) + "\n")

    def sandbox(self, home, folder):
        folder.mkdir()
        for name in ["cairn-wrap", *self.words("transfer_input_files")]:
            (shutil.copytree if (home / name).is_dir() else shutil.copy)(home / name, folder / name.split("/")[-1])


# What quotes mean in a submit file's arguments: in the old form nothing, in the new form a word.
def split(arguments):
    if not arguments.startswith('"'):
        return arguments.split()
    return [word.replace("''", "'") for word in shlex.split(arguments[1:-1].replace('""', '\\"'))]


def run(command, folder, environment=None, out="stdout"):
    with open(folder / out, "ab") as output, open(folder / "stderr", "ab") as errors:
        return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                              env={**os.environ, **(environment or {})},
                              timeout=PATIENCE, check=False).returncode


# ---- comparing, as `cairn verify` does with the same options

def lines(path, ignored):
    return [line for line in path.read_bytes().decode(errors="surrogateescape").splitlines()
            if not any(fnmatch.fnmatchcase(line, pattern) for pattern in ignored)]


def near(one, other, tolerance):
    if one == other:
        return True
    try:
        one, other = float(one), float(other)
    except ValueError:
        return False
    return abs(one - other) <= tolerance * max(abs(one), abs(other), 1)


def differences(job, options, reference, candidate):
    values = {"--ignore": [], "--tolerance": [], "--compare": []}
    for key, value in zip(options, options[1:]):
        if key in values:
            values[key].append(value)
    wrong = []
    if values["--compare"]:
        command = [word.format(reference=reference, candidate=candidate) for word in shlex.split(values["--compare"][0])]
        done = subprocess.run(command, cwd=reference.parent / "home", capture_output=True, text=True, timeout=PATIENCE, check=False)
        return [f"{' '.join(command)}: {done.stdout}{done.stderr}"] if done.returncode else []
    tolerance = float(values["--tolerance"][0]) if values["--tolerance"] else 0
    outputs = [name for name in job.words("transfer_output_files") if name != '""']
    for name in outputs + (["stdout"] if "output" in job.commands else []):
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in values["--ignore"]):
            continue
        if (reference / name).read_bytes() == (candidate / name).read_bytes():
            continue
        here, there = (lines(folder / name, values["--ignore"]) for folder in (reference, candidate))
        if len(here) != len(there):
            wrong.append(f"{name} has {len(there)} lines instead of {len(here)}")
        for number, (one, other) in enumerate(zip(here, there), 1):
            fields = list(zip(re.split(r"[\s,;:=()]+", one), re.split(r"[\s,;:=()]+", other)))
            if one != other and not (tolerance and all(near(*pair, tolerance) for pair in fields)):
                wrong.append(f"{name}, line {number}: {other!r} instead of {one!r}")
                break
    return wrong


# ---- the tests

def kept(job, home, scratch):
    """Each execution on a new machine: nothing goes there but the inputs and the checkpoint."""
    scratch.mkdir()
    said, last = "", None
    for restarts in range(MOST):
        here = scratch / f"machine-{restarts}"
        job.sandbox(home, here)
        for checkpoint in job.words("transfer_checkpoint_files") if last else []:
            (shutil.copytree if (last / checkpoint).is_dir() else shutil.copy)(last / checkpoint, here / checkpoint)
        code, last = run(["./cairn-wrap", *split(job.wrapped)], here, job.environment), here
        said += (here / "stderr").read_text()
        if code != 77:
            break
    return restarts, code, last, said


def loop(name, entry, scratch, names=()):
    job = Job(name, names)
    home, plain = scratch / "home", scratch / "alone"
    job.lay_out(home)
    job.sandbox(home, plain)
    good = run(split(job.alone), plain, job.environment)
    assert good in entry.get("exits", [0]), \
        f"alone, {job.alone} exits with {good}:\n{(plain / 'stderr').read_text()}{(plain / 'stdout').read_text()}"
    # A fast machine may be through before it was ended twice.
    for attempt in range(4):
        restarts, code, last, said = kept(job, home, scratch / f"kept-{attempt}")
        if restarts > 1:
            break
        job.wrapped = re.sub(r"--every (\d+)(ms|s)\b", lambda every: f"--every {int(every[1]) * (1000 if every[2] == 's' else 1) // 2}ms",
                             job.wrapped)
    assert code == good, f"exit status {code}:\n{said[-3000:]}{(last / 'stdout').read_text()[-3000:]}"
    assert restarts > 1, f"it was ended {restarts} times only: the input or --every is wrong\n{said[-3000:]}"
    wrong = differences(job, entry.get("verify", []), plain, last)
    print(f"{name}: ended {restarts} times; {'as' if not wrong else 'NOT as'} when it runs alone")
    return wrong


def names(name, entry, scratch):
    return loop(name, entry, scratch, entry["names"])


def verify(name, entry, scratch):
    job = Job(name)
    job.lay_out(scratch / "home")
    for submit in (scratch / "home").glob("*.sub"):
        for old, new in entry.get("for_verify", {}).items():
            submit.write_text(submit.read_text().replace(old, new))
    done = subprocess.run([os.environ["CAIRN"], "verify", f"{name}.sub", "--reference", "alone.sub", *entry.get("verify", [])],
                          cwd=scratch / "home", env={**os.environ, "CAIRN_HOME": str(scratch / "cairn")}, timeout=PATIENCE,
                          check=False)
    return [f"cairn verify exits with {done.returncode}"] if done.returncode else []


def refused():
    wrong = []
    for name, entry in TABLE.items():
        for command, says, *edits in entry.get("refused", []):
            with tempfile.TemporaryDirectory(prefix=f"cairn-{name}-") as scratch:
                folder = pathlib.Path(scratch) / "home"
                shutil.copytree(HERE / name, folder)
                for file, old, new in edits:
                    text = (folder / file).read_text()
                    assert old in text, f"{file} has no {old}"
                    (folder / file).write_text(text.replace(old, new))
                done = subprocess.run([os.environ["CAIRN_WRAP_PROGRAM"], "--recipe", ROOT / f"recipes/{entry.get('recipe', name)}.recipe",
                                       "--", *command.split()],
                                      cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
                if done.returncode != 2 or says not in done.stderr or (folder / "wrap.ckpt").exists():
                    wrong.append(f"{command}: exit status {done.returncode}, and not 2 with {says!r}: {done.stderr[:500]}")
    return wrong


def table():
    wrong = []
    folders = {path.name for path in HERE.iterdir() if path.is_dir() and not path.name.startswith("_")}
    wrong += [f"tests/programs: {name} is not in both, programs.toml and a folder" for name in folders ^ set(TABLE)]
    recipes = {path.stem for path in (ROOT / "recipes").glob("*.recipe")}
    wrong += [f"recipes/{name}.recipe is tried by no entry of programs.toml"
              for name in recipes - {entry.get("recipe", name) for name, entry in TABLE.items()}]
    overview = (ROOT / "docs/wrap.md").read_text()
    for name, entry in TABLE.items():
        wrong += [f"programs.toml, {name}: {key} is no key" for key in set(entry) - KEYS]
        recipe = entry.get("recipe", name)
        page = ROOT / f"docs/recipes/{recipe}.md"
        if recipe not in recipes:
            wrong.append(f"programs.toml, {name}: there is no recipes/{recipe}.recipe")
        if not page.exists() or Job(name).text not in page.read_text():
            wrong.append(f"docs/recipes/{recipe}.md does not show tests/programs/{name}/{name}.sub, word by word")
        if f"](recipes/{recipe}.md)" not in overview:
            wrong.append(f"docs/wrap.md does not link to docs/recipes/{recipe}.md")
        for link in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text() if page.exists() else ""):
            if not (page.parent / link).exists():
                wrong.append(f"{page.name} links to {link}, which does not exist")
    return wrong


def main(what, name=""):
    if what == "packages":
        chosen = few() if name == "few" else TABLE
        print(*sorted({package for each in chosen for package in TABLE[each]["packages"]}))
        return 0
    if what in ("table", "refused"):
        wrong = {"table": table, "refused": refused}[what]()
    else:
        entry = TABLE[name]
        try:
            installed = subprocess.run(shlex.split(entry["probe"]), stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
        except OSError:
            installed = False
        if what == "names" and "names" not in entry:
            return 0
        if not installed:
            print(f"skipped: {name} is not installed; apt-get install {' '.join(entry['packages'])}")
            return 77
        with tempfile.TemporaryDirectory(prefix=f"cairn-{name}-") as scratch:
            wrong = {"loop": loop, "names": names, "verify": verify}[what](name, entry, pathlib.Path(scratch))
    for each in wrong:
        print(each)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
