#!/bin/sh
# Look the locked packages up in the advisory data of the Python Packaging Authority, and write what pip-audit says.
#
#     tools/audit.sh audit.json && gatepost findings import audit.json
#
# Needs uv and a way to the advisory data. Without data it ends by an error and writes nothing: a scan that did not
# finish is no scan, and the claims that rest on it could not be verified.
set -eu
out=${1:?"usage: tools/audit.sh FILE"}
locked=$(mktemp)
said=$(mktemp)
trap 'rm -f "$locked" "$said"' EXIT
uv export --quiet --frozen --no-dev --no-emit-project --format requirements-txt >"$locked"
# Exit 1 says that something was found; anything else, that it could not look.
uvx pip-audit --progress-spinner off --disable-pip --require-hashes -r "$locked" -f json -o "$said" || [ $? -eq 1 ]
[ -s "$said" ] || { echo "pip-audit wrote nothing: was there a way to the advisory data?" >&2; exit 2; }
cp "$said" "$out"
