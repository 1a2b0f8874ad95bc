#!/usr/bin/env bash
# Makes the Python environment of the peers in test/.venv, once for each requirements.txt.
# PYTHON names the interpreter (3.11 or newer; default python3).
set -euo pipefail
cd "$(dirname "$0")/.."
requirements=peers/requirements.txt
stamp=.venv/requirements.sha256
wanted=$(sha256sum "$requirements" | cut -d' ' -f1)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

echo "Making test/.venv (about 1 GB, once)..." >&2
rm -rf .venv
"${PYTHON:-python3}" -m venv .venv
# On Linux the default torch brings 3 GB of CUDA; a CPU build is taken where the package index offers one.
pip=(.venv/bin/pip install -qq --disable-pip-version-check)
if ! "${pip[@]}" 'torch==2.13.0+cpu' 2>/dev/null; then
  "${pip[@]}" 'torch==2.13.0'
fi
"${pip[@]}" -r "$requirements"
echo "$wanted" > "$stamp"
