#!/usr/bin/env python3
"""Judges a demo directory after a crash: every event in exactly one report, every committed run published whole and
sent to the webhook, or owed to it (messages.py).

The demo's day is a function of the checkpoint alone, so undisturbed runs tell what the disturbed ones must hold:
CRASHLAB_REFERENCE, made by world.py. A run that was asked to end may leave events to the next one, so what is told up
to a run is compared wherever that run saw all it wanted. Prints one violation a line; exit 1 if there are any.
"""
import glob
import json
import os
import sys

import messages
from archive import checkpoint, events_of, outcomes, read, reports_of

base = sys.argv[sys.argv.index("--dir") + 1]
phase = sys.argv[sys.argv.index("--phase") + 1]
recovered = phase == "after-recovery"
# That the first of two runs reported success says nothing of the second.
of_another = "of the recovery" in os.environ.get("CRASHLAB_POINT", "") and not recovered
completed = os.environ.get("CRASHLAB_COMPLETED") == "1" and not of_another
bad = []


def told(events, last):
    """For every run up to the last, all rows of the runs up to it."""
    rows, so_far = set(), {}
    for number in range(1, last + 1):
        rows = rows | set(events.get(number, []))
        so_far[number] = rows
    return so_far


def judge_run(number):
    """One committed and published run."""
    here, report = f"run {number}", reports[number]
    counts, rows = report["counts"], len(events.get(number, []))
    if number not in events:
        bad.append(f"{here} is published without its event archive")
    if counts["events"] != rows:
        bad.append(f"{here} counts {counts['events']} events and archives {rows}")
    if sum(finding["count"] for finding in report["findings"]) + counts["routine"] + counts["muted"] != rows:
        bad.append(f"{here}: findings and routine are not its {rows} events")
    if number not in told_there:
        bad.append(f"{here} is one more than the reference has")
    elif outcomes(report) == reference["outcomes"][str(number)]:
        have, want = told_here[number], told_there[number]
        if have != want:
            bad.append(f"up to {here}: {len(want - have)} events lost, {len(have - want)} too many")


orig = checkpoint(os.environ["CRASHLAB_ORIG"], bad) if os.environ.get("CRASHLAB_ORIG") else None
before = orig["run"] if orig else 0
if not recovered:
    messages.begin()
reference = json.loads(read(os.environ["CRASHLAB_REFERENCE"]))
state, bak = checkpoint(base, bad), checkpoint(base, bad, ".last_run.json.bak")
reports, events = reports_of(base, bad), events_of(base, bad)

if state is None and (reports or events or orig):
    bad.append("there are reports but no checkpoint")
if state is None and messages.lines(messages.LOG):
    bad.append("something was sent, and there is no checkpoint")
if state is None and (completed or recovered):
    bad.append("the run reported success but there is no checkpoint")
if state is not None:
    run = state["run"]
    served = {int(number): rows for number, rows in reference["events"].items()}
    told_here, told_there = told(events, run), told(served, min(run, max(served)))
    if run < before:
        bad.append(f"the checkpoint went back from run {before} to {run}")
    if completed and run <= before:
        bad.append("the run reported success but did not commit")
    if recovered and run <= before:
        bad.append("the next run did not go on")
    if "CRASHLAB_ACKS" in os.environ and run - before < int(os.environ["CRASHLAB_ACKS"]):
        bad.append(f"{os.environ['CRASHLAB_ACKS']} runs reported success, and {run - before} are committed")
    for number in sorted(set(reports) | set(events)):
        if number > run:
            bad.append(f"run {number} is published but not committed")
    for number in range(1, run + 1):
        if number in reports:
            judge_run(number)
        elif completed or recovered or number < run:
            bad.append(f"run {number} is committed but not published")
    bad += messages.judge(base, state, bak, orig, reports, (completed, recovered))
    if completed or recovered:
        index = read(f"{base}/index.html").decode()
        for number in range(1, run + 1):
            if f"report-{number:06}-" not in index:
                bad.append(f"index.html does not list run {number}")
    if recovered:
        history = [json.loads(line) for line in read(f"{base}/history.jsonl").splitlines()[-1:]]
        if not history or history[-1].get("run") != run:
            bad.append(f"the last line of history.jsonl is not run {run}")
seen = [event for ids in events.values() for event in ids]
if len(seen) != len(set(seen)):
    bad.append(f"{len(seen) - len(set(seen))} events stand in two reports")
if recovered:
    for path in glob.glob(f"{glob.escape(base)}/**/.tmp-*", recursive=True, include_hidden=True):
        bad.append(f"left behind: {os.path.relpath(path, base)}")
print("\n".join(bad), end="\n" if bad else "")
sys.exit(1 if bad else 0)
