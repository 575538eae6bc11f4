#!/bin/sh
# require-test-tools.sh [PACKAGE...]: makes sure that the programs which some tests start are installed, all of them
# or those of the named packages. As root on Debian it installs what is missing, elsewhere it says what to install.
# The tests of a missing program are skipped.
set -eu

missing=
for pair in \
    chromium:chromium `# pages, and Chromium's view of shaders` \
    mpirun.openmpi:openmpi-bin `# training over Open MPI, beside the MPICH of the virtual environment` \
    node:nodejs `# the scripts of exported pages` \
    strace:strace `# kills and faults at system calls` \
    zsh:zsh fish:fish `# completion`
do
    program=${pair%:*} package=${pair#*:}
    case " ${*:-$package} " in
    *" $package "*) command -v "$program" >/dev/null || missing="$missing $package" ;;
    esac
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing what some tests start:$missing"
    # shellcheck disable=SC2086 # one word each
    sh "$(dirname "$0")/apt-install.sh" $missing
    exit 0
fi
echo "tests that need these are skipped (Debian: sudo apt-get install$missing)" >&2
