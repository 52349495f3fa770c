#!/usr/bin/env python3
"""The crash lab that CRASHLAB names, but for what a power cut takes from a file in its strict model: only blocks that
were written and not synced. The lab's own also takes synced ones, from every file of more than 4 KiB, and that no
program can stand."""
import os
import runpy
import sys

sys.dont_write_bytecode = True
LAB = os.path.realpath(os.environ["CRASHLAB"])
sys.path.insert(0, os.path.dirname(LAB))
import powercut     # noqa: E402

of_lab = powercut._variants


def variants(base, pending, model):
    """[(label, content)] a file may have when these data changes are not synced; the first is all of it."""
    found = {data: label for label, data in of_lab(base, pending, "ordered")}
    writes = [change for change in pending if change[0] == "w" and change[2]]
    if model == "strict" and writes:
        zeros = [change if change[0] == "t" else ("w", change[1], bytes(len(change[2]))) for change in pending]
        found.setdefault(powercut._content(base, zeros), "size without data (zeros)")
        full = powercut._content(base, pending)
        before = base.ljust(len(full), b"\0")
        blocks = [at // powercut.BLOCK for _, at, _ in writes]
        blocks += [(at + len(piece) - 1) // powercut.BLOCK for _, at, piece in writes]
        for label, block in (("first", min(blocks)), ("last", max(blocks))):
            first, end = block * powercut.BLOCK, (block + 1) * powercut.BLOCK
            found.setdefault(full[:first] + before[first:end] + full[end:], f"{label} written block missing")
    return [(label, data) for data, label in found.items()]


powercut._variants = variants
runpy.run_path(LAB, run_name="__main__")
