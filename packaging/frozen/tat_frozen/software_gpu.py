"""The bundled software GPU: what validates and runs WGSL where the host has no Vulkan device."""

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

_LOADER = "libvulkan.so.1"
_DRIVER = "vk_swiftshader_icd.json"
_CHOSEN_BY_USER = ("VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES")


class GpuProvider:
    """A finder of sys.meta_path: before wgpu is imported, sees to a Vulkan loader and a device.

    wgpu asks for the loader by its name, and gets what is loaded under that name already. To look
    for it at every start would cost more than most commands take.
    """

    def __init__(
        self, folder: Path, arguments: list[str], environment: MutableMapping[str, str]
    ) -> None:
        self._folder = folder
        self._asked = "gpu:software" in " ".join(arguments)
        self._environment = environment

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "wgpu":
            loader = _load(self._folder)
            offer_driver(
                self._folder, self._environment, self._asked, lambda: count_devices(loader)
            )


def offer_driver(
    folder: Path,
    environment: MutableMapping[str, str],
    asked: bool,
    count_host_devices: Callable[[], int],
) -> None:
    """Name the bundled driver to the loader if it is asked for or the host has no device.

    It knows less than most (no f16), so it stays away from a host that has any. A user who chose
    drivers is obeyed.
    """
    if any(environment.get(name) for name in _CHOSEN_BY_USER):
        return
    driver = str(folder / _DRIVER)
    if not count_host_devices():
        environment["VK_ICD_FILENAMES"] = driver  # the name that loaders of every age know
    elif asked:
        environment["VK_ADD_DRIVER_FILES"] = driver


def _load(folder: Path) -> "ctypes.CDLL":
    """The host's Vulkan loader, or else the bundled one."""
    import ctypes  # no start but one with a GPU needs it

    try:
        return ctypes.CDLL(_LOADER)
    except OSError:
        return ctypes.CDLL(str(folder / _LOADER))


def count_devices(loader: "ctypes.CDLL") -> int:
    """Physical devices of all drivers that the loader finds; drivers without a card have none."""
    import ctypes

    # VkInstanceCreateInfo on a 64-bit machine: eight words, all zero but the first, its type.
    create = (ctypes.c_uint64 * 8)(1)
    instance, count = ctypes.c_void_p(), ctypes.c_uint32()
    if loader.vkCreateInstance(create, None, ctypes.byref(instance)):
        return 0
    loader.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), None)
    loader.vkDestroyInstance(instance, None)
    return count.value
