#!/bin/sh
# Provides Chromium for the tests that need a browser. Does nothing if there is one (CHROMIUM names another one). Installs
# Debian's package if this runs as root; otherwise says what to do.
set -eu
if [ -n "${CHROMIUM:-}" ]; then
  test -x "$CHROMIUM" && exit 0
  echo "CHROMIUM names $CHROMIUM, which cannot be run." >&2
  exit 1
fi
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" > /dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null 2>&1; then
  # Tests that run at the same time wait for each other's apt-get. On a fresh machine the lists of packages are empty.
  wait='-o DPkg::Lock::Timeout=600'
  apt-get $wait install -y --no-install-recommends chromium > /dev/null 2>&1 && exit 0
  apt-get $wait update > /dev/null
  apt-get $wait install -y --no-install-recommends chromium > /dev/null
  exit 0
fi
echo 'The tests of the panel need Chromium: install it (Debian: apt-get install chromium), or name one in CHROMIUM.' >&2
exit 1
