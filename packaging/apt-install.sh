#!/bin/sh
# apt-install.sh PACKAGE...: installs packages, as root on Debian. Another apt on this machine (a build beside this
# one, unattended upgrades) is waited for, ten minutes at most.
set -eu
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
waited=0

# dpkg's lock can be waited for by an option; that of the package lists cannot.
after_others() {
    until said=$(apt-get -qq -o DPkg::Lock::Timeout=600 "$@" 2>&1); do
        case $said in
        *"Could not get lock"*) ;;
        *) printf '%s\n' "$said" >&2; exit 1 ;;
        esac
        [ "$waited" = 0 ] && echo "another apt is at work; waiting for it" >&2
        [ "$waited" = 600 ] && { printf '%s\n' "$said" >&2; exit 1; }
        waited=$((waited + 1))
        sleep 1
    done
}

after_others update
after_others install -y --no-install-recommends "$@"
