#!/bin/sh
# Makes sure that a Vulkan loader and driver are installed: as root on Debian installs Mesa's software
# driver, elsewhere says what to install.
set -eu

have_loader() { ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1'; }
have_driver() { [ -n "${VK_DRIVER_FILES:-}" ] || ls /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json >/dev/null 2>&1; }

if have_loader && have_driver; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing the software Vulkan driver: libvulkan1 mesa-vulkan-drivers"
    sh "$(dirname "$0")/apt-install.sh" libvulkan1 mesa-vulkan-drivers
    exit 0
fi
echo "tests validate WGSL on a Vulkan adapter, and none is installed;" >&2
echo "on Debian or Ubuntu: sudo apt-get install libvulkan1 mesa-vulkan-drivers" >&2
exit 1
