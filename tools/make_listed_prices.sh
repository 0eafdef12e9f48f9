#!/bin/sh
# Makes data/prices/listed/ from public lists of prices: every model that no
# file kept by hand in data/prices has. The same lists give the same files.
#
#   tools/make_listed_prices.sh DATE=GENAI_PRICES DATE=LITELLM DATE=MODELS_DEV
#
# TOKOMETER names the program; build/release/tokometer if it is not set.
set -eu
if [ $# -eq 0 ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
program=${TOKOMETER:-$root/build/release/tokometer}
folder=$root/data/prices/listed
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$program" prices convert "$@" --without "$root/data/prices" --into "$made"
mkdir -p "$folder"
rm -f "$folder"/*.json
cp "$made"/*.json "$folder"
