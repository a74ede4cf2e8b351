"""Random submit files: the ads that Cairn makes of them are those of a real `condor_submit -dry-run`, or both refuse.

CAIRN_SEED is the first file's seed (1: the same files every time), CAIRN_FILES how many there are.  Of the first file
that is told apart the smallest one that still is gets printed; the file itself stays in the pool's work folder.  What
docs/contract.md lists as a difference is not generated, macros in a circle neither: condor_submit never ends on them.
condor_submit reads one file per process, about 20 ms each.  The canary: a line that Cairn's own contract reads in
another way is seen, and is what is left of its file.
"""
import os
import pathlib
import random
import re
import subprocess
import sys

from pool import Pool

CAIRN = os.environ["CAIRN"]
CANARY = ["executable = /bin/echo", "n = 2", "request_cpus = 1", "transfer_executable = no", 'arguments = "$(n)"', "queue"]
DIED = 128  # the status of a process that a signal ended
NOT_COMPARED = {"qdate", "enteredcurrentstatus", "condorversion", "condorplatform", "diskusage", "imagesize", "executablesize",
                "owner", "user", "globaljobid", "filesystemdomain"}
# The pool of these tests has short times; goldens and Cairn have HTCondor's own.
SETTINGS = {"_CONDOR_JOB_DEFAULT_LEASE_DURATION": "2400", "_CONDOR_SCHEDD_INTERVAL": "300"}
PLACE = {"HOME": "/home/htc", "USER": "htc", "PATH": "/usr/bin:/bin"}

NAMES = ["n", "name", "size", "x", "y", "infile", "My_Var", "a.b"]  # each may refer to those before it
MACROS = NAMES + ["Process", "ProcId", "Cluster", "Step", "Row", "ItemIndex", "Item", "Node", "JobId", "DOLLAR", "nosuch"]
WORDS = ["alpha", "b2", "data/a.dat", "10", "3.5", "-4", "x y", "a,b", "", "foo.tar.gz", "./data/b.dat", "/abs/dir/f.txt", "50%", "it's",
         "a;b", "0x10", "1e3", "'q'", "a\\b", "100 + 2", "true"]
CONDITIONS = ["true", "false", "yes", "no", "0", "2", "-1", "0.0", "TRUE", "defined n", "defined nosuch", "defined $(n)", "$(flag)", "$(nosuch)",
              "version >= 8.0", "version > 23.9", "version < 99", "version == 23.9.6", "version != 23.9", "!true", "! defined x",
              "$(n) > 1", "true && true", "a == b", "version = 23.9", "version > 99", "on"]
EXPRESSIONS = ["true", "ExitCode =!= 0", "NumJobStarts > 3", "(ExitBySignal == True) || (ExitCode != 0)", "$(n) > 2", "Memory > 100",
               "ifThenElse(ExitCode == 1, true, false)", 'strcat("a", "b") == "ab"', "JobStatus == 2 && (time() - JobCurrentStartDate) > 3600",
               'OpSys == "LINUX" && $(n) > 1', "TARGET.Cpus >= 4 && HasFileTransfer", 'Arch == "INTEL"', "10 * 60", "JobStatus =?= 5", "{1, 2}",
               "x ?: 3", "$(x)", "ExitCode = 1", "(ExitCode", "1 +", "a and b", "foo bar", '"text"', "", "[a = 1]", "ExitCode == 'x'"]
SIZES = ["100", "1GB", "1.5 GB", "512MB", "2 G", "2g", "100KB", "1T", "10M", "0", "lots", "1 GiB", "MemoryUsage * 2", "$(n)", "1.", ".5G", "",
         "undefined", "1,000", "5 GB # five", "10  GB", "2*1024", "3 apples"]
WHOLE = ["1", "0", "5", "$(n)", "10 + 1", " 7", "1.5", "abc", "", "3 apples", "$INT(n)"]
BOOLS = ["true", "false", "True", "FALSE", "1", "0", "2", "1.0", "!true", "yes", "no", "t", "maybe", ""]
ARGUMENTS = ['"a b c"', '"a \'b c\' d"', '"say ""hi"" now"', "a b c", 'a \\"b\\" c', "-n $(n) --size $(size)", "'a b' c", '""', '"a', 'a"b',
             '"one \'two', "$(name) $(Process)", '"$$(Arch) $$([1+2])"', "$$(Memory:10)", "x # y", "$ENV(HOME) $ENV(NOPE) $ENV(NOPE:d)",
             "\"a '' b\"", "\"'a'b'c'\"", "$(DOLLAR)x", "$(nosuch:def ault)", "$(nosuch:$(n))", "$(n:$(y:z))", "$(x:a-b)", "a|b&c"]
