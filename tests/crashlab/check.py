#!/usr/bin/env python3
"""Judges a demo directory after a crash: every event in exactly one report, every committed run published whole.

The demo's day is a function of the checkpoint alone, so an undisturbed copy that ran on tells what each run must
hold: UNIFI_SCAN_REFERENCE is such a directory. Prints one violation a line; exit 1 if there are any.
"""
import glob
import hashlib
import json
import os
import re
import sys

base = sys.argv[sys.argv.index("--dir") + 1]
phase = sys.argv[sys.argv.index("--phase") + 1]
reference = os.environ["UNIFI_SCAN_REFERENCE"]
completed = os.environ.get("CRASHLAB_COMPLETED") == "1"
bad = []


def checkpoint(directory, name=".last_run.json"):
    """The checkpoint if it is whole, None if it is not there; a damaged one is a violation."""
    try:
        raw = open(f"{directory}/{name}", "rb").read()
    except FileNotFoundError:
        return None
    try:
        state = json.loads(raw)
        digest = re.search(rb'"checksum":\s*"(?:sha256:)?([0-9a-f]{64})"', raw)
        blank = raw[:digest.start(1)] + b"0" * 64 + raw[digest.end(1):]
        if hashlib.sha256(blank).hexdigest().encode() != digest.group(1):
            bad.append(f"{name}: the checksum does not fit")
        return state
    except (ValueError, AttributeError) as error:
        bad.append(f"{name} is damaged: {error}")
        return None


def report_of(path):
    """A published report, its own id verified."""
    raw = open(path, "rb").read()
    try:
        report = json.loads(raw)
    except ValueError as error:
        bad.append(f"{os.path.basename(path)} is damaged: {error}")
        return None
    blank = raw.replace(report["report_id"].encode(), b"0" * 64, 1)
    if hashlib.sha256(blank).hexdigest() != report["report_id"]:
        bad.append(f"{os.path.basename(path)}: the report_id does not fit")
    return report


def events_of(directory):
    """Ids of the archived rows by run."""
    found = {}
    for path in glob.glob(f"{directory}/[0-9]*/[0-9]*/events-*.jsonl"):
        run = int(re.search(r"events-(\d+)", path).group(1))
        with open(path) as lines:
            found.setdefault(run, []).extend(json.loads(line)["id"] for line in lines)
    return found


orig = checkpoint(os.environ["CRASHLAB_ORIG"]) if os.environ.get("CRASHLAB_ORIG") else None
before = orig["run"] if orig else 0
state = checkpoint(base)
checkpoint(base, ".last_run.json.bak")
reports = {}
for path in glob.glob(f"{base}/[0-9]*/[0-9]*/report-*.json"):
    run = int(re.search(r"report-(\d+)", path).group(1))
    if run in reports:
        bad.append(f"run {run} was published twice")
    reports[run] = report_of(path)
events, expected = events_of(base), events_of(reference)

if state is None and (reports or events or orig):
    bad.append("there are reports but no checkpoint")
if state is not None:
    run = state["run"]
    if run < before:
        bad.append(f"the checkpoint went back from run {before} to {run}")
    if completed and run <= before:
        bad.append("the run reported success but did not commit")
    if phase == "after-recovery" and run <= before:
        bad.append("the next run did not go on")
    for number in sorted(reports):
        if number > run:
            bad.append(f"run {number} is published but not committed")
    settled = completed or phase == "after-recovery"
    for number in range(1, run + 1):
        here = f"run {number}"
        if number not in reports:
            if settled or number < run:
                bad.append(f"{here} is committed but not published")
            continue
        if number not in events:
            bad.append(f"{here} is published without its event archive")
        elif sorted(events[number]) != sorted(expected.get(number, [])):
            lost = len(set(expected.get(number, [])) - set(events[number]))
            more = len(events[number]) - len(expected.get(number, [])) + lost
            bad.append(f"{here}: {lost} events lost, {more} too many")
        if reports[number] and reports[number]["counts"]["events"] != len(expected.get(number, [])):
            bad.append(f"{here} counts {reports[number]['counts']['events']} events")
        for extension in ("html", "txt"):
            if not glob.glob(f"{base}/[0-9]*/[0-9]*/report-{number:06}-*.{extension}"):
                bad.append(f"{here} has no {extension}")
seen = [event for ids in events.values() for event in ids]
if len(seen) != len(set(seen)):
    bad.append(f"{len(seen) - len(set(seen))} events stand in two reports")
for path in glob.glob(f"{base}/**/*.tmp*", recursive=True):
    if phase == "after-recovery":
        bad.append(f"left behind: {os.path.relpath(path, base)}")
print("\n".join(bad), end="\n" if bad else "")
sys.exit(1 if bad else 0)
