"""Judges what a webhook was sent, for check.py.

The receiver's log tells what arrived. Every committed run was delivered or is owed, with its outbox entry; a key
always carries the same runs and reports; what begins to leave was opened before, in a checkpoint that lasts; a
death costs at most one repeat; a report changes its key only after a definite refusal.
"""
import json
import os
import re

from receiver import PORT, content, lines

CHANNEL = "webhook"
LOG = os.path.join(os.environ.get("CRASHLAB_STAGE", ""), "received.jsonl")
# What the run had sent whose disks are shown, where it was received here: with a real file system.
RECORDED = os.path.join(os.environ.get("CRASHLAB_STAGE", ""), "recorded.jsonl")
# What the check after a crash notes for the one after the recovery.
NOTES = os.path.join(os.environ.get("CRASHLAB_STAGE", ""), "notes.json")


class Account:
    """A checkpoint's ledger of the channel; an empty one where there is none yet."""

    def __init__(self, state):
        ledger = (state or {"ledgers": {}})["ledgers"].get(CHANNEL)
        self.is_there = ledger is not None
        ledger = ledger or {"first": 1, "last_contiguous": 0, "last_attempted": 0, "between": {}, "messages": []}
        self.last_contiguous, self.last_attempted = ledger["last_contiguous"], ledger["last_attempted"]
        self.pinned = {message["key"]: message["runs"] for message in ledger["messages"]}
        self.standings = {}
        for first, span in ledger["between"].items():
            standing = span["standing"]
            name = standing if isinstance(standing, str) else next(iter(standing))
            self.standings |= {run: name for run in range(int(first), span["last"] + 1)}
        above = {run for run, name in self.standings.items() if name == "accepted"}
        self.accepted = set(range(ledger["first"], self.last_contiguous + 1)) - set(self.standings) | above
        self.owed = sorted(run for run, name in self.standings.items() if name == "owed")


def begin():
    """To be called before the check after a crash: forgets the point before this one."""
    if os.path.exists(NOTES):
        os.unlink(NOTES)
    if os.environ.get("CRASHLAB_MODE") == "powercut" and os.path.exists(LOG):
        if external() is None and not os.path.exists(RECORDED):
            os.rename(LOG, RECORDED)
        else:
            os.unlink(LOG)


def judge(directory, state, bak, orig, reports, phase):
    """The violations. `reports` are the published ones by run; `phase` is whether the newest run reported success,
    and whether it came after the crash."""
    completed, recovered = phase
    cut = os.environ.get("CRASHLAB_MODE") == "powercut"
    log, recorded = lines(LOG), lines(RECORDED)
    messages = [line for line in log if line["whole"]]
    account, before = Account(state), Account(orig)
    known = {int(run): told["report_id"] for run, told in state["runs"].items()}
    known |= {run: report["report_id"] for run, report in reports.items()}
    left = began_to_leave() if cut and not recovered else 0
    bad = forms(messages, state["instance"]) + keys(messages) + repeats(messages, deaths())
    bad += committed(messages, state["run"], known, reports) + opened(log, account, before, left)
    bad += in_outbox(directory, account, known, "the checkpoint") + going_on(account, before, state["run"])
    if bak:
        bad += in_outbox(directory, Account(bak), known, ".bak")
    arrived = {run for line in recorded + messages if is_taken(line) for run in line["runs"]}
    noted = notes()
    arrived |= set(noted["accepted"]) if recovered else account.accepted if left else set()
    for run in sorted(account.accepted - before.accepted - arrived):
        bad.append(f"run {run} counts as delivered and never arrived")
    for key, runs in noted["pinned"].items():
        if account.pinned.get(key) != runs and not any((key, runs) == (line["key"], line["runs"]) for line in messages):
            bad.append(f"the runs {runs} were pinned to a key that did not come again")
    if completed and (account.owed or not account.is_there):
        bad.append(f"success was reported, and the runs {account.owed} are owed")
    if not recovered:
        with open(NOTES, "w", encoding="utf-8") as file:
            json.dump({"pinned": account.pinned, "accepted": sorted(account.accepted)}, file)
    return bad


def notes():
    if not os.path.exists(NOTES):
        return {"accepted": [], "pinned": {}}
    with open(NOTES, encoding="utf-8") as file:
        return json.load(file)


def is_taken(line):
    return line["answer"].startswith("2")


def is_refused(line):
    """Definitely: whoever said this has not kept the message."""
    return line["answer"][0] in "34"


def forms(messages, instance):
    bad = []
    for line in messages:
        if not line["signed"]:
            bad.append("a message has no valid signature")
        if (line["key"], instance, CHANNEL) != (line["named"], line["instance"], line["channel"]):
            bad.append("a message is not of the key, instance or channel that it names")
        if line["runs"] != sorted(set(line["runs"])) or len(line["runs"]) != len(line["ids"]):
            bad.append(f"a message of the runs {line['runs']} holds {len(line['ids'])} reports")
        if line["dead"]:
            bad.append(f"the runs {line['dead']} were given up")
    return bad


