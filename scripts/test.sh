#!/usr/bin/env bash
# Everything there is to run, and at the end how much was skipped and why.
set -eu -o pipefail
cd "$(dirname "$0")/.."
make lint
report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
scripts/frontend.sh build
scripts/frontend.sh test || status=$?
pytest=(.venv/bin/pytest -p no:cacheprovider -q --durations=10)
# Side by side what can be; then, alone, what needs the machine for itself: Chromium, and firmware
# in QEMU.
scripts/with-postgres.sh "${pytest[@]}" -n 2 --dist loadfile -m "not lab and not browser" 2>&1 | tee -a "$report" || status=$?
"${pytest[@]}" -m browser tests/browser 2>&1 | tee -a "$report" || status=$?
"${pytest[@]}" -m lab tests/lab 2>&1 | tee -a "$report" || status=$?
echo
echo "skipped: $(grep -c '^SKIPPED' "$report" || true) kinds of reasons"
grep '^SKIPPED' "$report" | sed 's/^/  /' || true
if [ "$(id -u)" = 0 ] && grep -q '^SKIPPED.*tests/lab' "$report"; then
    echo "note: part of the lab was skipped although this is root; see the reasons above"
fi
exit "$status"
