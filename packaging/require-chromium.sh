#!/bin/sh
# Makes sure that Chromium is installed, for the tests of pages: as root on Debian installs it, elsewhere
# says what to install. The tests are skipped without it.
set -eu

if command -v chromium >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing the browser that pages are tested in: chromium"
    sh "$(dirname "$0")/apt-install.sh" chromium
    exit 0
fi
echo "pages and Chromium's view of shaders are not tested: no chromium is installed (Debian: sudo apt-get install chromium)" >&2
