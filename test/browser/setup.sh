#!/bin/sh
# Makes sure of a Chromium for the tests that need a browser. Does nothing where there is one (CHROMIUM names another);
# installs Debian's package where this runs as root, and says what to do everywhere else.
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
  # Tests that run at the same time wait for each other's apt-get. The lists of a fresh machine are empty.
  wait='-o DPkg::Lock::Timeout=600'
  apt-get $wait install -y --no-install-recommends chromium > /dev/null 2>&1 && exit 0
  apt-get $wait update > /dev/null
  apt-get $wait install -y --no-install-recommends chromium > /dev/null
  exit 0
fi
echo 'The tests of the panel need Chromium: install it (Debian: apt-get install chromium), or name one in CHROMIUM.' >&2
exit 1