ENVIRONMENTS = ['"A=1 B=2"', '"A=\'x y\' B=""q"""', "A=1;B=2", "A=1", "A=x y;B=", '"A=1', "A", "=5", "A=$(x);B=$(n)", " A = 1 ; B = 2 ",
                'A=a"b', '"A=1 A=2"', '""', "A=1,B=2", "A==1", "A=$$(Arch)", "A=1;;B=2;", '"C=$(Process)"']
INPUTS = ["data/a.dat", "data/b.dat", "items.txt", "data", "data/", "./data/a.dat", "http://x.org/f.tar", "$(infile)", "/etc/hosts"]
OUTPUTS = ["out.txt", "res/", "res", "state.ckpt", "a/b/c.txt", "out.$(Process)", "$(name).out"]
REMAPS = ['"out.txt=results/out.txt"', '"out.txt = a.txt ; b = c"', '"a=b;c=d;"', '"a=$(Process).txt"', "out.txt=a.txt", '"a=b']
SIGNALS = ["SIGTERM", "SIGUSR1", "15", "sigint", "USR2", "SIGFOO", "99"]
ATTRIBUTES = ['"text"', "1", "1.5", "true", "undefined", '"a $(n) b"', "$(n)", "{1,2}", "[a=1;b=2]", "1024 * 2", '"esc \\"q\\" "', "TARGET.Memory",
              "text", "", "1 +", '"unclosed', "'single'", "a b", "-5", "TRUE"]
TEXTS = ["abc", "my text", "a, b", "$(name)", "it's", "a.b.c", '"quoted text"']
SLICES = ["", "", "", "", "[:2] ", "[1:] ", "[0:3] ", "[::2] ", "[-2:] ", "[:-1] ", "[1] "]


