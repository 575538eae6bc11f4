"""Neighbours: never the pair, its module or its copies; the same wherever files lie."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_harness import resume, tat, train
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbour_data import WORDS, completion, config, corpus_of, samples_of, write

from tat import weights
from tat.backends.opening import open_backend
from tat.data.batches import Batches
from tat.data.corpus import load_corpus
from tat.data.dataset import encode_samples
from tat.data.neighbours import encode_neighbour, find_neighbours, with_neighbours
from tat.data.tokenizer import Special, Tokenizer
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.errors import UsageError
from tat.model.transformer import Transformer
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index
from tat.retrieval.similarity import gives_away, shingles
from tat.train.trainer import Trainer


@settings(max_examples=60, deadline=None)
@given(samples_of, st.integers(1, 4), st.randoms(use_true_random=False))
def test_neighbours_are_never_the_pair_its_module_its_copies_or_held_out(samples, count, random):
    found = list(with_neighbours(samples, count))
    assert [replace(s, neighbours=()) for s in found] == samples
    pool = [s for s in samples if s.split == "train" and s.kind == "completion"]
    for sample in found:
        assert len(set(sample.neighbours)) == len(sample.neighbours) <= count
        for text in sample.neighbours:
            origins = [p for p in pool if text.endswith(p.code)]
            assert any(p.group != sample.group for p in origins), "only a training function"
            assert not gives_away(shingles(text), shingles(sample.code))
    shuffled = random.sample(samples, len(samples))
    elsewhere = [replace(s, origin=f"/moved/{i}") for i, s in enumerate(shuffled)]
    again = {s.digest: s.neighbours for s in with_neighbours(elsewhere, count)}
    assert again == {s.digest: s.neighbours for s in found}


def test_neighbours_are_found_and_fit_the_words_best_first():
    pool = [completion(word, 1, lines, f"{word}{lines}") for word in WORDS for lines in (1, 9)]
    asked = completion("blur", 2, 3, "own", "valid")
    *_, found = with_neighbours([*pool, asked], 4)
    assert len(found.neighbours) == 4
    assert all("// some blur that is nice\nfn blur_1" in text for text in found.neighbours[:2])
    assert not any("fn blur" in text for text in found.neighbours[2:])


def test_a_corpus_has_them_counted_and_in_its_fingerprint(tmp_path):
    write(tmp_path, 24)
    alone = corpus_of(tmp_path, **{"data.validation_share": 0.3})
    both = corpus_of(tmp_path, **{"data.validation_share": 0.3, "data.neighbours": 2})
    assert not alone.report.accompanied and not any(s.neighbours for s in alone.samples)
    assert both.report.accompanied == sum(bool(s.neighbours) for s in both.samples) > 20
    assert f"{both.report.accompanied} samples with neighbours" in both.report.lines()
    assert both.valid and all(s.neighbours for s in both.valid)
    assert alone.fingerprint != both.fingerprint
    assert list(alone.texts()) == list(both.texts())


def test_a_neighbour_is_cut_behind_its_marker():
    tokenizer = Tokenizer([])
    ids = encode_neighbour("fn f() {}", tokenizer, 5)
    assert ids == [Special.NEIGHBOUR, *tokenizer.encode("fn f")]
    assert encode_neighbour("fn", tokenizer, 5) == [Special.NEIGHBOUR, *tokenizer.encode("fn")]


def encoded(tmp_path: Path, **changes) -> Batches:
    settings = config(**{"data.neighbours": 2, "data.neighbour_tokens": 40} | changes)
    corpus = load_corpus([write(tmp_path / "shaders")], settings.data, 0)
    data = encode_samples(corpus.train, Tokenizer([]), settings.data)
    share = settings.data.neighbour_share
    return Batches(data, settings.data.buckets, settings.train.batch_tokens, 0, share)


def test_batches_hold_the_neighbours_behind_the_sample(tmp_path):
    batches = encoded(tmp_path)
    data = batches.dataset
    assert batches.sources == 3 and data.neighbours.shape == (len(data), 2)
    assert len(data.texts) < (data.neighbours >= 0).sum(), "a text is kept once"
    assert max(data.texts.lengths) == 40
    texts = {tuple(data.texts[i].tolist()) for i in range(len(data.texts))}
    for batch in batches.in_order():
        rows, source = batches.rows_of(batch.bucket), batch.bucket[0]
        assert batch.sources.shape == (rows, 3, source) and batch.source_lengths.shape == (rows, 3)
        for ids, lengths, target in zip(batch.sources, batch.source_lengths, batch.target_lengths):
            assert (lengths > 0).all() if target else not lengths.any()
            for k in (1, 2):
                assert not ids[k, lengths[k] :].any()
                assert not target or tuple(ids[k, : lengths[k]].tolist()) in texts


def test_a_neighbour_is_cut_to_a_short_bucket(tmp_path):
    changes = {
        "data.buckets": [[60, 256]], "train.batch_tokens": 9999, "data.infill_share": 0.0,
        "data.description_words": 0, "data.neighbour_tokens": 99,
    }  # fmt: skip
    batches = encoded(tmp_path, **changes)
    [batch] = batches.in_order()
    assert batch.source_lengths[:, 0].max() < batch.source_lengths[:, 1].max() == 60
    whole = batches.dataset.texts[batches.dataset.neighbours[0, 0]]
    assert batch.sources[0, 1].tolist() == whole[:60].tolist()


def kept(batches: Batches, epoch: int) -> dict[tuple[int, ...], bool]:
    """Which samples keep their neighbours in an epoch, by their source."""
    count, found = batches.micro_batches_per_epoch, {}
    for index in range(epoch * count, (epoch + 1) * count):
        batch = batches.micro_batch(index)
        for ids, lengths in zip(batch.sources, batch.source_lengths):
            if lengths[0]:
                assert lengths[1:].all() or not lengths[1:].any()
                found[tuple(ids[0, : lengths[0]].tolist())] = bool(lengths[1])
    return found


def test_the_share_that_keeps_them_is_drawn_in_each_epoch(tmp_path):
    batches = encoded(tmp_path, **{"data.neighbour_share": 0.5})
    epochs = [kept(batches, epoch) for epoch in range(30)]
    share = np.mean([list(epoch.values()) for epoch in epochs])
    assert 0.4 < share < 0.6
    assert len({tuple(sorted(epoch.items())) for epoch in epochs}) > 25
    assert kept(encoded(tmp_path, **{"data.neighbour_share": 0.5}), 7) == epochs[7]
    assert all(kept(encoded(tmp_path, **{"data.neighbour_share": 1.0}), 0).values())
    assert not any(kept(encoded(tmp_path, **{"data.neighbour_share": 0.0}), 0).values())


def trainer_of(batches: Batches, **changes) -> Trainer:
    settings = config(**changes)
    model = Transformer(settings.model, 300)
    trainer = Trainer(settings, model, open_backend("cpu", 1, 256), batches)
    trainer.start(weights.draw(model.parameters, 0))
    return trainer


def test_without_its_neighbours_a_sample_is_that_of_a_model_with_one_source(tmp_path):
    with_three = trainer_of(encoded(tmp_path, **{"data.neighbour_share": 0.0}))
    alone = trainer_of(encoded(tmp_path, **{"data.neighbours": 0}))
    for _ in range(3):
        a, b = with_three.step(), alone.step()
        assert a.loss == pytest.approx(b.loss, rel=1e-6)
        assert a.gradient_norm == pytest.approx(b.gradient_norm, rel=1e-5)
    assert with_three.evaluate(encoded(tmp_path).in_order()) != pytest.approx(b.loss, rel=1e-6)


def test_gradients_reach_tokens_that_only_a_neighbour_has(tmp_path):
    batches = encoded(tmp_path)
    trainer = trainer_of(batches)
    batch = next(batch for batch in batches.in_order() if batch.source_lengths[0, 1] > 2)
    batch.sources[0, 1, 2] = 299  # a token that stands nowhere else
    assert (np.concatenate([batch.sources.ravel(), batch.inputs.ravel()]) == 299).sum() == 1

    def gradient_of_token() -> np.ndarray:
        trainer._gradient(batch, 0, 1, 0)
        gradients = trainer._plan(batch.bucket, True).persistent["gradients"]
        named = weights.unpack(trainer.model.parameters, trainer.backend.read(gradients))
        return named["embedding.table"][299].copy()

    reached = gradient_of_token()
    batch.source_lengths[0, 1] = 2
    untouched = gradient_of_token()  # that of the tied output layer, which every token has
    assert np.abs(reached - untouched).max() > 1e-3 * np.abs(untouched).max() > 0


CODE = {
    "sd_box": "fn sd_box(p: vec2f) -> f32 { return max(abs(p.x), abs(p.y)) - 1.0; }",
    "sd_disc": "fn sd_disc(p: vec2f) -> f32 { return length(p) - 1.0; }",
    "shade": "struct Box { size: vec2f }\nfn shade(b: Box) -> f32 { return b.size.x; }",
}


@pytest.fixture(scope="module")
def index() -> Index:
    made = Index()
    made.update(
        Document(f"{name}.wgsl", 1, name, text, license="MIT") for name, text in CODE.items()
    )
    return made


TRAINED = config(**{"data.neighbours": 2}).data


def test_a_prompt_gets_functions_with_place_and_licence(index):
    found = Retriever(index, TRAINED, 9).neighbours(Prompt("distance to a box, sd"))
    assert {n.name for n in found} == {"sd_box", "sd_disc", "shade"}, "no struct, no module"
    [box] = [n for n in found if n.name == "sd_box"]
    assert (box.text, box.file, box.line, box.license) == (CODE["sd_box"], "sd_box.wgsl", 1, "MIT")
    assert [n.score for n in found] == sorted((n.score for n in found), reverse=True)
    gap = Prompt(prefix="fn sd_", suffix="(p: vec2f) -> f32 { return length(p); }")
    assert Retriever(index, TRAINED, 9).neighbours(gap)


def test_as_many_as_the_model_was_trained_with_or_as_are_asked_for(index):
    prompt = Prompt("sd box shade", "fn f(p: vec2f) -> f32")
    counts = [len(Retriever(index, TRAINED, top).neighbours(prompt)) for top in (None, 0, 1, 3)]
    assert counts == [2, 0, 1, 3]


def test_excluded_functions_are_not_found(index):
    retriever = Retriever(index, TRAINED, 9)
    prompt = Prompt("sd box shade")
    copy = CODE["sd_box"].replace("vec2f", "vec2<f32>")
    assert {n.name for n in retriever.neighbours(prompt, exclude=copy)} == {"sd_disc", "shade"}
    left = retriever.neighbours(prompt, refuse=lambda hit: hit.file.startswith("sd_"))
    assert [n.name for n in left] == ["shade"]


def test_a_model_trained_without_retrieval_reads_nothing(index):
    prompt = Prompt("sd box", "fn f(p: vec2f) -> f32")
    assert Retriever(index, config().data).neighbours(prompt) == []
    with pytest.raises(UsageError, match="trained without retrieval"):
        Retriever(index, config().data, 1)


def test_functions_are_renamed_to_the_names_of_a_prompt(index):
    prompt = Prompt("disc", "fn inside(at: vec2<f32>) -> f32")
    settings = replace(config().generate, adaptations=2, last_resorts=1)
    retriever = Retriever(index, config().data, settings=settings)
    retrieved = retriever.beside(prompt, [])
    first, second = retrieved.adaptations
    assert len(retrieved.last_resorts) == 1
    assert first.render() == "fn inside(at: vec2<f32>) -> f32 { return length(at) - 1.0; }"
    assert (first.origin.file, first.origin.license) == ("sd_disc.wgsl", "MIT")
    assert second.origin.score <= first.origin.score
    [other] = retriever.beside(prompt, [], exclude=CODE["sd_disc"]).adaptations[:1]
    assert other.origin.name != "sd_disc"
    for prompt in (Prompt("teapot"), Prompt(prefix="fn sd_", suffix="")):
        assert not retriever.beside(prompt, []).adaptations
    [whole] = retriever.beside(Prompt("disc"), []).adaptations
    assert whole.render().endswith(CODE["sd_disc"].strip()) and not whole.proven


def test_an_index_may_hold_anything_as_a_function():
    made = Index()
    made.update((
        Document.of_function("two", 0, "fn odd(p: f32) -> f32", "{ return p; } fn odder() { }"),
        Document.of_function("none", 0, "not a function odd", "at all"),
    ))  # fmt: skip
    prompt = Prompt("odd", "fn odd(x: f32) -> f32")
    found = Retriever(made, config().data, settings=config().generate).beside(prompt, [])
    retrieved = {hit.origin.file: hit.render() for hit in found.adaptations}
    assert retrieved == {"two": f"{prompt.lead}{{ return x; }}", "none": prompt.lead}


def test_training_and_generation_find_the_same(tmp_path):
    corpus = corpus_of(write(tmp_path), **{"data.neighbours": 3, "data.infill_share": 0.0})
    made = Index()
    made.update(
        Document.of_function(s.digest, 0, dict(s.source)["signature"], s.target,
                             comment=dict(s.source)["comment"])
        for s in corpus.train if s.kind == "completion"
    )  # fmt: skip
    for sample in corpus.train:
        found = find_neighbours(
            made, sample.source, 3, exclude=sample.code,
            refuse=lambda hit, own=sample.digest: hit.file == own,
        )  # fmt: skip
        assert tuple(n.text for n in found) == sample.neighbours


def test_a_run_keeps_its_neighbours(bench, tmp_path):
    more = "--set", "data.neighbours=1", "-q"
    assert train(bench, tmp_path / "run", *more).code == 0
    refused = resume(tmp_path / "run", 2, "--set", "data.neighbours=2")
    assert refused.code == 3 and "data.neighbours was 1, now 2" in refused.failure()
    assert resume(tmp_path / "run", 2).code == 0
    shown = json.loads(tat("inspect", tmp_path / "run", "--plan", "--json").out)
    plain = json.loads(tat("inspect", bench / "run", "--plan", "--json").out)
    assert shown["plan"]["sources"] == 2 and plain["plan"]["sources"] == 1
    assert shown["plan"]["arena_bytes"] > plain["plan"]["arena_bytes"]
    assert " rows of 2 x " in tat("inspect", tmp_path / "run", "--plan").out


def test_a_run_of_before_there_were_neighbours_is_resumed(bench, tmp_path):
    from tat.checkpoint import load, save

    assert train(bench, tmp_path / "run", "-q").code == 0
    path = (tmp_path / "run" / "latest").resolve()
    stored = load(path)
    old = {k: v for k, v in stored.configuration["data"].items() if "neighbour" not in k}
    save(path, replace(stored, configuration=stored.configuration | {"data": old}))
    assert resume(tmp_path / "run", 2).code == 0
