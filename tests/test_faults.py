"""Some dozens of the points of tests/torture/faults.py: `make torture` has them all."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "torture"))

import faults

pytestmark = [
    pytest.mark.in_process,
    pytest.mark.skipif(shutil.which("strace") is None, reason="make test-tools installs strace"),
]


@pytest.mark.parametrize(("work", "every"), [("save", 29), ("queue", 97)])
def test_kills_and_faults_lose_nothing(work: str, every: int):
    results = list(faults.run([work], every))
    assert len(results) >= 10
    assert [result for result in results if result.problem] == []
