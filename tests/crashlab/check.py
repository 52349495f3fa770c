#!/usr/bin/env python3
"""Judges a demo directory after a crash: every event in exactly one report, every committed run published whole.

The demo's day is a function of the checkpoint alone, so an undisturbed copy that ran on tells what the runs must
hold: CRASHLAB_REFERENCE is such a directory. A run that was asked to end may leave events to the next one, so
what is told up to a run is compared wherever that run saw all it wanted. Prints one violation a line; exit 1 if
there are any.
"""
import glob
import hashlib
import json
import os
import re
import sys

base = sys.argv[sys.argv.index("--dir") + 1]
phase = sys.argv[sys.argv.index("--phase") + 1]
reference = os.environ["CRASHLAB_REFERENCE"]
completed = os.environ.get("CRASHLAB_COMPLETED") == "1"
recovered = phase == "after-recovery"
bad = []


def read(path):
    with open(path, "rb") as file:
        return file.read()


def checkpoint(directory, name=".last_run.json"):
    """The checkpoint if it is whole, None if it is not there; a damaged one is a violation."""
    try:
        raw = read(f"{directory}/{name}")
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


def reports_of(directory):
    """Published reports by run, the id of each verified."""
    found = {}
    for path in glob.glob(f"{directory}/[0-9]*/[0-9]*/report-*.json"):
        name, raw = os.path.basename(path), read(path)
        run = int(re.search(r"report-(\d+)", name).group(1))
        if run in found:
            bad.append(f"run {run} was published twice")
        try:
            report = json.loads(raw)
        except ValueError as error:
            bad.append(f"{name} is damaged: {error}")
            continue
        blank = raw.replace(report["report_id"].encode(), b"0" * 64, 1)
        if hashlib.sha256(blank).hexdigest() != report["report_id"]:
            bad.append(f"{name}: the report_id does not fit")
        found[run] = report
        renderings(path, report)
    return found


def renderings(path, report):
    """What people read of a published report is there to its last line."""
    name = os.path.basename(path)
    try:
        page = read(path[:-len("json")] + "html")
        if not page.rstrip().endswith(b"</html>") or b"\0" in page:
            bad.append(f"{name}: its HTML is not whole")
        text = "".join(read(path[:-len("json")] + "txt").decode().split())
        for finding in report["findings"]:
            if "".join(finding["title"].split()) not in text:
                bad.append(f"{name}: its text lacks {finding['title']!r}")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        bad.append(f"{name}: {error}")


def events_of(directory):
    """Ids of the archived rows by run."""
    found = {}
    for path in glob.glob(f"{directory}/[0-9]*/[0-9]*/events-*.jsonl"):
        run = int(re.search(r"events-(\d+)", path).group(1))
        try:
            rows = [json.loads(line)["id"] for line in read(path).splitlines()]
        except (ValueError, KeyError) as error:
            bad.append(f"{os.path.basename(path)} is damaged: {error}")
            continue
        found.setdefault(run, []).extend(rows)
    return found


def told(events, run):
    """All rows of the runs up to this one."""
    return {event for number, ids in events.items() if number <= run for event in ids}


def outcomes(report):
    return [(source["id"], source["outcome"]) for source in report["sources"]]


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
    if number not in references:
        bad.append(f"{here} is one more than the reference has")
    elif outcomes(report) == outcomes(references[number]):
        have, want = told(events, number), told(expected, number)
        if have != want:
            bad.append(f"up to {here}: {len(want - have)} events lost, {len(have - want)} too many")


orig = checkpoint(os.environ["CRASHLAB_ORIG"]) if os.environ.get("CRASHLAB_ORIG") else None
before = orig["run"] if orig else 0
references, expected = reports_of(reference), events_of(reference)
if bad:
    sys.exit(f"the reference is no reference: {bad}")
state = checkpoint(base)
checkpoint(base, ".last_run.json.bak")
reports, events = reports_of(base), events_of(base)

if state is None and (reports or events or orig):
    bad.append("there are reports but no checkpoint")
if state is None and (completed or recovered):
    bad.append("the run reported success but there is no checkpoint")
if state is not None:
    run = state["run"]
    if run < before:
        bad.append(f"the checkpoint went back from run {before} to {run}")
    if completed and run <= before:
        bad.append("the run reported success but did not commit")
    if recovered and run <= before:
        bad.append("the next run did not go on")
    for number in sorted(set(reports) | set(events)):
        if number > run:
            bad.append(f"run {number} is published but not committed")
    for number in range(1, run + 1):
        if number in reports:
            judge_run(number)
        elif completed or recovered or number < run:
            bad.append(f"run {number} is committed but not published")
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
