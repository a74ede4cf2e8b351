"""What became of a case, as text that two sides can be compared by.

Left out, since no two runs are alike in it: times, hosts, slots, pids, sizes of images, bytes
sent, CPU time, the table of resources.
"""
import hashlib
import os
import re
import stat

# What a job's life changes in its ad, as far as it does not depend on the machine or the moment.
ATTRIBUTES = ("CheckpointNumber", "ExitBySignal", "ExitCode", "ExitSignal", "ExitStatus", "HoldReason", "HoldReasonCode",
              "HoldReasonSubCode", "JobRunCount", "JobStatus", "LastHoldReasonCode", "LastHoldReasonSubCode", "LastJobStatus",
              "NumCkpts", "NumHolds", "NumHoldsByReason", "NumJobCompletions", "NumJobMatches", "NumJobStarts", "NumRestarts",
              "NumShadowStarts", "NumSystemHolds", "NumVacates", "NumVacatesByReason", "VacateReasonCode", "VacateReasonSubCode")
TIMED = ("CommittedSlotTime", "CommittedTime")  # whole seconds, with a tolerance
TOLERANCE_SECONDS = 2
SHOWN_BYTES = 2000

EVENT = re.compile(r"(\d{3}) \((\d+)\.(\d+)\.\d+\) (?:\d{4}-\d\d-\d\d|\d\d/\d\d) \d\d:\d\d:\d\d(?:\.\d+)?Z? (.*)")


class Event:
    def __init__(self, number, proc, headline, body):
        self.number, self.proc, self.headline, self.body = number, proc, headline, body


def read_log(path):
    """The whole events of a job event log; a torn one at the end is not there yet."""
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return []
    events = []
    for each in text.split("\n...\n")[:-1]:
        head, *body = each.split("\n")
        match = EVENT.fullmatch(head)
        assert match, f"{path}: not an event: {head!r}"
        events.append(Event(match[1], int(match[3]), match[4], [line.strip() for line in body]))
    return events


def plain(text):
    """Without what differs from machine to machine."""
    text = re.sub(r"slot\d+(_\d+)?@[\w.-]+", "SLOT", text)
    text = re.sub(r"<[\d.:]+\?[^>]*>", "HOST", text)
    text = re.sub(r"(starter|execution point|access point) [\w.-]*[\w]", r"\1 NAME", text)
    text = re.sub(r"/\S*/(dir_\d+|sandbox-\d+)\b", "SANDBOX", text)
    text = re.sub(r"/share/differential-[^/]+/\w+|/\S*?/cairn-differential-[^/]+/\w+/submit", "FOLDER", text)
    text = re.sub(r"<[\d.]+:\d+>", "ADDRESS", text)
    text = re.sub(r"via (condor_|cairn )(hold|release|rm|remove) \(by user \w+\)",
                  lambda match: f"via {match[2].replace('remove', 'rm')} (by user USER)", text)
    return text


USAGE = re.compile(r"Usr \d|\d+  -  |Partitionable Resources|\w[\w() ]+ +: |$|Job terminated (of its own|by itself)|\(0\) CPU times$")


def words_of(event):
    """One line for an event, or nothing for those that depend on the moment."""
    n, body = event.number, event.body
    if n == "006" or event.headline.startswith("Entered queue to transfer"):
        return None
    if n == "000":
        return "000"
    if n == "001":
        return "001"
    if n == "040":
        return f"040 {event.headline}"
    lines = [plain(line) for line in body if not USAGE.match(line)]
    if n == "021" and re.match(r"Code 1[23] ", lines[-1]):
        return "021 of a transfer"  # a pool names addresses and both its processes
    headline = plain(event.headline) if n not in ("004", "005", "009", "012", "013", "021") else ""
    return " | ".join([" ".join(filter(None, [n, headline])), *lines])


def log_lines(events, proc):
    lines = [line for event in events if event.proc == proc and (line := words_of(event))]
    # A pool writes 001 before or after the end of the transfer, as it happens.
    for i in range(len(lines) - 1):
        if lines[i] == "001" and lines[i + 1] == "040 Finished transferring input files":
            lines[i], lines[i + 1] = lines[i + 1], lines[i]
    # It says at times twice what the shadow and the schedd both know, and of a transfer that
    # failed at times that it is finished.
    return [line for i, line in enumerate(lines)
            if not (i > 0 and line == lines[i - 1] and line[:3] in ("012", "013", "009")) and
            not (line.startswith("040 Finished") and lines[i + 1:i + 2] and lines[i + 1].startswith("021"))]


def file_line(root, path):
    name = os.path.relpath(path, root)
    info = os.lstat(path)
    if stat.S_ISLNK(info.st_mode):
        return f"{name} -> {os.readlink(path)}"
    if not stat.S_ISREG(info.st_mode):
        return f"{name} is a special file"
    content = path.read_bytes()
    if len(content) > SHOWN_BYTES:
        shown = f"{len(content)} bytes, {hashlib.sha256(content).hexdigest()[:16]}"
    else:
        shown = repr(content.decode("utf-8", "backslashreplace"))
    return f"{name} {stat.S_IMODE(info.st_mode):04o} {shown}"


def folder_lines(root, leave_out=()):
    # .update.ad: HTCondor's own, left out by itself since 23.10.1.
    leave_out = {*leave_out, ".update.ad"}
    lines = []
    for folder, folders, files in os.walk(root):
        here = root / os.path.relpath(folder, root)
        for name in folders:
            if name not in leave_out or here != root:
                path = here / name
                lines.append(file_line(root, path) if path.is_symlink() else f"{os.path.relpath(path, root)}/")
        folders[:] = [name for name in folders if not (here == root and name in leave_out)]
        lines += [file_line(root, here / name) for name in files if not (here == root and name in leave_out)]
    return sorted(lines)


def ad_lines(ad, timed):
    lines = []
    for name in (*ATTRIBUTES, *(TIMED if timed else ())):
        value = ad.get(name)
        if value is None:
            continue
        if name in TIMED:
            value = f"~{round(float(value))}"
        lines.append(f"{name} = {plain(value)}")
    return sorted(lines)


class Outcome:
    """Sections, each a title and lines."""

    def __init__(self):
        self.sections = []

    def add(self, title, lines):
        self.sections.append((title, list(lines)))

    def lines(self):
        return [line for title, lines in self.sections for line in (title, *(f"  {each}" for each in lines))]

    def text(self):
        return "\n".join([*self.lines(), ""])


def comparable(lines):
    """An outcome's lines without the attributes that are undefined."""
    return [line for line in lines if not line.endswith(" = undefined")]


def same(left, right):
    if left == right:
        return True
    parts = [re.fullmatch(r"(.*) = ~(\d+)", line) for line in (left, right)]
    return (all(parts) and parts[0][1] == parts[1][1] and
            abs(int(parts[0][2]) - int(parts[1][2])) <= TOLERANCE_SECONDS)


def difference(theirs, ours):
    """The lines in which Cairn's outcome differs from the pool's: '- ' theirs, '+ ' ours."""
    import difflib
    # Lines that are the same within the tolerance are made the same.
    ours = list(ours)
    matcher = difflib.SequenceMatcher(None, theirs, ours, autojunk=False)
    found = []
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            continue
        left, right = theirs[i:j], ours[k:m]
        if len(left) == len(right) and all(map(same, left, right)):
            continue
        found += [f"- {line.strip()}" for line in left] + [f"+ {line.strip()}" for line in right]
    return found
