"""README.md: the two commands come first, and its picture shows the function beside it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from test_png import decode

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
sys.path.insert(0, str(ROOT / "docs"))

from make_picture import PICTURE, picture, shown_function  # noqa: E402


def test_the_two_commands_come_first():
    commands = [line.split("#")[0].split() for line in README.splitlines() if line[:4] == "    "]
    assert commands[:2] == [["make", "demo"], ["make", "test"]]


def test_the_function_shown_is_valid(sandbox):
    assert sandbox.validate(shown_function()) is None


@pytest.mark.gpu
def test_the_picture_shows_the_function():
    """Another adapter differs by less than rounding; another function differs by far more."""
    shown = decode(PICTURE.read_bytes()).astype(int)
    assert np.abs(shown - picture(shown_function())).mean() < 1
    sharper = shown_function().replace("outside + inside - radius", "outside + inside")
    assert np.abs(shown - picture(sharper)).mean() > 5
