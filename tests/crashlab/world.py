#!/usr/bin/env python3
"""Makes the directories that the crash lab disturbs, and the one that shows what undisturbed runs tell.

world.py PROGRAM WORLD RUNS: below WORLD, `first` is empty; `settled` has two runs that both channels have; in `owing`
the webhook is owed both; in `pinned` nobody knows whether it has the second. `reference.json` is what `settled` has
told after RUNS more. PROGRAM is a debug build: a fixed moment makes also a first run repeat exactly. Needs root.
"""
import json
import os
import select
import signal
import subprocess
import sys

from archive import events_of, outcomes, reports_of
from receiver import PORT, SECRET

# Whom the lab's disk mode runs the program as; root may read it anyway.
NOBODY = 65534
HERE = os.path.dirname(os.path.realpath(__file__))
CONFIG = f"""[[channel]]
kind = "webhook"
url = "http://127.0.0.1:{PORT}/hook"
secret = "{SECRET}"
timeout = "5s"
"""


def main():
    if os.environ.get("CRASHLAB_ALONE") != "yes":
        os.execvpe("unshare", ["unshare", "--net", sys.executable, *sys.argv], {**os.environ, "CRASHLAB_ALONE": "yes"})
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    program, world, more = os.path.realpath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    os.makedirs(world)
    with open(os.open(f"{world}/unifi.toml", os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(CONFIG)
        os.fchown(file.fileno(), NOBODY, -1)
    os.mkdir(f"{world}/first")
    runs(program, world, "settled", ["200"], 2, 0)
    runs(program, world, "owing", [], 2, 3)
    runs(program, world, "pinned", ["200"], 1, 0)
    runs(program, world, "pinned", ["503"], 1, 3)
    subprocess.run(["cp", "-a", f"{world}/settled", f"{world}/reference"], check=True)
    runs(program, world, "reference", ["200"], more, 0)
    bad = []
    reports, events = reports_of(f"{world}/reference", bad), events_of(f"{world}/reference", bad)
    if bad or sorted(reports) != list(range(1, more + 3)):
        sys.exit(f"what undisturbed runs made is no reference: {sorted(reports)} {bad}")
    with open(f"{world}/reference.json", "w", encoding="utf-8") as file:
        told = {run: outcomes(report) for run, report in reports.items()}
        json.dump({"events": events, "outcomes": told}, file)


def runs(program, world, name, answers, count, code):
    """So many undisturbed runs, each of which ends with this code; without answers nobody listens."""
    receiver = None
    if answers:
        command = [sys.executable, f"{HERE}/receiver.py", "--answers", *answers]
        started = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "CRASHLAB_STAGE": world})
        receiver = int(started.stdout.readline())
        started.wait()
    for _ in range(count):
        command = [program, "--now", "2026-11-20T12:34:56Z", "--config", f"{world}/unifi.toml", "run", "--demo"]
        done = subprocess.run([*command, "--reports-dir", f"{world}/{name}"], capture_output=True, text=True,
                              env={"UNIFI_ARCHIVE_EVENTS": "true"})
        if done.returncode != code:
            sys.exit(f"an undisturbed run of {name} ended with {done.returncode}: {done.stdout}{done.stderr}")
    if receiver:
        gone = os.pidfd_open(receiver)
        os.kill(receiver, signal.SIGKILL)
        select.select([gone], [], [])


if __name__ == "__main__":
    main()
