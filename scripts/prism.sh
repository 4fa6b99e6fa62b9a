#!/usr/bin/env bash
# Prism, which judges what the provider clients send by the vendors' own specifications
# (tests/providers/prism). Without Node.js or the npm registry it says so and leaves quietly: the
# tests that need it skip with that reason.
set -eu -o pipefail
cd "$(dirname "$0")/../tests/providers/prism"

oldest=18.20.1 # package-lock.json: engines of @stoplight/prism-cli
version=$(node --version 2>/dev/null | sed 's/^v//') || version=
if [ -z "$version" ] || ! command -v npm >/dev/null; then
    echo "no Prism: Node.js $oldest or newer with npm is not installed (Debian 13: apt-get install nodejs npm)"
    exit 0
fi
if [ "$(printf '%s\n%s\n' "$oldest" "$version" | sort -V | head -n 1)" != "$oldest" ]; then
    echo "no Prism: Node.js $version is too old; $oldest or newer is needed"
    exit 0
fi

# What was installed is known by its content: a checkout gives every file a new time.
wanted=$(sha256sum package.json package-lock.json)
if [ "$(cat node_modules/.ready 2>/dev/null)" != "$wanted" ]; then
    echo "installing Prism"
    if ! npm ci --ignore-scripts --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 >/dev/null; then
        echo "no Prism: npm ci failed (see above); its tests are skipped"
        exit 0
    fi
    printf '%s\n' "$wanted" >node_modules/.ready
fi
