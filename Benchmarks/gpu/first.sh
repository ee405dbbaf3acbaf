#!/usr/bin/env bash
# The first command on a machine with a GPU: is its OpenCL there, does Martlet compute right on it, and how fast?
# Usage: [QUICK=1] bash first.sh [OUTPUT_FOLDER]    Needs no root, writes nothing but its output folder and a temporary one.
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/answers}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$out"
exec > >(tee "$out/first.log") 2>&1
export LD_LIBRARY_PATH=$here/lib:/usr/local/nvidia/lib64:/usr/local/nvidia/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export XDG_CACHE_HOME=$scratch/cache
chmod +x "$here/martlet-bench"
martlet() { "$here/martlet-bench" martlet "$@"; }
failed=0
check() { # what, file, command: says whether it went well; what it prints goes to the file
  local what=$1 file=$2
  shift 2
  if "$@" >"$file"; then echo "ok: $what"; else
    echo "FAILED: $what"
    failed=1
  fi
}

echo "== system, commit $(cat "$here/commit")"
uname -srm
ldd --version | head -1
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader

echo "== drivers"
ls -l /etc/OpenCL/vendors 2>&1
# Containers often have the library of NVIDIA's OpenCL and no file that names it: one of our own does.
driver=$(find /usr/lib /usr/lib64 /usr/local /opt -name 'libnvidia-opencl.so.1' 2>/dev/null | head -1)
if [ -n "$driver" ] && ! grep -qs nvidia /etc/OpenCL/vendors/*.icd; then
  mkdir "$scratch/vendors"
  echo "$driver" >"$scratch/vendors/nvidia.icd"
  export OCL_ICD_VENDORS=$scratch/vendors
  export LD_LIBRARY_PATH=$(dirname "$driver"):$LD_LIBRARY_PATH
  echo "named $driver in a file of our own"
elif [ -z "$driver" ]; then
  echo "there is no libnvidia-opencl.so.1 here"
fi
ldd "$here/martlet-bench" | grep "not found"

echo "== devices"
martlet devices | tee "$out/devices.txt"
if ! grep -q '^opencl:' "$out/devices.txt"; then
  echo "FAILED: no device on OpenCL"
  exit 1
fi

echo "== the reference cases"
check "conformance" "$out/conformance.json" martlet conformance "$here/Reference" --device opencl:0 --json
tail -1 "$out/conformance.json"

echo "== training"
for device in cpu opencl:0; do
  check "basic-cnn on $device" "$out/train-${device/:/-}.json" martlet train --model basic-cnn --data shapes \
    --steps 20 --batch-size 64 --seed 1 --device "$device" --output "$scratch/run-${device/:/-}" --json
  tail -1 "$out/train-${device/:/-}.json"
done

echo "== speed"
check "every kernel" "$out/device.json" "$here/martlet-bench" device --device opencl:0 --json ${QUICK:+--quick}

if [ "$failed" = 0 ]; then echo "All went well; the answers are in $out"; else echo "Something failed; see above"; fi
exit $failed
