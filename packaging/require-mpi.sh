#!/bin/sh
# Makes sure that Open MPI's launcher is installed, which tests of training over MPI start beside the
# MPICH of their virtual environment: as root on Debian installs it, elsewhere these tests are skipped.
set -eu

if command -v mpirun.openmpi >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Open MPI: openmpi-bin"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openmpi-bin >/dev/null
    exit 0
fi
echo "Open MPI is not installed: tests of training over it are skipped" >&2
