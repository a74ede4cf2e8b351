"""Tests of the Python package, over the libcairn at $CAIRN_LIBRARY or the newest build."""

import os
import pathlib
import random
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PACKAGE))

import cairn  # noqa: E402


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Each test runs in a folder of its own, promised nothing by anybody."""
    monkeypatch.chdir(tmp_path)
    for name in ("_CONDOR_JOB_AD", "CAIRN_CHECKPOINT_EXIT_CODE", "CAIRN_CHECKPOINT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def chance():
    """Random numbers that CAIRN_SEED repeats."""
    seed = int(os.environ.get("CAIRN_SEED") or random.randrange(2**32))
    print("seed=%d" % seed)
    return random.Random(seed)


@pytest.fixture
def start():
    """start(i=0, ...): opens state.ckpt, protects, restores; (session, state, restored)."""
    sessions = []

    def one(options=None, **attributes):
        while sessions:
            sessions.pop().close()
        session = cairn.open(vacate_signal=0, **(options or {}))
        sessions.append(session)
        state = session.protect(**attributes)
        return session, state, session.restore()

    yield one
    while sessions:
        sessions.pop().close()


@pytest.fixture
def program(scratch):
    """program(text): writes it to program.py; run(...) starts it."""

    class Program:
        def __init__(self):
            self.path = scratch / "program.py"

        def write(self, text):
            self.path.write_text(
                "import sys\nsys.path.insert(0, %r)\nimport cairn\n%s" % (str(PACKAGE), text)
            )
            return self

        def popen(self, *arguments, options=(), **environment):
            environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **environment)
            command = [sys.executable, *options, str(self.path), *arguments]
            return subprocess.Popen(
                command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )

        def run(self, *arguments, options=(), **environment):
            process = self.popen(*arguments, options=options, **environment)
            out, error = process.communicate(timeout=120)
            return process.returncode, out, error

    return Program()
