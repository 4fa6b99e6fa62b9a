#!/usr/bin/env bash
# Everything there is to run, and at the end how much was skipped and why.
set -eu
cd "$(dirname "$0")/.."
make check
report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
scripts/with-postgres.sh .venv/bin/pytest -p no:cacheprovider --durations=15 "$@" 2>&1 | tee "$report" || status=$?
echo
echo "skipped: $(grep -c '^SKIPPED' "$report" || true) kinds of reasons"
grep '^SKIPPED' "$report" | sed 's/^/  /' || true
if [ "$(id -u)" = 0 ] && grep -q '^SKIPPED.*tests/lab' "$report"; then
    echo "note: part of the lab was skipped although this is root; see the reasons above"
fi
exit "$status"
