#!/bin/sh
# Installs llama.cpp (node-llama-cpp with its binaries, about 730 MB) into node_modules here, once for each lockfile.
set -eu
cd "$(dirname "$0")"
stamp=node_modules/.stamp
want=$(cat package-lock.json setup.sh | sha256sum | cut -d ' ' -f 1)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then exit 0; fi
echo 'bench: installing llama.cpp' >&2
# Not `npm ci`: the lockfile has the binaries for Linux alone, and npm ci would refuse it on other systems.
npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
printf '%s' "$want" > "$stamp"
