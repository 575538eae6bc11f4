#!/bin/sh
# Makes sure that the tools which build the released file are installed: as root on Debian installs them,
# elsewhere says what to install.
set -eu

missing=
require() { command -v "$1" >/dev/null || missing="$missing $2"; }

require gcc gcc
require musl-gcc musl-tools
require ccache ccache
require strip binutils
require make make
require patchelf patchelf
require dpkg-deb dpkg
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
python3 -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null \
    || missing="$missing python3-dev"
[ "${1:-}" = check ] && require debootstrap debootstrap
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing build tools:$missing"
    # shellcheck disable=SC2086 # one word each
    sh "$(dirname "$0")/apt-install.sh" $missing
    exit 0
fi
echo "the released file is built on Debian 12 with a few tools that are not installed;" >&2
echo "sudo apt-get install$missing" >&2
exit 1
