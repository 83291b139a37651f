#!/bin/sh
# Writes locks/*.txt, the hash-pinned lists plain pip installs from, out of uv.lock. With --check: only compares.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv  # the one that is pinned: another release may spell the same lists otherwise
[ -x "$uv" ] || uv=$(command -v uv)
folder=locks
[ "${1:-}" = --check ] && folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
export_to() {
    name=$1
    shift
    "$uv" export --quiet --locked --no-emit-project --no-header --no-annotate --format requirements-txt "$@" \
        >"$folder/$name.txt"
}
export_to run --no-dev
export_to demo --no-dev --group demo
export_to dev
[ "$folder" = locks ] || diff -r locks "$folder" || {
    echo "locks/ is not what uv.lock says: run 'make locks'" >&2
    exit 1
}
