"""Every case of cases.py, under Cairn and under a real HTCondor: the same, or a difference that is listed with its reason.

    differential_test.py                     both sides; needs a pool that runs (with_pool)
    differential_test.py --golden            Cairn against what the pool did when it was recorded
    differential_test.py --record            writes down what the pool does now
    ... --job NAME                           one case, or several
    ... --keep                               keeps the folders, and says where they are

CAIRN names the program.  The canary: an outcome with one line changed must be told apart.
"""
import argparse
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cases import CASES
from outcome import comparable, difference
from sides import SLOTS, CairnSide, PoolSide, Stuck, play

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"


def run_side(side, cases, width):
    """{name: outcome or the sentence that says why there is none}."""
    outcomes, troubles = {}, {}
    runs = side.prepare(cases)
    slots = threading.Semaphore(width)

    def one(run):
        try:
            with slots:
                if hasattr(side, "begin"):
                    side.begin(run)
                if not run.refusal:
                    play(side, run)
                if side.one_by_one:
                    outcomes.update(side.finish([run]))
        except (Stuck, AssertionError, OSError) as problem:
            troubles[run.case.name] = f"{problem}"

    threads = [threading.Thread(target=one, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not side.one_by_one:
        outcomes.update(side.finish([run for run in runs if run.case.name not in troubles]))
    return outcomes, troubles


def judge(case, theirs, ours):
    """What is wrong, as lines; nothing if the two agree or differ as the table says."""
    found = difference(theirs, ours)
    if ours[0] == "refused":
        found = [f"+ {line.strip()}" for line in ours]
    listed = [line.strip() for line in case.differs.strip().splitlines()]
    if found == listed or (case.at_times and not found):
        return []
    return found if not listed else ["the table lists:", *(f"    {line}" for line in listed), "but it is:",
                                     *(f"    {line}" for line in found)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for flag in ("--golden", "--record", "--keep", "--pool-only", "--show"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--job", action="append", choices=sorted(CASES), metavar="NAME")
    options = parser.parse_args()
    cases = [CASES[name] for name in options.job or CASES]

    sample = ["log", "  000", "  CommittedTime = ~4"]
    assert not difference(sample, ["log", "  000", "  CommittedTime = ~5"]), "a tolerance is one"
    assert difference(sample, ["log", "  001", "  CommittedTime = ~4"]), "the comparison catches nothing"
    assert difference(sample, ["log", "  000", "  CommittedTime = ~9"]), "the comparison catches nothing"

    root = pathlib.Path(tempfile.mkdtemp(prefix="cairn-differential-"))
    theirs, troubles, failed = {}, {}, []
    recorded = {}  # of cases in which the pool did otherwise
    begin = time.monotonic()
    if options.golden:
        for case in cases:
            path = GOLDEN / f"{case.name}.txt"
            if path.exists():
                theirs[case.name] = path.read_text().splitlines()
            else:
                troubles[case.name] = "no golden: differential_test.py --record"
    else:
        from pool import Pool
        pool = Pool()
        share = pathlib.Path(tempfile.mkdtemp(prefix="differential-", dir=pool.share))
        share.chmod(0o755)
        outcomes, troubles = run_side(PoolSide(pool, share), cases, len(cases))
        theirs = {name: outcome.lines() for name, outcome in outcomes.items()}
        if not options.keep:
            shutil.rmtree(share)
        print(f"the pool: {len(theirs)} cases in {time.monotonic() - begin:.0f} s", flush=True)
        if options.record:
            GOLDEN.mkdir(exist_ok=True)
            for name, outcome in outcomes.items():
                (GOLDEN / f"{name}.txt").write_text(outcome.text())
        # A pool that is busy may do a thing or two otherwise: that is said, and no failure.
        for name, lines in theirs.items():
            path = GOLDEN / f"{name}.txt"
            otherwise = difference(path.read_text().splitlines() if path.exists() else [], lines)
            if otherwise:
                recorded[name] = path.read_text().splitlines() if path.exists() else None
                print("\n".join([f"{name}: the pool did otherwise (+) when it was recorded (-)", *(f"    {line}" for line in otherwise)]))
        if options.show:
            for outcome in outcomes.values():
                print(outcome.text())
    for name, trouble in troubles.items():
        failed.append(name)
        print(f"{name}: {trouble}")
    cases = [case for case in cases if case.name in theirs]
    if not options.record and not options.pool_only:
        begin = time.monotonic()
        with CairnSide(os.environ["CAIRN"], root) as side:
            outcomes, troubles = run_side(side, cases, SLOTS)
        print(f"Cairn: {len(outcomes)} cases in {time.monotonic() - begin:.0f} s", flush=True)
        if options.show:
            for outcome in outcomes.values():
                print(outcome.text())
        for case in cases:
            if case.name in troubles:
                failed.append(case.name)
                print(f"{case.name}: {troubles[case.name]}")
                continue
            wrong = judge(case, *(comparable(lines)
                                  for lines in (theirs[case.name], outcomes[case.name].lines())))
            # A pool that is not as it was: Cairn is to be as one of the two.
            if wrong and recorded.get(case.name) and not judge(
                    case, comparable(recorded[case.name]), comparable(outcomes[case.name].lines())):
                wrong = []
            if wrong:
                failed.append(case.name)
                print("\n".join([f"{case.name}: Cairn (+) differs from the pool (-)", *(f"    {line}" for line in wrong)]))
        listed = sum(1 for case in cases if case.differs and case.name not in failed)
        print(f"{len(cases)} cases: {len(cases) - len({c.name for c in cases} & set(failed)) - listed} agree, {listed} differ as listed, "
              f"{len(set(failed))} fail")
    if options.keep:
        print(f"kept: {root}")
    else:
        shutil.rmtree(root, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
