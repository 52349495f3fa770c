#!/usr/bin/env bash
# One mode of the crash lab on runs of the demo that go to the channels file and webhook:
#   lab.sh PROGRAM WORLD BEFORE ANSWERS MODE [OPTIONS OF THE LAB]
# PROGRAM is a debug build, WORLD was made by world.py, BEFORE is its directory to begin with, ANSWERS is what the
# receiver says (receiver.py). CRASHLAB names the lab.
set -eu
program=$(realpath "$1") world=$(realpath "$2") before=$3 answers=$4 mode=$5
shift 5
here=$(dirname "$(realpath "$0")")
# On memory a sync costs nothing, and counts all the same. Images of file systems need a disk.
[[ $* = *--real* ]] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# The interpreter itself: what stands in for it may be slow, and it is started often.
python=$(python3 -c 'import sys; print(sys.executable)')
export CRASHLAB_REFERENCE=$world/reference.json UNIFI_ARCHIVE_EVENTS=true PYTHONDONTWRITEBYTECODE=1
run=("$program" --now 2026-11-20T12:34:56Z --config "$world/unifi.toml" run --demo --quiet --reports-dir '{dir}')
options=("$mode" --timeout 120 --dir "$world/$before" --check "$python $here/check.py" --netns
  --service "$python $here/receiver.py --answers $answers" --prepare 'rm -f {stage}/received.jsonl')
# Where the first answer is a bad one, an undisturbed run is left owing, and its successor owes nothing any more.
[ "$answers" = 200 ] || options+=(--baseline-exit 3 --recover "sh -c '${run[*]} || ${run[*]}'")
exec "$python" "$here/crashlab.py" "${options[@]}" "$@" -- "${run[@]}"
