#!/bin/sh
# Kills so many training runs (default: 100) at random moments, lets them go on, and compares their weights with those
# of a run that was left alone.
cd "$(dirname "$0")/.." || exit 1
swift build --build-tests || exit 1
MARTLET_KILLS="${1:-100}" exec swift test --skip-build --filter killedRunsEndWithTheSameWeights
