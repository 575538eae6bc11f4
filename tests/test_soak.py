"""The soak of tests/torture/soak.py: ten minutes of it, and whether it tells a leak from noise."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import child_environment

sys.path.insert(0, str(Path(__file__).parent / "torture"))

import soak

QUIET = {"megabytes": 300.0, "descriptors": 9, "threads": 3, "children": 1}


def rounds(**leaks: float) -> list[dict[str, object]]:
    """Twelve rounds with noise; `leaks` are so much more of the worker's each round."""
    return [
        {
            "minutes": number, "files": 20 + number % 3,
            "server": QUIET | {"threads": 3 + number % 2},
            "worker": {
                name: value + number * leaks.get(name, 0) + (number * 5) % 3
                for name, value in QUIET.items()
            },
        }
        for number in range(12)
    ]  # fmt: skip


def test_noise_is_no_growth():
    assert soak.grown(soak.growths(rounds())) == []


@pytest.mark.parametrize(("name", "leak"), [
    ("megabytes", 3.0), ("descriptors", 1), ("threads", 1), ("children", 1),
])  # fmt: skip
def test_a_leak_is_growth(name: str, leak: float):
    assert soak.grown(soak.growths(rounds(**{name: leak}))) == [f"worker {name}"]


def test_files_that_are_left_are_growth():
    left = [each | {"files": 20 + number} for number, each in enumerate(rounds())]
    assert soak.grown(soak.growths(left)) == ["files"]


@pytest.mark.slow
def test_nothing_grows_in_ten_minutes(tmp_path):
    command = [sys.executable, soak.__file__, "--minutes", "10", "--json", tmp_path / "soak.json"]
    environment = child_environment(
        {"TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    done = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
    kept = json.loads((tmp_path / "soak.json").read_text())
    assert kept["rounds"] >= 9 and soak.grown(kept["growth"]) == []
