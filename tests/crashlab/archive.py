"""What lies in a demo directory, read back and verified for check.py. Faults are collected, one sentence each."""
import glob
import hashlib
import json
import os
import re


def read(path):
    with open(path, "rb") as file:
        return file.read()


def checkpoint(directory, bad, name=".last_run.json"):
    """The checkpoint if it is whole, None if it is not there; a damaged one is a fault."""
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


def reports_of(directory, bad):
    """Published reports by run, the id of each verified."""
    found = {}
    for path in glob.glob(f"{glob.escape(directory)}/[0-9]*/[0-9]*/report-*.json"):
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
        renderings(path, report, bad)
    return found


def renderings(path, report, bad):
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


def events_of(directory, bad):
    """Ids of the archived rows by run."""
    found = {}
    for path in glob.glob(f"{glob.escape(directory)}/[0-9]*/[0-9]*/events-*.jsonl"):
        run = int(re.search(r"events-(\d+)", path).group(1))
        try:
            rows = [json.loads(line)["id"] for line in read(path).splitlines()]
        except (ValueError, KeyError) as error:
            bad.append(f"{os.path.basename(path)} is damaged: {error}")
            continue
        found.setdefault(run, []).extend(rows)
    return found


def outcomes(report):
    return [[source["id"], source["outcome"]] for source in report["sources"]]
