"""The container against forged files: the checksums match and the header lies."""

import json
import os
import re
import tracemalloc
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tat.checkpoint import inspect, load
from tat.errors import CheckpointError

CONTENT = {"configuration": {}, "model_hash": "h", "progress": {}, "step": 1}
DATA = bytes(range(24))  # weights.w: 4 x 5 bytes, tokenizer: 4 bytes


def digest(data):
    return blake2b(data, digest_size=16).digest()


def dumps(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def good_header():
    sums = {"weights.w": digest(DATA[:20]).hex(), "tokenizer": digest(DATA[20:]).hex()}
    return {
        "__metadata__": {
            "format": "tat-checkpoint",
            "version": "1",
            "checksums": dumps(sums),
            "content": dumps(CONTENT),
        },
        "header.blake2b": {"dtype": "U8", "shape": [16], "data_offsets": [0, 16]},
        "weights.w": {"dtype": "U8", "shape": [4, 5], "data_offsets": [16, 36]},
        "tokenizer": {"dtype": "U8", "shape": [4], "data_offsets": [36, 40]},
    }


def forge(path, header, data=DATA):
    """A file whose checksums match, whatever its header says."""
    text = header if isinstance(header, bytes) else dumps(header).encode()
    text += b" " * (-len(text) % 8)
    frame = len(text).to_bytes(8, "little") + text
    path.write_bytes(frame + digest(frame) + data)
    return path


def assert_refused(path, match=None):
    """CheckpointError from load, in one printable line that begins with the file's name."""
    with pytest.raises(CheckpointError, match=match) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and message.isprintable()
    assert ";" in message, "says what to do"
    return message


def changed(*keys, value):
    header = good_header()
    inner = header
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return header


def content(**changes):
    return changed("__metadata__", "content", value=dumps(CONTENT | changes))


def test_the_forger_makes_good_files(tmp_path):
    """Otherwise the tests below could pass for the wrong reason."""
    loaded = load(forge(tmp_path / "file", good_header()))
    assert loaded.weights["w"].tobytes() == DATA[:20] and loaded.tokenizer == DATA[20:]
    assert loaded.step == 1


def without(name):
    header = good_header()
    del header[name]
    return header


LIES = {
    "newer": (changed("__metadata__", "version", value="2"), "version 2, this tat reads 1"),
    "other format": (changed("__metadata__", "format", value="tat-other"), "tat-other|Invalid"),
    "no metadata": (without("__metadata__"), "do not fit"),
    "metadata list": (changed("__metadata__", value=[]), "do not fit"),
    "no header checksum": (without("header.blake2b"), "header.blake2b"),
    "gap": (changed("weights.w", "data_offsets", value=[17, 37]), "impossible place"),
    "overlap": (changed("tokenizer", "data_offsets", value=[32, 36]), "impossible place"),
    "same place": (changed("tokenizer", "data_offsets", value=[16, 20]), "impossible place"),
    "backwards": (changed("weights.w", "data_offsets", value=[36, 16]), "impossible place"),
    "negative": (changed("weights.w", "data_offsets", value=[-4, 16]), "impossible place"),
    "wrong size": (changed("weights.w", "shape", value=[4, 6]), "impossible place"),
    "huge": (changed("weights.w", "shape", value=[1 << 40, 1 << 40]), "impossible place"),
    "too huge": (changed("weights.w", "shape", value=[1 << 60]), r"<= 1099511627776"),
    "minus": (changed("weights.w", "shape", value=[-4, -5]), ">= 0"),
    "true": (changed("weights.w", "shape", value=[True, 20]), "got `bool`"),
    "float": (changed("weights.w", "shape", value=[4.0, 5]), "got `float`"),
    "many axes": (changed("weights.w", "shape", value=[1] * 60 + [20]), "length <= 8"),
    "dtype": (changed("weights.w", "dtype", value="O8"), "O8"),
    "more keys": (changed("weights.w", "pickle", value="x"), "pickle"),
    "beyond the end": (changed("tokenizer", value={
        "dtype": "U8", "shape": [1 << 39], "data_offsets": [36, 36 + (1 << 39)]}), "cut short"),
    "other header checksum": (changed("header.blake2b", "shape", value=[4, 4]), "no header.blake"),
    "checksum of nothing": (changed("__metadata__", "checksums", value=good_header()[
        "__metadata__"]["checksums"].replace("}", ',"weights.x":""}')), "the checksums are not"),
    "tensor without checksum": (changed("weights.v", value={
        "dtype": "U8", "shape": [0], "data_offsets": [40, 40]}), "checksums"),
    "tensor cut off": (without("tokenizer"), "longer than its header"),
    "no tokenizer": (json.loads(dumps(good_header()).replace("tokenizer", "state.t")),
                     "no tokenizer inside"),
    "odd tokenizer": (good_header() | {"tokenizer": {
        "dtype": "I32", "shape": [1], "data_offsets": [36, 40]}}, "no tokenizer inside"),
    "step": (content(step="1"), "step"),
    "negative step": (content(step=-1), "step"),
    "content list": (changed("__metadata__", "content", value="[]"), "do not fit"),
    "content more": (content(more=1), "more"),
    "content not JSON": (changed("__metadata__", "content", value="{"), "do not fit"),
    "NaN": (changed("__metadata__", "content", value=dumps(CONTENT | {
        "progress": {"loss": float("nan")}})), "do not fit"),
    "overflow": (changed("__metadata__", "content", value=dumps(CONTENT).replace(
        '"step":1', '"step":1e999')), "do not fit"),
    "key twice": (changed("__metadata__", "content", value=dumps(CONTENT).replace(
        '"step":1', '"step":1,"step":2')), "key twice"),
    "spaces": (changed("__metadata__", "content", value=dumps(CONTENT) + " "), "another form"),
    "deep": (changed("__metadata__", "content", value=dumps(CONTENT).replace(
        '"progress":{}', '"progress":' + '{"a":' * 40 + "0" + "}" * 40)), "deeper than 32"),
    "very deep": (changed("__metadata__", "content", value="[" * 100_000), "do not fit"),
    "huge number": (changed("__metadata__", "content", value="1" * 100_000), "do not fit"),
    "not JSON": (b"tat-checkpoint", "do not fit"),
    "not UTF-8": (b'{"tat-checkpoint":"\xff"}', "do not fit"),
    "a list": (b'["tat-checkpoint"]', "do not fit"),
    "null": (b"null", "do not fit"),
    "nothing": (b"", "do not fit|not a checkpoint"),
}  # fmt: skip


@pytest.mark.parametrize("header, match", LIES.values(), ids=LIES.keys())
def test_a_lying_header_is_refused(tmp_path, header, match):
    assert_refused(forge(tmp_path / "file", header), match)


def with_extra_tensor(name, shape=(0,)):
    """A good header and one more tensor, empty, with its right checksum."""
    header = changed(name, value={"dtype": "F64", "shape": list(shape), "data_offsets": [40, 40]})
    sums = json.loads(header["__metadata__"]["checksums"]) | {name: digest(b"").hex()}
    header["__metadata__"]["checksums"] = dumps(sums)
    return header


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "weights", "a\nline\x1b[31m", "\ud800"])
def test_names_that_are_neither_weight_nor_state_are_refused(tmp_path, name):
    assert_refused(forge(tmp_path / "file", with_extra_tensor(name)), "neither a weight nor state")


