#!/usr/bin/env bash
# The dashboard: `build` (what `make setup` does), `lint`, `test`. Without Node.js it says so and
# leaves quietly: Ktizo runs without a dashboard.
set -eu -o pipefail
cd "$(dirname "$0")/../frontend"

version=$(node --version 2>/dev/null | sed 's/^v//') || version=
if [ -z "$version" ] || ! command -v npm >/dev/null; then
    echo "no dashboard: Node.js 20.19 or newer with npm is not installed (Debian 13: apt-get install nodejs npm)"
    exit 0
fi
if [ "$(printf '%s\n20.19.0\n' "$version" | sort -V | head -n 1)" != 20.19.0 ]; then
    echo "no dashboard: Node.js $version is too old; 20.19 or newer is needed"
    exit 0
fi

if [ ! -e node_modules/.ready ] || [ package-lock.json -nt node_modules/.ready ]; then
    echo "installing what the dashboard is built with"
    if ! npm ci --ignore-scripts --loglevel=error >/dev/null; then
        echo "no dashboard: npm ci failed (see above); Ktizo runs without it"
        exit 0
    fi
    touch node_modules/.ready
fi

case "${1:-build}" in
build)
    sources=(src public scripts index.html vite.config.ts package-lock.json tsconfig.json)
    if [ ! -e dist/.ready ] || [ -n "$(find "${sources[@]}" -newer dist/.ready -print -quit)" ]; then
        echo "building the dashboard"
        npm run --silent build
        touch dist/.ready
    fi
    ;;
lint) npm run --silent lint ;;
test) npm run --silent test ;;
esac
