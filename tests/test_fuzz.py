"""A few hundred mutated inputs for each reader of tests/torture/fuzz.py; planted bugs are found."""

import random
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "torture"))

import fuzz
from readers import Target, targets

from tat.wgsl import protocol

pytestmark = pytest.mark.in_process
TARGETS = targets()


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_bytes_are_refused_or_read(name: str):
    draw, target = random.Random(name), TARGETS[name]
    for seed in target.seeds:
        target.read(seed)  # whole, so that the mutated ones get far
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        data = fuzz.mutated(draw, target.seeds)
        assert fuzz.tried(target, data) == "", data


def test_a_reader_that_fails_is_found():
    assert "ZeroDivisionError" in fuzz.tried(Target(lambda data: 1 / 0, [b""]), b"")


def test_a_reader_that_takes_too_much_is_found_whatever_ran_before():
    assert (b"x" * (700 << 20)).count(b"y") == 0
    assert fuzz.tried(Target(lambda data: (b"x" * (500 << 20)).count(b"y"), [b""]), b"") != ""


def test_a_reply_nested_too_deep_is_no_reply():
    with pytest.raises(ValueError, match="deep"):
        protocol.decode_reply(b"\x82\xa4type\xa7Verdict\xa1x" + b"\x91" * 100_000)


def test_an_index_with_broken_text_in_its_schema_is_damaged():
    whole = TARGETS["index"].seeds[0]
    broken = whole.replace(b"CREATE TABLE chunks", b"CREATE TABLE \x99hunks", 1)
    assert broken != whole and fuzz.tried(TARGETS["index"], broken) == ""
