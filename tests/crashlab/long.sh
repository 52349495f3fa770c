#!/usr/bin/env bash
# The long form of the crash lab: every call, every state, every error. One line a mode: points and violations.
#   long.sh PROGRAM OUT [MODE…]
# PROGRAM is a debug build. OUT gets the world and what each mode said; without MODEs all are run. Exits 0 only if
# there was no violation.
set -u
program=$(realpath "$1") out=$2
shift 2
here=$(dirname "$(realpath "$0")")
mkdir -p "$out"
[ -d "$out/world" ] || python3 "$here/world.py" "$program" "$out/world" 150 || exit 1
bad=0

# mode NAME BEFORE ANSWERS MODE [OPTIONS]
mode() {
  local name=$1 began=$SECONDS
  shift
  [[ " ${wanted[*]} " = *" $name "* ]] || return
  "$here/lab.sh" "$program" "$out/world" "$@" --report "$out/$name.json" >"$out/$name.txt" 2>&1 || bad=1
  printf '%s: %s, %s s\n' "$name" "$(tail -n 1 "$out/$name.txt")" "$((SECONDS - began))"
}

all=(kill kill-first kill-owing kill-pinned kill-503 kill-drop kill-429 kill-term fail fail-owing fail-net powercut
  powercut-owing powercut-first ext4 xfs btrfs storm-{1..5} disk lock)
wanted=("${@:-${all[@]}}")
# A bad receiver breaks off the message that is pinned, or the one with two runs that were refused before.
# What .run.json says after the commit is for `status`; it holds no delivery up.
excused=(--swallow-ok '*run.json*')
cuts=(--models ordered,strict --max-states "${STATES:-3000}")
# Less memory than this is none to run in: an allocation fails, and the process is aborted.
disks=(--lock-file .last_run.lock --trunc-step 97 --flips 60 --version-key generation --rlimit-as-mb 128)
storms=(--iterations 60 --recover-every 5)

mode kill settled 200 kill --double 200
mode kill-first first 200 kill --double 50
mode kill-owing owing 200 kill
mode kill-pinned pinned 200 kill
mode kill-503 settled 503,200 kill
mode kill-drop pinned drop,200 kill
mode kill-429 owing 429,200 kill
mode kill-term settled 200 kill --signal TERM
mode fail settled 200 fail --errno EIO,ENOSPC,EACCES,EROFS,EDQUOT,EINTR,SHORT "${excused[@]}"
mode fail-owing owing 200 fail --errno EIO,ENOSPC,EACCES "${excused[@]}"
mode fail-net settled 200 fail --classes net,netrecv --errno ECONNRESET,ETIMEDOUT
mode powercut settled 200 powercut "${cuts[@]}"
mode powercut-owing owing 200 powercut "${cuts[@]}"
mode powercut-first first 200 powercut "${cuts[@]}"
for kind in ext4 xfs btrfs; do mode "$kind" settled 200 powercut --real "$kind"; done
for seed in {1..5}; do mode "storm-$seed" settled 200 storm "${storms[@]}" --seed "$seed"; done
mode disk settled 200 disk --expect "$here/expect.json" "${disks[@]}"
mode lock settled 200 lock --locked-exit 75 --locked-within 15
exit "$bad"