def keys(messages):
    """A key, its runs and its reports belong together; a report gets another key after a refusal alone."""
    bad, facts, sent = [], {}, {}
    for line in messages:
        told = (line["runs"], line["ids"], line["contents"])
        if facts.setdefault(line["key"], told) != told:
            bad.append(f"a key stood for the runs {facts[line['key']][0]} and then for {line['runs']}, or other facts")
        for report in line["ids"]:
            sent.setdefault(report, []).append(line)
    for lines_of_report in sent.values():
        for earlier, later in zip(lines_of_report, lines_of_report[1:]):
            if earlier["key"] != later["key"] and not is_refused(earlier):
                bad.append(f"a report of the runs {later['runs']} changed its key after the answer {earlier['answer']}")
    return bad


def committed(messages, run, known, reports):
    """What is sent is committed and says what is published."""
    bad = []
    for line in messages:
        for number, report, told in zip(line["runs"], line["ids"], line["contents"]):
            if number > run:
                bad.append(f"run {number} was sent and is not committed")
            elif known.get(number) != report:
                bad.append(f"run {number} was sent as another report than the committed one")
            elif number in reports and content(reports[number]) != told:
                bad.append(f"run {number} was sent in other words than it is published")
    return bad


def repeats(messages, most):
    """An accepted message comes again only if somebody died before that was written down."""
    taken, again = set(), 0
    for line in messages:
        again += line["key"] in taken
        if is_taken(line):
            taken.add(line["key"])
    return [f"{again} messages came again after {most} deaths"] if again > most else []


def deaths():
    """How many runs may have ended without writing down an answer they had."""
    mode, point = os.environ.get("CRASHLAB_MODE"), os.environ.get("CRASHLAB_POINT", "")
    if mode == "storm":
        return int(os.environ["CRASHLAB_STARTED"]) - int(os.environ["CRASHLAB_ACKS"])
    first, _, second = point.partition(", then at ")
    return (mode != "lock" and "never reached" not in first) + bool(re.search("of the recovery: .", second))


def opened(log, account, before, left):
    """What has begun to leave is open in the checkpoint under its key, unless that was answered definitely."""
    bad = []
    for line in log:
        answers = {other["answer"][0] for other in log if other["whole"] and other["key"] == line["key"]}
        pinned = account.pinned.get(line["key"])
        is_open = pinned is not None and line.get("runs", pinned) == pinned
        if not is_open and not answers & set("234"):
            bad.append(f"a message of the runs {line.get('runs', '?')} left, and is not open in the checkpoint")
        if not is_open and line["whole"] and is_taken(line) and not set(line["runs"]) <= account.accepted:
            bad.append(f"a message of the runs {line['runs']} arrived and is neither open nor settled in the checkpoint")
    new = set(account.pinned) - set(before.pinned) or account.accepted - before.accepted - {
        run for runs in before.pinned.values() for run in runs}
    # Those that were open before go first.
    if left > len(before.pinned) and not new:
        bad.append("a message had begun to leave before the cut, and the checkpoint knows nothing of it")
    return bad


def external():
    """What the world outside saw before the power was cut; None where the lab does not tell."""
    with open(os.environ["CRASHLAB_META"], encoding="utf-8") as file:
        return json.load(file).get("external")


def began_to_leave():
    """How many messages had begun to leave before the power was cut."""
    sockets, left = set(), 0
    for text in external() or []:
        if connected := re.match(rf"connect\((\S+) port {PORT}\)", text):
            sockets.add(connected[1])
        elif (sent := re.match(r"\w+\((\S+) \d+\)", text)) and sent[1] in sockets:
            sockets.discard(sent[1])
            left += 1
    return left


def in_outbox(directory, account, known, where):
    bad = []
    for run in account.owed:
        try:
            with open(f"{directory}/.outbox/{run:06}/report.json", "rb") as file:
                if json.loads(file.read())["report_id"] != known.get(run):
                    bad.append(f"run {run} is owed by {where}, and the outbox has another report")
        except FileNotFoundError:
            bad.append(f"run {run} is owed by {where}, and its outbox entry is gone")
    return bad


def going_on(account, before, run):
    bad = []
    if account.last_contiguous < before.last_contiguous or account.last_attempted < before.last_attempted:
        bad.append("last_contiguous or last_attempted went back")
    if any(number <= account.last_contiguous for number in account.owed):
        bad.append("a run at or below last_contiguous is owed")
    if account.is_there:
        for number in set(range(1, run + 1)) - account.accepted - set(account.owed):
            bad.append(f"run {number} is neither delivered nor owed: {account.standings.get(number)}")
    elif run:
        bad.append("there are runs, and the channel has no ledger")
    return bad
