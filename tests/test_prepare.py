"""Prepared corpora: the same bits as reading in memory, whatever happens on the way."""

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_harness import MODULES, child_environment, command, write_shaders
from hypothesis import given, settings
from hypothesis import strategies as st
from prepared_corpora import CONFIG, prepared, same

from tat import resources
from tat.data import prepare
from tat.data.corpus import load_corpus
from tat.data.corpus_content import Content, key_of
from tat.data.corpus_file import CorpusFile
from tat.data.prepare_child import send
from tat.data.prepare_tasks import packed_task
from tat.data.training_data import TrainingData
from tat.errors import BusyError, CorpusError, FileError

WORDS = st.sampled_from(["x", "r", "radius", "1.5", "vec3f(x)", "sin(x)", "mix(x, r, 0.5)"])
BODIES = st.lists(WORDS, max_size=6).map(lambda w: "{\n    let a = " + " + ".join(w) + ";\n}")
MODULE = st.builds(
    lambda comment, name, body: f"// {comment}\nfn {name}(x: f32) -> f32 {body}\n",
    st.sampled_from(["adds a few things up", "twice", "é, and more of it"]),
    st.sampled_from(["f", "g", "area"]), BODIES,
)  # fmt: skip
LINE = st.one_of(
    MODULE.map(lambda text: {"wgsl": text}),
    st.builds(lambda text, name: {"wgsl": text, "id": name}, MODULE, st.sampled_from("abc")),
    st.builds(
        lambda body, calls: {"signature": "fn h(r: f32) -> f32", "body": body, "calls": calls,
                             "module_id": "m", "comment": "a line of three words"},
        BODIES, st.lists(st.sampled_from(["fn a()", "fn b() -> f32"]), max_size=2),
    ),
    st.sampled_from([{"wgsl": 3}, {}, {"wgsl": ""}, {"wgsl": "fn q() { }"}]),
)  # fmt: skip


def write_corpus(folder: Path, modules: list[str], lines: list[dict]) -> Path:
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(modules):
        (folder / f"{number}.wgsl").write_text(text)
    (folder / "lines.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture
def streaming(monkeypatch):
    """Small corpora go the way of large ones, in small units and several parts."""
    monkeypatch.setattr(prepare, "_IN_MEMORY", -1)
    monkeypatch.setattr(prepare, "_UNIT", 200)


@settings(max_examples=15)
@given(modules=st.lists(MODULE, max_size=6), lines=st.lists(LINE, max_size=12))
def test_parts_have_the_bits_of_reading_in_memory(modules, lines, tmp_path_factory):
    folder = write_corpus(tmp_path_factory.mktemp("corpus"), modules, lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "_IN_MEMORY", -1)
        patch.setattr(prepare, "_UNIT", 200)
        out = folder / "out.tat"
        try:
            corpus = load_corpus([folder], CONFIG, 3)
        except CorpusError as error:
            with pytest.raises(CorpusError) as refused:
                prepared([folder], out, threads=1)
            assert str(refused.value) == str(error) and not out.exists()
            assert not list(folder.glob(".*.work"))
            return
        assert same(prepared([folder], out, threads=1), TrainingData.of(corpus, CONFIG))
    assert not list(folder.glob(".*.work"))


@pytest.mark.parametrize("changes", [
    {}, {"synth": 30}, {"neighbours": 2}, {"renamings": 2}, {"infill_share": 0.7},
    {"body_comments": False}, {"neighbours": 2, "renamings": 1, "synth": 40},
])  # fmt: skip
def test_every_setting_has_the_bits_of_reading_in_memory(changes, tmp_path, streaming):
    folder, config = write_shaders(tmp_path / "shaders"), replace(CONFIG, **changes)
    found = prepared([folder], tmp_path / "out.tat", config, threads=2)
    assert same(found, TrainingData.of(load_corpus([folder], config, 3), config))


@pytest.mark.parametrize("changes", [{}, {"neighbours": 1, "renamings": 1}])
def test_a_killed_call_goes_on_with_what_it_finds(changes, tmp_path, streaming, monkeypatch):
    folder, out = write_shaders(tmp_path / "shaders"), tmp_path / "out.tat"
    config = replace(CONFIG, **changes)
    whole = prepared([folder], tmp_path / "whole.tat", config, threads=1)
    done = []
    for name, task in prepare_tasks().items():

        def counted(*arguments: object, name: str = name, task=task) -> None:
            if len(done) == limit:
                raise KeyboardInterrupt
            done.append(name)
            task(*arguments)

        monkeypatch.setitem(prepare_tasks(), name, counted)
    for number in range(1, 60):
        limit = number
        done.clear()
        try:
            data = prepared([folder], out, config, threads=1)
            break
        except KeyboardInterrupt:
            assert not out.exists()
    assert limit > 10 and same(data, whole)


@pytest.mark.parametrize("parts", [False, True])
def test_an_error_leaves_no_work_folder(tmp_path, monkeypatch, parts):
    def full(*_: object, **__: object) -> None:
        raise FileError("cannot write: No space left on device")

    monkeypatch.setattr(prepare, "_IN_MEMORY", -1 if parts else 8 << 20)
    monkeypatch.setattr(prepare.corpus_file, "write", full)
    folder = write_shaders(tmp_path / "shaders")
    with pytest.raises(FileError, match="No space"):
        prepared([folder], tmp_path / "out.tat", threads=1)
    assert [path.name for path in tmp_path.iterdir()] == ["shaders"]


def test_a_write_error_of_a_child_names_the_file(tmp_path):
    """So that training goes on without its cache, as where the cache's folder cannot be written."""
    from tat.data.prepare_pool import Pool

    with pytest.raises(FileError, match=r"cannot write .*nowhere"), Pool(2) as pool:
        pool.do("count_pieces", 0, [], tmp_path / "nowhere" / "counts")
        pool.finish()


def test_a_child_whose_parent_was_killed_ends_without_a_word():
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command("_prepare-child"), env=child_environment({}), stdin=pipe, stdout=pipe, stderr=pipe
    ) as child:
        child.stdout.close()
        send(child.stdin, packed_task("count_pieces", (0, [], "/nowhere/counts")))
        child.stdin.close()
        assert child.stderr.read() == b"" and child.wait() == 1


