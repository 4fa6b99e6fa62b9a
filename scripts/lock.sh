#!/usr/bin/env bash
# Both lock files: hashes for every file, no registry address, all platforms and Pythons >= 3.11.
set -eu
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate pyproject.toml "$@"; }
compile --extra setup --extra dev -o requirements-dev.lock
compile --extra setup -c requirements-dev.lock -o requirements.lock
if grep -nE 'https?://' requirements.lock requirements-dev.lock; then
    echo "a registry address got into a lock file" >&2
    exit 1
fi
