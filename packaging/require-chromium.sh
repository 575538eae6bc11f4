#!/bin/sh
# Makes sure that Chromium is installed, for the tests of the page: as root on Debian installs it, elsewhere
# says what to install. The tests are skipped without it.
set -eu

if command -v chromium >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing the browser that the page is tested in: chromium"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    exit 0
fi
echo "the page of tat serve is not tested: no chromium is installed (Debian: sudo apt-get install chromium)" >&2
