"""Prepared corpora in training: the cache, its damage, and `tat prepare`."""

import json
from dataclasses import replace

import pytest
from cli_harness import tat, train, write_shaders
from prepared_corpora import CONFIG, same

from tat.config import resolve
from tat.data import corpus_cache, prepare
from tat.data.corpus import load_corpus
from tat.data.corpus_file import CorpusFile
from tat.data.training_data import TrainingData
from tat.errors import BusyError, UsageError


@pytest.mark.parametrize("synth", [0, 9])
def test_training_prepares_once_and_reads_it_again(synth, tmp_path, monkeypatch):
    config = replace(resolve(environment={}).config, data=replace(CONFIG, synth=synth))
    folder = write_shaders(tmp_path / "shaders")
    monkeypatch.setattr(corpus_cache, "user_folder", lambda kind: tmp_path / "cache")
    first = corpus_cache.training_data([folder], config, None, print)
    monkeypatch.setattr(corpus_cache, "prepare", None)
    monkeypatch.setattr(corpus_cache, "require_functions", None)
    assert same(corpus_cache.training_data([folder], config, None, print), first)
    # As a run that goes on asks: with the tokenizer that it learnt.
    assert same(corpus_cache.training_data([folder], config, first.tokenizer, print), first)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Asks for the data of a folder of shaders; the cache is empty."""
    config = replace(resolve(environment={}).config, data=CONFIG)
    folder = write_shaders(tmp_path / "shaders")
    monkeypatch.setattr(corpus_cache, "user_folder", lambda kind: tmp_path / "cache")
    return lambda: corpus_cache.training_data([folder], config, None, print)


def test_training_waits_for_another_process_that_prepares_the_same(cached, monkeypatch):
    others = [BusyError("busy"), BusyError("busy"), None]

    def prepared(*given, **more):
        if error := others.pop(0):
            raise error
        prepare.prepare(*given, **more)

    monkeypatch.setattr(corpus_cache, "prepare", prepared)
    monkeypatch.setattr(corpus_cache, "_PAUSE", 0)
    assert cached().report.functions and not others


def test_no_other_error_of_preparing_is_waited_for(cached, monkeypatch):
    def refused(*given, **more):
        raise UsageError("--define 1: give NAME")

    monkeypatch.setattr(corpus_cache, "prepare", refused)
    with pytest.raises(UsageError, match="give NAME"):
        cached()


def test_a_damaged_file_in_the_cache_is_made_anew(tmp_path, monkeypatch):
    config = replace(resolve(environment={}).config, data=CONFIG)
    folder = write_shaders(tmp_path / "shaders")
    monkeypatch.setattr(corpus_cache, "user_folder", lambda kind: tmp_path / "cache")
    first = corpus_cache.training_data([folder], config, None, print)
    [kept] = (tmp_path / "cache").rglob("*.tat")
    kept.write_bytes(kept.read_bytes()[:-1])
    assert same(corpus_cache.training_data([folder], config, None, print), first)


def test_a_cache_that_cannot_be_written_stops_nobody(tmp_path, monkeypatch):
    config = replace(resolve(environment={}).config, data=CONFIG)
    folder = write_shaders(tmp_path / "shaders")
    (tmp_path / "cache").write_text("no folder")
    monkeypatch.setattr(corpus_cache, "user_folder", lambda kind: tmp_path / "cache")
    said = []
    found = corpus_cache.training_data([folder], config, None, said.append)
    assert same(found, TrainingData.of(load_corpus([folder], CONFIG, 0), CONFIG))
    assert "without a cache" in said[0]


def test_a_prepared_corpus_trains_as_its_files_do(bench, tmp_path):
    out, small = tmp_path / "corpus.tat", ("--config", bench / "small.toml")
    made = tat("prepare", bench / "shaders", "-o", out, *small)
    assert made.code == 0 and not made.out and "validation samples" in made.err
    assert tat("prepare", out, "--check").err == f"{out}: every checksum holds\n"
    assert train(bench, tmp_path / "files", "-q", steps=2).code == 0
    assert tat("train", out, *small, "--run", tmp_path / "run", "--steps", 2, "-q").code == 0
    lines = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("files", "run")]
    losses = [[json.loads(line)["loss"] for line in text.splitlines()] for text in lines]
    assert losses[0] == losses[1]
    assert tat("train", "--run", tmp_path / "run", "--resume", "--steps", 3, "-q").code == 0


def test_functions_by_rules_are_prepared_with_files_or_alone(bench, tmp_path):
    out, tiny = tmp_path / "corpus.tat", ("--preset", "tiny", "--synth", 9)
    for paths, told in (((), "; 9 functions by rules in"), ([bench / "shaders"], " MB and 9 func")):
        made = tat("prepare", *paths, *tiny, "-o", out)
        assert made.code == 0 and told in made.err
        assert CorpusFile(out).index.data["synth"] == 9
    run = tat("train", out, *tiny, "--run", tmp_path / "run", "--steps", 1)
    assert run.code == 0 and "drawing" not in run.err
    failed = tat("train", out, "--preset", "tiny", "--run", tmp_path / "other")
    assert failed.code == 4 and "data.synth = 9, and here it is 0; give the same" in failed.err
    failed = tat("prepare", "-o", out, "--preset", "tiny")
    assert failed.code == 2 and "--synth N" in failed.failure()
    failed = tat("prepare", "--check")
    assert failed.code == 2 and "give the prepared files" in failed.failure()


def test_other_settings_than_the_prepared_are_named(bench, tmp_path):
    out = tmp_path / "corpus.tat"
    assert tat("prepare", bench / "shaders", "-o", out, "--preset", "tiny", "-q").code == 0
    failed = tat("train", out, "--run", tmp_path / "run", "-q")
    assert failed.code == 4
    assert "prepared with data.vocabulary = 1024, and here it is 8192" in failed.failure()


def test_a_prepared_corpus_is_not_prepared_nor_mixed(bench, tmp_path):
    out, tiny = tmp_path / "corpus.tat", ("--preset", "tiny")
    assert tat("prepare", bench / "shaders", "-o", out, *tiny, "-q").code == 0
    for words in (("prepare", out, "-o", tmp_path / "other.tat"),
                  ("train", out, bench / "shaders", "--run", tmp_path / "run")):  # fmt: skip
        failed = tat(*words, *tiny)
        assert failed.code == 4 and "goes alone to `tat train`" in failed.failure()
    assert tat("prepare", tmp_path / "none", "-o", tmp_path / "other.tat", *tiny).code == 4
    assert [path.name for path in tmp_path.glob("*.tat*")] == ["corpus.tat"]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["corpus", "corpus.txt"])
def test_the_output_is_named_tat(bench, tmp_path, name):
    failed = tat("prepare", bench / "shaders", "-o", tmp_path / name)
    assert failed.code == 2 and "-o FILE.tat" in failed.failure()