class SubmitFile:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.few = self.random.choice([0.02, 0.1, 0.3])  # how often a value is taken from the odd end of a table
        self.macros = MACROS
        self.is_first = True  # of the queue statements: a later one's on_exit_remove is passed over there

    def one(self, values, usual=6):
        return self.random.choice(values if self.random.random() < self.few else values[:usual])

    def many(self, values):
        separator = self.random.choice([", ", ", ", ",", " , ", ",,", ",\t"])
        return separator.join(self.one(values, 4) for _ in range(self.random.randint(1, 4))) + self.random.choice(["", "", ","])

    def function(self):
        one, name = self.random.choice, self.random.choice(self.macros)
        number = self.random.randint(-5, 5)
        path = one([name, "infile" if "infile" in self.macros else name, "/a/b/c.tar.gz", "data/a.dat", ".hidden", "dir/.x", "a.b.c", "/", "x/"])
        return one([f"$INT({name})", "$INT(" + one(["2+3", "7/2", "7.9", "1e3", "2*n", "Process", "true", "-3", "10 % 4", "n + 1"]) + ")",
                    "$INT(n," + one(["%d", "%05d", "%-5d|", "%x", "%X", "%o", "%+d", "%i"]) + ")",
                    "$REAL(" + one(["1/3.0", "1", "1e20", "2.50", "0.1+0.2", "1e-7", "3.0", "n"]) + ")", "$REAL(n," + one(["%.2f", "%g", "%e", "%08.3f"]) + ")",
                    "$STRING(" + one(["1+1", '"a"', 'strcat("a","b")', "true", "undefined", "1.5", "{1,2}", "3 > 2", "x y"]) + ")",
                    "$STRING(name," + one(["%10s", "%-10s|", "%s", "%.3s"]) + ")", "$EVAL(" + one(["1+1", '"a"', "{1,2}", "[a=1]", "1.50", "size(\"abc\")"]) + ")",
                    f"$SUBSTR({name},{number})", f"$SUBSTR({name},{number},{number + 3})", "$CHOICE(" + one(["0", "1", "n"]) + "," + one(["a,b,c,d,e,f", "a, b, c, d,,e,f"]) + ")",
                    "$ENV(" + one(["HOME", "NOPE", "NOPE:def", "NOPE:", "NOPE:$(n)", "HOME:/x"]) + ")", "$RANDOM_CHOICE(x,x)", "$RANDOM_INTEGER(3,3)",
                    f"$BASENAME({path})", f"$BASENAME({path},.dat)", f"$DIRNAME({path})",
                    "$F" + "".join(self.random.sample("pdnxbqfa", self.random.randint(0, 4))) + f"({path})"])

    def text(self):
        one, parts = self.random.choice, []
        for _ in range(self.random.randint(1, 3)):
            parts.append(one([one(WORDS), f"$({one(self.macros)})", self.function(),
                              f"$({one(self.macros)}:" + one(["d", "a b", "$(n)", "/x/y", "1.5", "a,b", "", "x-y", "$(y:z)", "a=b"]) + ")"]))
        return one(["", " ", "-", "_"]).join(parts)

    def assignment(self):
        name = self.random.choice(NAMES[1:])
        self.macros = NAMES[:NAMES.index(name)] + MACROS[len(NAMES):]
        text = self.text()
        self.macros = MACROS
        return name, text

    def command(self):
        one = self.random.choice
        return one([
            lambda: ("arguments", self.one(ARGUMENTS)), lambda: ("arguments", self.text()), lambda: ("environment", self.one(ENVIRONMENTS, 5)),
            lambda: ("transfer_input_files", self.many(INPUTS)), lambda: (one(["transfer_output_files", "transfer_checkpoint_files"]), self.many(OUTPUTS)),
            lambda: ("transfer_output_remaps", self.one(REMAPS, 4)), lambda: ("should_transfer_files", self.one(["YES", "yes", "IF_NEEDED", "true", "ALWAYS", "NO", "never", "perhaps"], 5)),
            lambda: ("when_to_transfer_output", self.one(["ON_EXIT", "ON_EXIT_OR_EVICT", "ON_SUCCESS", "on_exit", "ON EXIT"], 4)),
            lambda: (one(["stream_output", "stream_error", "preserve_relative_paths", "leave_in_queue", "hold", "erase_output_and_error_on_restart", "log_xml", "manifest"]), self.one(BOOLS)),
            lambda: (one(["request_memory", "request_disk", "RequestMemory", "image_size"]), self.one(SIZES, 9)), lambda: (one(["request_cpus", "request_gpus", "request_foo", "max_retries", "checkpoint_exit_code", "priority", "job_max_vacate_time", "core_size", "allowed_execute_duration"]), self.one(WHOLE, 4)),
            lambda: (one(["on_exit_hold", "on_exit_remove" if self.is_first else "rank", "periodic_hold", "periodic_release", "periodic_remove", "requirements", "rank", "retry_until"]), self.one(EXPRESSIONS, 12)),
            lambda: (one(["description", "batch_name", "email_attributes", "submit_event_notes", "job_machine_attrs", "notify_user", "concurrency_limits"]), self.one(TEXTS)),
            lambda: (one(["kill_sig", "remove_kill_sig"]), self.one(SIGNALS, 4)), lambda: (one(["output", "error", "log"]), self.one(["out.txt", "out.$(Cluster).$(Process)", "/dev/null", "a b.txt", "./o.txt", "$(name).x"], 3)),
            lambda: ("initialdir", self.one(["data", ".", "./data", "data/", "nosuch"], 4)), lambda: ("notification", self.one(["never", "Always", "ERROR", "sometimes"], 3)),
            lambda: (one(["+Foo", "MY.Bar", "+ProjectName"]), self.one(ATTRIBUTES, 11)), self.assignment, lambda: (one(NAMES), one(WORDS)),
            lambda: (lambda name: (name, f"$({name})" + one(["x", " more", ",2"])))(one(NAMES)),
        ])()

    def line(self):
        name, value = self.command()
        return self.random.choice(["", "", "  ", "\t"]) + self.random.choice([name, name, name, name.upper()]) + self.random.choice([" = ", "=", "  = ", "\t=\t"]) + value

    def block(self, depth=0):
        one, chance = self.random.choice, self.random.random()
        if chance < 0.85 or depth > 2:
            return [self.line()]
        if chance < 0.92:
            lines = ["if " + self.one(CONDITIONS, 21), *self.block(depth + 1)]
            for _ in range(one([0, 0, 1, 2])):
                lines += ["elif " + self.one(CONDITIONS, 21), *self.block(depth + 1)]
            return lines + one([[], ["else", *self.block(depth + 1)]]) + ["endif"]
        return one([["# a comment \\"], [""], ["include : inc.conf"], ["include ifexist : nosuch.conf"], ["include : nosuch.conf"], ["warning : careful $(n)"],
                    ["arguments @=end", '"a b', "  c d", '"', "@end"], ["environment @=end", "A=1;", "  B=2", "@end"], ["x @=end", "one", "", "# two", "three $(n)", "@end"],
                    ["name = one \\", "  two"]])

    def queue(self):
        one = self.random.choice
        start = one(["queue", "queue", "Queue", "QUEUE"]) + self.one(["", "", " 2", " $(n)", " 2*2", " 1", " 3", " abc", " -1", " $(nosuch)"])
        variables = one([" name", " x", " x,y", " x y", " name, size", " x,y,name", " a.b", ""])
        items = ["a", "b1", "3", "data/a.dat", "x y", "'q'", "10", "c.txt", "$(n)", '"d"']
        rows = [one(["", "  "]) + one([", ", ",", " ", "\t", " , "]).join(one(items) for _ in range(self.random.randint(1, 4))) for _ in range(self.random.randint(2, 4))]
        return one([[start], [f"{start}{variables} in {one(SLICES)}(" + one([", ", " ", ","]).join(items[:self.random.randint(2, 6)]) + ")"],
                    [f"{start}{variables} in {one(SLICES)}a, b c"], [f"{start}{variables} in (", *rows, ")"], [f"{start}{variables} from {one(SLICES)}(", *rows, *one([[], ["# c"], [""]]), ")"],
                    [f"{start}{variables} from {one(SLICES)}items.txt"], [f"{start}{variables} matching {one(['', 'files ', 'dirs ', 'any '])}{one(SLICES)}{one(['data/*.dat', 'data/*', 'no*'])}"]])

    def lines(self):
        lines = ["executable = " + self.one(["/bin/echo", "/bin/cat", "count.py", "./count.py", "nosuch.sh"], 4), "n = 2", "flag = " + self.random.choice(["1", "0", "true", ""])]
        if self.random.random() < 0.1:
            lines.append("getenv = " + self.one(["HOME", "HOME, USER", "H*,!HOME", "false"], 4))
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            for _ in range(self.random.randint(0, 6)):
                lines += self.block()
            lines += self.queue()
            self.is_first = False
        return lines


