"""Reads every #include of src/ against the table in docs/architecture.md."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PUBLIC = {"session", "serializable", "cairn"}  # headers of include/cairn that belong to session or capi


def table(text):
    section = text.split("## Who may include whom", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| ([a-z]+) \| (.+) \|$", section, re.M)
    return {folder: set(re.findall(r"[a-z]+", allowed)) - {"nothing"} for folder, allowed in rows}


def includes(path):
    return re.findall(r'^\s*#\s*include\s+["<]([a-z_]+)/[^">]+[">]', path.read_text(), re.M)


def violations(allowed, files):
    """(file, folder it includes) for each #include that the table does not allow."""
    found = []
    for path, named in files:
        folder = path.parts[1]
        if folder not in allowed:
            found.append((path, "a folder that is not in the table"))
            continue
        own = allowed[folder] | {folder, "base", "cairn"}
        if path.name.endswith("_test.cc"):
            own |= {"support", "os"}
        if "everything" in own:
            continue
        found += [(path, name) for name in named if name in allowed and name not in own]
    return found


def main():
    allowed = table((ROOT / "docs/architecture.md").read_text())
    assert {"os", "format", "session", "engine"} <= allowed.keys(), "the table was not found"
    # The canary: a format that includes the engine must be caught.
    canary = pathlib.Path("src/format/canary.cc")
    assert violations(allowed, [(canary, ["engine"])]), "the check catches nothing"
    files = sorted(p for p in (ROOT / "src").rglob("*") if p.suffix in (".h", ".cc") and "testdata" not in p.parts)
    assert files
    bad = violations(allowed, [(p.relative_to(ROOT), includes(p)) for p in files])
    for path, name in bad:
        print(f"{path} may not include {name} (docs/architecture.md)", file=sys.stderr)
    print(f"{len(files)} files read, {len(bad)} includes that the table does not allow")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
