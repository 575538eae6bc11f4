"""--device auto: a child lists adapters, each is timed once, and software is never chosen."""

import sys
from pathlib import Path

import msgspec
import pytest

from tat.backends.cpu.executable import CpuBackend
from tat.backends.opening import adapters, automatic, open_backend
from tat.backends.opening.adapters import AdapterInfo, any_hardware, ask, list_adapters, selectors
from tat.backends.opening.automatic import choose
from tat.backends.opening.calibration import Timing, time_backend
from tat.commands.doctor import described
from tat.errors import DeviceError


def adapter(name: str, software: bool = False, driver: str = "1.0", half: bool = True):
    limits = {
        "max-buffer-size": 4 << 30, "max-storage-buffer-binding-size": 2 << 30,
        "max-compute-workgroup-storage-size": 49152, "max-compute-invocations-per-workgroup": 1024,
        "max-storage-buffers-per-shader-stage": 10,
    }  # fmt: skip
    features = ["shader-f16"] * half + ["subgroup"]
    selector = "gpu:software" if software else "gpu:0"
    return AdapterInfo(selector, name, driver, "Vulkan", software, features, limits)


FAST, SLOW = Timing(10.0, 0.5), Timing(1000.0, 3.0)


class Machine:
    """Adapters and times that a test decides; it counts how often times were asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        self.found: list[AdapterInfo] = [adapter("Big")]
        self.times: dict[str, Timing | str] = {"cpu": SLOW, "gpu:0": FAST}
        self.asked: list[str] = []
        monkeypatch.setattr(automatic, "any_hardware", lambda: bool(self.found))
        monkeypatch.setattr(automatic, "list_adapters", lambda: self.found)
        monkeypatch.setattr(automatic, "ask", self._ask)
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))

    def _ask(self, arguments: list[str], kind: type, seconds: float) -> Timing:
        assert arguments[0] == "time" and kind is Timing and seconds > 0
        self.asked.append(arguments[1])
        answer = self.times[arguments[1]]
        if isinstance(answer, str):
            raise DeviceError(answer)
        return answer


@pytest.fixture
def machine(monkeypatch, tmp_path) -> Machine:
    return Machine(monkeypatch, tmp_path)


def test_the_fastest_is_chosen_for_the_work_at_hand(machine):
    machine.times = {"cpu": Timing(1000.0, 0.4), "gpu:0": Timing(10.0, 0.5)}
    chosen = choose("training", 0)
    assert chosen.device == "gpu:0"
    assert "training" in chosen.reason and "cpu 1000, gpu:0 (Big) 10" in chosen.reason
    assert choose("decoding", 0).device == "cpu"


def test_times_are_taken_once_for_a_driver(machine, tmp_path):
    for _ in range(3):
        assert choose("training", 2).device == "gpu:0"
    assert machine.asked == ["cpu", "gpu:0"]
    machine.found = [adapter("Big", driver="1.1")]
    choose("training", 2)
    assert machine.asked == ["cpu", "gpu:0"] * 2
    for file in tmp_path.rglob("*.json"):
        file.write_bytes(b"{")  # damaged, so measured again
    choose("training", 2)
    assert machine.asked == ["cpu", "gpu:0"] * 3


def test_a_cache_that_cannot_be_written_only_costs_time(machine, tmp_path):
    (tmp_path / "tat").write_text("a file where the folder should be")
    assert choose("training", 0).device == "gpu:0"
    assert choose("training", 0).device == "gpu:0" and len(machine.asked) == 4


def test_software_adapters_are_not_even_timed(machine):
    machine.found = [adapter("llvmpipe", software=True)]
    assert choose("training", 0).device == "cpu" and machine.asked == []
    machine.found.append(adapter("Big"))
    assert choose("training", 0).device == "gpu:0" and machine.asked == ["cpu", "gpu:0"]


def test_a_device_that_cannot_be_timed_is_not_chosen_nor_remembered(machine):
    machine.times["gpu:0"] = "the GPU driver crashed (signal 11)"
    chosen = choose("training", 0)
    assert chosen.device == "cpu" and "crashed (signal 11)" in chosen.reason
    machine.times["gpu:0"] = FAST
    assert choose("training", 0).device == "gpu:0"


def test_f16_asks_for_a_gpu_that_has_it(machine):
    assert choose("training", 0, "f16").device == "gpu:0" and machine.asked == []
    machine.found = [adapter("Old", half=False)]
    with pytest.raises(DeviceError, match="no GPU here computes in f16; use --precision f32"):
        choose("training", 0, "f16")


def test_a_driver_that_fails_when_it_is_asked_leaves_the_cpu(machine, monkeypatch):
    def crash() -> list[AdapterInfo]:
        raise DeviceError("the GPU driver crashed (signal 11)")

    monkeypatch.setattr(automatic, "list_adapters", crash)
    assert choose("training", 0).reason == "cpu, for the GPU driver crashed (signal 11)"


def test_without_a_gpu_no_child_is_started(monkeypatch):
    monkeypatch.setattr(automatic, "any_hardware", lambda: False)
    monkeypatch.setattr(adapters.subprocess, "run", None)
    backend = open_backend("auto", 1, 256)
    assert isinstance(backend, CpuBackend) and "no GPU" in backend.remark
    assert open_backend("cpu", 1, 256).remark == ""


def test_hardware_is_seen_by_its_device_files(tmp_path):
    assert not any_hardware(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert any_hardware(tmp_path)


@pytest.mark.parametrize(
    ("software", "expected"),
    [
        ([], []),
        ([True, True], ["gpu:0", "gpu:1"]),
        ([True, False, False, True], ["gpu:software", "gpu:0", "gpu:1", ""]),
    ],
)
def test_adapters_have_the_names_that_device_takes(software: list[bool], expected: list[str]):
    assert selectors(software) == expected


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os; os.kill(os.getpid(), 11)", r"crashed \(signal 11\)"),
        ("import sys; sys.exit('no \\x1b[31m driver')", r"failed: no \\x1b\[31m driver"),
        ("raise SystemExit(3)", "it said nothing"),
        ("print('[{')", "spoke nonsense"),
        ("import time; time.sleep(60)", "no answer within 2 s"),
    ],
)
def test_a_child_that_fails_is_one_line(monkeypatch, code: str, message: str):
    monkeypatch.setattr(adapters.resources, "program", lambda: [sys.executable, "-c", code])
    with pytest.raises(DeviceError, match=message) as caught:
        ask(["adapters"], list[AdapterInfo], 2.0)
    assert str(caught.value).isprintable()


@pytest.mark.gpu
def test_the_child_lists_the_adapters_of_this_machine():
    found = list_adapters()
    assert found and all(a.limits["max-buffer-size"] >= 1 << 27 for a in found)
    line = described(found[0])
    assert found[0].name in line and "buffers to" in line and line.isprintable()


def test_the_plan_that_is_timed_runs_on_the_cpu():
    timing = time_backend(CpuBackend(1, numba=False))
    assert timing.training > 0 and timing.decoding > 0
    assert msgspec.json.decode(msgspec.json.encode(timing), type=Timing) == timing
