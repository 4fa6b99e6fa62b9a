#!/usr/bin/env bash
# The Python side of backend/ktizo/nodes/wire/*.proto, written anew; commit what changes.
set -eu
cd "$(dirname "$0")/.."
wire=backend/ktizo/nodes/wire
if [ "${1:-}" = --check ]; then
    out="$(mktemp -d)"
    trap 'rm -rf "$out"' EXIT
else
    out=backend
fi
.venv/bin/python -m grpc_tools.protoc --proto_path=backend --python_out="$out" --pyi_out="$out" \
    "$wire"/*.proto
if [ "$out" != backend ]; then
    for made in "$out"/ktizo/nodes/wire/*; do
        cmp "$made" "$wire/$(basename "$made")"
    done
fi