def same(value):
    """Values that mean the same, and are written in different ways."""
    if value is None:
        return None
    # An expression that begins with ! or - has a blank before it there.
    value = value.strip()
    # Where a macro at the edge stands for blanks or nothing ("$(nosuch) x"), condor_submit keeps the blank beside it.
    return re.sub(r'^"\s*|\s*"$', '"', value) if value != '"' else value


def ads_of(text):
    """The ads of a dry run; a later ad of a cluster has only what differs from the first one."""
    ads, first = [], {}
    for block in text.split("\n\n"):
        own = {}
        for line in filter(None, block.split("\n")):
            name, _, value = line.partition("=")
            own[name.lower()] = same(value)
        if not own:
            continue
        if "clusterid" in own:
            first = own
        whole = {name: value for name, value in {**first, **own}.items() if name not in NOT_COMPARED}
        # No arguments: of blanks alone, condor_submit makes the old kind.
        if whole.get("args") == '""':
            whole["arguments"] = whole.pop("args")
        ads.append(whole)
    return ads


def difference(theirs, ours):
    """(what, how) is told apart first; nothing: they are the same."""
    if len(theirs) != len(ours):
        return "jobs", f"{len(theirs)} there, {len(ours)} here"
    for number, (there, here) in enumerate(zip(theirs, ours)):
        for name in sorted({*there, *here}):
            if there.get(name) != here.get(name):
                return name, f"job {number}: {there.get(name)} there, {here.get(name)} here"
    return None


