#!/bin/sh
# Trains for so many minutes (default: 60) in one process, epoch after epoch, with a checkpoint every 50 steps, and
# watches the memory that the process has resident: VmRSS of /proc/PID/status, every five seconds. After the first
# minute the largest value may lie at most 1 % above the smallest. A busy machine may not have ended an epoch by then, so
# what counts begins after five of them at least.
#
#   Tests/memory.sh                    the release build, one hour
#   MARTLET=path/to/martlet Tests/memory.sh 15
cd "$(dirname "$0")/.." || exit 1
minutes="${1:-60}"
options="--model basic-cnn --data shapes --epochs 1000000 --batch-size 64 --checkpoint-every 50 --seed 1 --threads 1 --json"

if [ -z "$MARTLET" ]; then
  swift build -c release --product martlet || exit 1
  MARTLET=.build/release/martlet
fi
folder="$(mktemp -d)" || exit 1
# shellcheck disable=SC2086
"$MARTLET" train $options --output "$folder/run" >"$folder/output" 2>"$folder/errors" &
process=$!
trap 'kill "$process" 2>/dev/null; wait "$process" 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

now() { date +%s; }
start="$(now)"
end=$((start + minutes * 60))
while [ "$(now)" -lt "$end" ]; do
  sleep 5
  kilobytes="$(awk '/^VmRSS:/ { print $2 }' "/proc/$process/status" 2>/dev/null)"
  if [ -z "$kilobytes" ]; then
    echo "the run ended by itself: $(cat "$folder/errors")"
    exit 1
  fi
  epochs="$(grep -c '"epoch":' "$folder/output")"
  echo "$(($(now) - start)) $kilobytes $epochs" >>"$folder/samples"
done
kill -TERM "$process"
wait "$process"
code=$?
epochs="$(grep -c '"epoch":' "$folder/output")"
steps="$(sed -n 's/.*"steps":\([0-9]*\).*/\1/p' "$folder/output" | tail -1)"
[ -z "$MEMORY_SAMPLES" ] || cp "$folder/samples" "$MEMORY_SAMPLES"
if [ "$code" -ne 0 ]; then
  echo "the run ended with the code $code after SIGTERM: $(cat "$folder/errors")"
  exit 1
fi
awk -v minutes="$minutes" -v epochs="$epochs" -v steps="$steps" '
  $1 <= 60 || $3 < 5 { next }
  !count++ { least = most = $2; first = $1 }
  { if ($2 < least) least = $2; if ($2 > most) most = $2; last = $2 }
  END {
    if (!count) { print "shorter than the first minute, which does not count"; exit 1 }
    spread = 100 * (most - least) / least
    printf "%s minutes, %d epochs, %d steps; resident from second %d on: %d to %d kB (%.2f %%), %d at the end, " \
      "%d samples\n", minutes, epochs, steps, first, least, most, spread, last, count
    exit spread > 1
  }' "$folder/samples"
