#!/usr/bin/env python3
"""Fills in what a real HTCondor says to the expressions of evaluate.txt.

    ask_htcondor.py POOL_COMMAND... < old > new     e.g. htcondor-pool.sh -d DIR exec

An entry is the expression, `: ` and how HTCondor writes it back (left out if the same), `= ` and
its value, or `refused`.  Lines before the first expression that begin with `ad ` are the job ad around them.
condor_q reads the ad from a file; nothing runs.
"""
import os
import re
import subprocess
import sys

SHARE = os.environ.get("SHARE")  # a folder that the pool sees as /share


def ask(pool, ad, expressions, option):
    """{number: what condor_q prints}; expressions is {number: text}."""
    with open(os.path.join(SHARE, "ask.ad"), "w") as file:
        file.write("MyType = \"Job\"\nClusterId = 1\nProcId = 0\n" + "".join(line + "\n" for line in ad))
        for number, expression in expressions.items():
            file.write(f"T{number} = {expression}\n")
        file.write("Last = 1\n")
    answer = {}
    names = [f"T{number}" for number in expressions] + ["Last"]
    for start in range(0, len(names), 200):
        out = subprocess.run([*pool, "condor_q", "-jobads", "/share/ask.ad", "-af:ln" + option, *names[start:start + 200]],
                             capture_output=True, text=True)
        for line in out.stdout.splitlines():
            if match := re.match(r"^ ?(T\d+|Last) = ?(.*)$", line):
                answer[match.group(1)] = match.group(2)
    return answer


def refused(pool, ad, expressions):
    """The numbers of those that it cannot parse: reading an ad ends at the first."""
    bad = set()
    while True:
        left = {n: e for n, e in expressions.items() if n not in bad}
        answer = ask(pool, ad, left, "r")
        if answer.get("Last") == "1":
            return bad
        bad.add(next(n for n in left if answer.get(f"T{n}") == "undefined" and "undefined" not in left[n].lower()))


def main():
    ad, expressions, comments = [], [], {}
    for line in sys.stdin.read().splitlines():
        if line.startswith("ad "):
            ad.append(line[3:])
        elif line.startswith("#") or not line:
            comments.setdefault(len(expressions), []).append(line)
        elif not line.startswith((": ", "=", "> ", ">: ")):
            expressions.append(line)
    pool = sys.argv[1:]
    bad = refused(pool, ad, dict(enumerate(expressions)))
    good = {n: e for n, e in enumerate(expressions) if n not in bad}
    values, texts = ask(pool, ad, good, "V"), ask(pool, ad, good, "r")
    for line in ad:
        print("ad " + line)
    for number, expression in enumerate(expressions):
        for comment in comments.get(number, []):
            print(comment)
        print(expression)
        if number in bad:
            print("= refused")
            continue
        if texts[f"T{number}"] != expression:
            print(": " + texts[f"T{number}"])
        print("= " + values.get(f"T{number}", "?"))


if __name__ == "__main__":
    main()
