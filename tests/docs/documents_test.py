"""Runs what the documents show.

A fence behind `<!-- file: NAME -->` is written to a scratch folder of its document; one behind `<!-- run -->` is run there
by bash, line by line until the first failure; `<!-- fails: TEXT -->` must exit non-zero and print TEXT.  Every link to a file must lead somewhere;
every `make TARGET` must exist; docs/cli.md has for each verb exactly the options that its --help has.

    documents_test.py PREFIX DOCUMENT...     PREFIX: where Cairn is installed

They use a copy of it below /tmp, which no machine of `cairn verify` can see, as none can see a checkout in the home folder.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"<!-- (file|run|fails)(?:: (.*?))? -->\n```\w*\n(.*?)^```$", re.M | re.S)


def environment(prefix, home):
    path = os.pathsep.join([f"{prefix}/bin", "/usr/bin", "/bin"])
    return {"PATH": path, "HOME": home, "CAIRN_HOME": f"{home}/.home", "PYTHONPATH": f"{prefix}/share/cairn/python",
            "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig", "LD_LIBRARY_PATH": f"{prefix}/lib", "LANG": "C.UTF-8"}


def run_document(document, prefix):
    """What went wrong, as sentences."""
    text = document.read_text()
    wrong = []
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if "://" not in target and not (document.parent / target).exists():
            wrong.append(f"{document.name} links to {target}, which does not exist")
    with tempfile.TemporaryDirectory() as scratch:
        for kind, argument, body in FENCE.findall(text):
            if kind == "file":
                path = pathlib.Path(scratch, argument)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(body)
                continue
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=scratch, stdin=subprocess.DEVNULL,
                                  env=environment(prefix, scratch), capture_output=True, text=True, timeout=300)
            said = done.stdout + done.stderr
            if kind == "run" and done.returncode != 0:
                wrong.append(f"{document.name}: exit {done.returncode} of\n{body}{said}")
            if kind == "fails" and (done.returncode == 0 or argument not in said):
                wrong.append(f"{document.name}: did not fail with {argument!r}: exit {done.returncode} of\n{body}{said}")
    return wrong


def wrong_targets(document, text):
    """`make TARGET` in indented blocks and fences."""
    known = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M).group(1).split()
    shown = re.findall(r"^(?: {4})?make ([a-z-]+)", text, re.M)
    return [f"{document.name} shows make {target}, which does not exist" for target in shown if target not in known]


def wrong_options(document, text, help_of):
    """Sections `## cairn VERB` against `cairn VERB --help`."""
    wrong = []
    for verb, section in re.findall(r"^## cairn (\w+)\n(.*?)(?=^## |\Z)", text, re.M | re.S):
        said = {option for span in re.findall(r"`([^`]+)`", section) if not span.startswith("systemctl ") for option in re.findall(r"--[a-z][a-z-]+", span)}
        said |= {option for line in re.findall(r"^ {4}cairn .*?(?= -- |$)", section, re.M) for option in re.findall(r"--[a-z][a-z-]+", line)}
        has = set(re.findall(r"^ +(?:-\w,)?(--[a-z][a-z-]+)", help_of(verb), re.M)) - {"--help"}
        wrong += [f"{document.name}: cairn {verb} has no {option}" for option in sorted(said - has)]
        wrong += [f"{document.name}: cairn {verb} {option} is not described" for option in sorted(has - said)]
    return wrong


def main():
    prefix, documents = sys.argv[1], [pathlib.Path(name) for name in sys.argv[2:]]

    def help_of(verb):
        command = [f"{prefix}/bin/cairn", verb, "--help"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    with tempfile.TemporaryDirectory() as folder:  # the canary: a document that does not work is caught
        canary = pathlib.Path(folder, "canary.md")
        canary.write_text("[a](nowhere.md)\n<!-- run -->\n```sh\nfalse\n```\n")
        assert len(run_document(canary, prefix)) == 2, "a broken document is not noticed"
        assert wrong_targets(canary, "    make coffee\n"), "a target that does not exist is not noticed"
        help_ = "  --there TEXT   x\n"
        assert len(wrong_options(canary, "## cairn x\n`--nowhere`\n", lambda _: help_)) == 2, "options are not compared"
    with tempfile.TemporaryDirectory() as folder:
        installed = shutil.copytree(prefix, pathlib.Path(folder, "installed"), symlinks=True)
        wrong = [sentence for document in documents for sentence in run_document(document, installed)]
    for document in documents:
        text = document.read_text()
        wrong += wrong_targets(document, text) + wrong_options(document, text, help_of)
    print("\n".join(wrong) or f"{len(documents)} documents ran as they say")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
