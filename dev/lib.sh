# shellcheck shell=bash
# Functions that the scripts in this folder share. Sourced, never run. Linux only (/proc, flock).
#
# A "service folder" is what `dev/opensearch` and `dev/s3` keep for one running service: a marker file that says
# whose it is, lock, pid, settings, logs and data. Nothing is deleted from a folder that lacks the marker.

# shellcheck disable=SC2034 # used by the scripts
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
me="dev/$(basename "$0")"
umask 022

say() { printf '%s: %s\n' "$me" "$*" >&2; }
# die STATUS LINE...: the first line says what is wrong, the others what to do about it.
die() {
  local status=$1 line
  shift
  for line in "$@"; do say "$line"; done
  exit "$status"
}

# need COMMAND DEBIAN-PACKAGE: ends the script, naming the package, when the command is missing.
need() { command -v "$1" >/dev/null || die 2 "needs \`$1\`, which is not on the PATH" "install it: apt-get install -y $2"; }

# started PID: the time that process started, in clock ticks since boot; with the pid it names one process for good.
# Fails when there is no such process, or only its unreaped remains.
started() {
  local stat
  [[ $1 ]] || return 1
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat=${stat##*) } # the name before may hold blanks and brackets
  [[ ${stat:0:1} != [ZX] ]] || return 1
  cut -d' ' -f20 <<<"$stat"
}
same_process() { [[ $(started "$1") == "$2" && $2 ]]; } # PID STARTED

# is_running PID WORD: that process lives and WORD is one of its command line's words.
is_running() {
  [[ $1 ]] && started "$1" >/dev/null && tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" | grep -qxF -e "$2"
}

# stop_process PID SECONDS: SIGTERM, then SIGKILL when it has not ended in time; SIGKILL at once for 0 seconds.
stop_process() {
  local start end
  start=$(started "$1") || return 0
  if (($2 > 0)); then
    kill "$1" 2>/dev/null || true
    for ((end = SECONDS + $2; SECONDS < end; )); do
      same_process "$1" "$start" || return 0
      sleep 0.1
    done
    say "process $1 did not end within $2 s of SIGTERM: killing it"
  fi
  kill -9 "$1" 2>/dev/null || true
  while same_process "$1" "$start"; do sleep 0.1; done
}

# claim_folder PATH MARKER: makes PATH a service folder (or finds that it is one) and prints its physical path.
claim_folder() {
  mkdir -p "$1" || die 1 "cannot make the folder $1"
  local folder
  folder=$(cd "$1" && pwd -P)
  if [[ ! -f $folder/$2 ]]; then
    [[ ! $(ls -A "$folder") ]] ||
      die 1 "$folder holds other things" "name an empty folder, or one that does not exist yet"
    : >"$folder/$2"
  fi
  printf '%s\n' "$folder"
}

# lock FILE FD: takes the lock, saying so when another process holds it. Background processes must close FD.
lock() {
  eval "exec $2>\"\$1\""
  flock -n "$2" && return
  say "waiting for another process that works in $(dirname "$1")"
  flock "$2"
}

# run_child COMMAND...: like running it, but SIGINT and SIGTERM to this script take effect at once and end it too.
child=
run_child() {
  "$@" </dev/null &
  child=$!
  local status=0
  wait "$child" || status=$?
  child=
  return "$status"
}

# seconds_since BEGAN: BEGAN is an earlier $EPOCHREALTIME.
seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# on_interrupt FUNCTION: runs it once however the script ends, by exit or by signal.
on_interrupt() {
  # shellcheck disable=SC2064 # the function's name is meant to be fixed now
  trap "$1" EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
}