class Comparison:
    def __init__(self, pool):
        self.pool, self.accepted, self.died = pool, 0, 0
        self.folder = pool.work / "random_submit_files"
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        for name, text in (("data/a.dat", "a\n"), ("data/b.dat", "b\n"), ("items.txt", "alpha, 1, red\nbeta 2\n# no comment\ndelta,,yellow\n"),
                           ("inc.conf", "n = 3\ny = included\n"), ("count.py", "#!/usr/bin/env python3\nprint(1)\n")):
            (self.folder / name).write_text(text)
        (self.folder / "count.py").chmod(0o755)

    def told_apart(self, files, contract="htcondor"):
        """{name: (what, how)} of those of the files, {name: lines}, that are told apart."""
        for name, lines in files.items():
            (self.folder / name).write_text("\n".join(lines) + "\n")
        self.pool.give(self.folder)
        words = [f"{name}={value}" for name, value in {**SETTINGS, **PLACE}.items()]
        self.pool.run("env", *words, "sh", "-c",
                      "for file; do rm -f $file.ads; timeout 20 condor_submit -dry-run $file.ads $file > $file.said 2>&1 < /dev/null; echo $? > $file.status; done",
                      "sh", *files, cwd=self.folder)
        apart = {}
        for name in files:
            if trouble := self.compare(name, contract):
                apart[name] = trouble
            else:
                for path in self.folder.glob(f"{name}*"):
                    path.unlink()
        return apart

    def compare(self, name, contract):
        file = self.folder / name
        status = int((self.folder / f"{name}.status").read_text())
        here = subprocess.run([CAIRN, "submit", f"--contract={contract}", "--no-lint", "--dry-run", name], cwd=self.folder, env=PLACE, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, errors="replace")
        assert here.returncode in (0, 2), f"{file}: status {here.returncode}: {here.stderr}"
        if status >= DIED:  # $CHOICE beyond its list, and the like: docs/submit.md
            self.died += 1
            return None
        if status == 0 and here.returncode != 0:
            return "refused here", here.stderr.strip()
        if status != 0:
            return None if here.returncode != 0 else ("refused there", (self.folder / f"{name}.said").read_text(errors="replace").strip())
        self.accepted += 1
        there = self.folder / f"{name}.ads"
        return difference(ads_of(there.read_text(errors="replace")) if there.exists() else [], ads_of(here.stdout))

    def smallest(self, lines, what, contract="htcondor"):
        """The lines without all those that can be left out while the same is told apart."""
        size = max(1, len(lines) // 2)
        while True:
            shorter = {f"s{at}.sub": lines[:at] + lines[at + size:] for at in range(0, len(lines), size)}
            apart = self.told_apart(shorter, contract)
            found = next((each for name, each in shorter.items() if apart.get(name, ("",))[0] == what and each), None)
            if found:
                lines = found
            elif size == 1:
                return lines
            size = max(1, min(size, len(lines)) // 2) if not found else min(size, len(lines))


def main():
    comparison = Comparison(Pool())
    seed = int(os.environ.get("CAIRN_SEED") or 1)
    count = int(os.environ.get("CAIRN_FILES") or 300)
    print(f"CAIRN_SEED={seed}", flush=True)
    canary = comparison.told_apart({"canary.sub": CANARY}, "cairn")
    assert canary, "the canary: a job whose executable stays behind is taken for one that brings it"
    left = comparison.smallest(CANARY, canary["canary.sub"][0], "cairn")
    assert left == [CANARY[0], CANARY[3], CANARY[5]], f"the canary: its smallest file is {left}"
    comparison.accepted = 0
    files = {f"f{seed + number}.sub": SubmitFile(seed + number).lines() for number in range(count)}
    apart = comparison.told_apart(files)
    for name, (what, how) in apart.items():
        print(f"{comparison.folder / name}: {what}: {how}\n")
    accepted, died = comparison.accepted, comparison.died
    if apart:
        name, (what, _) = next(iter(apart.items()))
        print("The smallest file of which that is true:", *comparison.smallest(files[name], what), sep="\n  ")
    print(f"{count} files, {accepted} of them accepted, condor_submit died of {died}, {len(apart)} told apart")
    return 1 if apart or accepted < count // 4 or died > count // 20 else 0


if __name__ == "__main__":
    sys.exit(main())