def prepare_tasks() -> dict:
    from tat.data import prepare_pool

    return prepare_pool.TASKS


def test_a_process_killed_anywhere_leaves_nothing_wrong(tmp_path):
    long = "// " + "much to say, " * 400 + "\n" + MODULES["sign3.wgsl"]
    line, big = json.dumps({"wgsl": long}), tmp_path / "big.jsonl"  # large, and quickly done
    big.write_text("\n".join(line.replace("sign3", f"sign{n}") for n in range(1800)))
    assert big.stat().st_size > prepare._IN_MEMORY
    words = command("prepare", big, "-o", tmp_path / "out.tat", "--preset", "tiny")
    for wait in (1.0, 2.0):
        child = subprocess.Popen(words, env=child_environment({}), stderr=subprocess.PIPE)
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert subprocess.run(words, env=child_environment({}), capture_output=True).returncode == 0
    CorpusFile(tmp_path / "out.tat").check()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["big.jsonl", "out.tat"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A prepared corpus, not to be changed."""
    folder = tmp_path_factory.mktemp("whole")
    prepared([write_shaders(folder / "shaders")], folder / "out.tat")
    return folder / "out.tat"


@settings(max_examples=60)
@given(data=st.data())
def test_damage_anywhere_is_found(data, whole, tmp_path_factory):
    content, out = bytearray(whole.read_bytes()), tmp_path_factory.mktemp("damaged") / "out.tat"
    used = [(s.start, s.size) for s in CorpusFile(whole).index.sections.values() if s.size]
    start, size = data.draw(st.sampled_from([*used, (len(content) - 300, 300)]))
    place = start + data.draw(st.integers(0, size - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    out.write_bytes(content)
    with pytest.raises(CorpusError):
        CorpusFile(out).check()


@given(cut=st.floats(0, 0.999))
def test_a_file_that_was_cut_short_is_refused(cut, whole, tmp_path_factory):
    content, out = whole.read_bytes(), tmp_path_factory.mktemp("cut") / "out.tat"
    out.write_bytes(content[: int(cut * len(content))])
    with pytest.raises(CorpusError, match="prepare"):
        CorpusFile(out)


def test_two_at_once_do_not_meet(tmp_path):
    folder, out = write_shaders(tmp_path / "shaders"), tmp_path / "out.tat"
    content = Content.of([folder])
    work = tmp_path / f".out.tat.{key_of(content, CONFIG, 3, None)[:16]}.work"
    work.mkdir()
    from tat import locks

    held = locks.acquire(work / "lock")
    with pytest.raises(BusyError, match="another process"):
        prepared([folder], out)
    locks.release(held)
    assert len(prepared([folder], out).train)


def test_the_key_knows_contents_and_not_names(tmp_path):
    one, other = (write_shaders(tmp_path / name) for name in ("one", "other"))
    keys = [key_of(Content.of([folder]), CONFIG, 0, None) for folder in (one, other)]
    assert keys[0] == keys[1]
    (other / "area.wgsl").write_text("fn a() {}")
    assert key_of(Content.of([other]), CONFIG, 0, None) != keys[0]
    assert key_of(Content.of([one]), replace(CONFIG, vocabulary=301), 0, None) != keys[0]
    assert key_of(Content.of([one]), CONFIG, 1, None) != keys[0]


def test_the_key_of_drawn_functions_knows_the_code_that_draws_them(tmp_path, monkeypatch):
    content = Content.of([write_shaders(tmp_path / "shaders")])
    code, keys = tmp_path / "synth" / "dress.py", []
    code.parent.mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    for text in ("SHARE = 1", "SHARE = 2"):
        code.write_text(text)
        keys += [key_of(content, replace(CONFIG, synth=count), 0, None) for count in (0, 9)]
    plain, drawn, plain_still, drawn_anew = keys
    assert plain == plain_still and drawn != drawn_anew


def test_pages_that_were_read_are_given_back(tmp_path):
    folder = write_shaders(tmp_path / "shaders")
    data = prepared([folder], tmp_path / "out.tat")
    before = [data.train.sources[i].copy() for i in range(len(data.train))]
    data.train.release()
    after = [data.train.sources[i] for i in range(len(data.train))]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert os.stat(tmp_path / "out.tat").st_size > 0