def test_a_name_of_a_megabyte_does_not_flood_the_message(tmp_path):
    header = with_extra_tensor("weights." + "w" * 1_000_000)
    assert len(assert_refused(forge(tmp_path / "file", header))) < 1000


def test_an_empty_tensor_that_numpy_cannot_address_is_refused(tmp_path):
    fine = with_extra_tensor("weights.e", (1 << 40, 0))
    assert load(forge(tmp_path / "file", fine)).weights["e"].shape == (1 << 40, 0)
    bad = with_extra_tensor("weights.e", (1 << 40, 1 << 40, 0))
    assert_refused(forge(tmp_path / "file", bad), "impossible place or shape")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "dtype, size, position", [("F16", 5, 0), ("F32", 5, 4), ("F64", 5, 2), ("F32", 600_000, 0)]
)
def test_a_tensor_that_is_not_finite_is_refused(tmp_path, value, dtype, size, position):
    array = np.ones(size, {"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dtype])
    array[position] = value
    data = array.tobytes()
    header = good_header()
    header["weights.w"] = {
        "dtype": dtype, "shape": [array.size], "data_offsets": [16, 16 + len(data)],
    }  # fmt: skip
    header["tokenizer"]["data_offsets"] = [16 + len(data), 20 + len(data)]
    sums = {"weights.w": digest(data).hex(), "tokenizer": digest(DATA[20:]).hex()}
    header["__metadata__"]["checksums"] = dumps(sums)
    path = forge(tmp_path / "file", header, data + DATA[20:])
    assert_refused(path, "weights.w has NaN or infinity")
    assert "NaN or infinity" in inspect(path).damage


def test_memory_is_bounded_by_the_file(tmp_path):
    """Claimed lengths are not allocated; a header has 4 MiB at most."""
    claims = {
        "header of 2^60": (1 << 60).to_bytes(8, "little") + bytes(100),
        "header of 2^64 - 1": b"\xff" * 8 + b"tat-checkpoint",
        "header of 8 MiB": (8 << 20).to_bytes(8, "little") + b"[" * (8 << 20),
    }
    tracemalloc.start()
    try:
        for name, data in claims.items():
            path = tmp_path / "claim"
            path.write_bytes(data)
            tracemalloc.reset_peak()
            base = tracemalloc.get_traced_memory()[0]
            assert_refused(path)
            assert tracemalloc.get_traced_memory()[1] - base < 16 << 20, name
    finally:
        tracemalloc.stop()


def test_the_worst_header_costs_bounded_memory(tmp_path):
    """4 MiB of empty lists, the JSON that grows most on parsing."""
    lists = b"[]," * ((4 << 20) // 3 - 20)
    path = forge(tmp_path / "file", b'{"tat-checkpoint":[' + lists + b"[]]}")
    status, refs = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    refs.write_text("5")  # VmHWM, the peak, starts again from what is held now
    before = int(re.search(r"VmRSS:\s+(\d+)", status.read_text())[1])
    assert_refused(path)
    peak = int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
    assert 4 << 10 < peak - before < 256 << 10  # KiB


def test_a_sparse_file_larger_than_memory_is_refused(tmp_path):
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") + (1 << 30)
    header = good_header()
    header["weights.w"] = {"dtype": "U8", "shape": [size], "data_offsets": [16, 16 + size]}
    header["tokenizer"]["data_offsets"] = [16 + size, 20 + size]
    path = forge(tmp_path / "file", header, b"")
    os.truncate(path, path.stat().st_size + size + 4)
    assert_refused(path, "MiB of memory")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
IN_ONE_FOLDER = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400
)
PLACES = st.sampled_from(
    [(outer, inner) for outer, items in good_header().items() for inner in (None, *items)]
)


@IN_ONE_FOLDER
@given(place=PLACES, value=JSON)
@example(place=("weights.w", "shape"), value=[20])
@example(place=("__metadata__", "content"), value="[]")
def test_any_value_anywhere_in_the_header_loads_or_is_refused(tmp_path, place, value):
    outer, inner = place
    header = changed(outer, value=value) if inner is None else changed(outer, inner, value=value)
    path = forge(tmp_path / "file", header)
    try:
        assert load(path).weights["w"].tobytes() == DATA[:20]
    except CheckpointError as error:
        assert str(error).isprintable()


@IN_ONE_FOLDER
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_refused(tmp_path, data, framed):
    path = tmp_path / "file"
    if framed:
        forge(path, data)
    else:
        path.write_bytes(data)
    assert_refused(path)
