"""The corpus: which samples files give, in which split, whatever the files are called."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from corpus_files import MODULE, config, load, module, write
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.data.corpus import cookbook_corpus, load_corpus
from tat.data.tokenizer import MARKERS
from tat.errors import CorpusError


def test_completions_of_a_module(tmp_path):
    corpus = load(write(tmp_path, {"m.wgsl": MODULE}))
    samples = {sample.origin.rpartition(":")[2]: sample for sample in corpus.train}
    assert set(samples) == {"6", "12"}, "lines of the signatures; the empty function is left out"
    along, shade = samples["6"], samples["12"]
    assert dict(along.source) == {
        "comment": "Where the ray is after `distance` metres.",
        "signature": "fn along(ray: Ray, distance: f32) -> vec3f",
        "context": "struct Ray {\n    origin: vec3f,\n    way: vec3f\n}",
    }
    assert along.target == "{\n    return ray.origin + distance * ray.way;\n}"
    assert shade.source == (
        ("signature", "@fragment\nfn shade() -> @location(0) vec4f"),
        ("context", "const far = 100.0;"),
    )
    assert corpus.report.functions == corpus.report.completions == 2
    assert along.origin.startswith(str(tmp_path / "m.wgsl"))


def test_signatures_of_called_functions_end_the_context(tmp_path):
    text = "const k = 2.0;\nfn a(x: f32) -> f32 { return k; }\nfn b() -> f32 { return a(k); }\n"
    line = {
        "signature": "fn b() -> f32", "body": "{ return a(k); }", "context": "const k = 2.0;",
        "calls": ["fn a(x: f32) -> f32"],
    }  # fmt: skip
    module = load(write(tmp_path / "module", {"m.wgsl": text}))
    function = load(write(tmp_path / "function", {"f.jsonl": json.dumps(line)}))
    [sample] = function.train
    assert dict(sample.source)["context"] == "const k = 2.0;\nfn a(x: f32) -> f32"
    assert sample.digest in {of_module.digest for of_module in module.train}


def test_functions_from_json_lines(tmp_path):
    lines = [
        {"signature": "fn f()", "body": "{ g(); }", "comment": "c", "context": "x", "module_id": m}
        for m in ("one", "two")
    ]
    lines += [{"signature": "fn h()", "body": "{ }"}, {"wgsl": MODULE}]
    corpus = load(write(tmp_path, {"f.jsonl": "\n".join(map(json.dumps, lines))}))
    assert corpus.report.duplicates == 1
    assert [s.reason for s in corpus.report.skipped] == ["no function with a body"]
    origins = {sample.origin[len(str(tmp_path / "f.jsonl")) :] for sample in corpus.train}
    assert origins >= {":4:6", ":4:12"} and origins & {":1", ":2"}
    first = next(sample for sample in corpus.train if sample.target == "{ g(); }")
    assert first.source == (("comment", "c"), ("signature", "fn f()"), ("context", "x"))


def test_a_module_and_the_lines_of_its_functions_are_one_group(tmp_path):
    modules = [{"id": f"m{i}", "wgsl": module(i)} for i in range(60)]
    lines = [
        {"module_id": f"m{i}", "signature": f"fn f{i}_0(x: f32) -> f32", "body": body}
        for i in range(60)
        for body in (module(i)[module(i).index("{") :], f"{{ return {i}.5; }}")
    ]
    write(tmp_path, {"a.jsonl": "\n".join(map(json.dumps, modules))})
    alone = load(tmp_path, valid=0.4)
    write(tmp_path, {"b.jsonl": "\n".join(map(json.dumps, lines))})
    both = load(tmp_path, valid=0.4)
    assert alone.valid and set(alone.valid) <= set(both.valid)
    assert both.report.duplicates == 60
    assert not {s.group for s in both.train} & {s.group for s in both.valid}


def test_a_function_line_of_a_module_keeps_its_group(tmp_path):
    lines = [
        {"signature": f"fn f{i}()", "body": f"{{ g({i}); }}", "module_id": f"m{i % 30}"}
        for i in range(300)
    ]
    corpus = load(write(tmp_path, {"f.jsonl": "\n".join(map(json.dumps, lines))}), valid=0.5)
    groups = {split: {s.group for s in getattr(corpus, split)} for split in ("train", "valid")}
    assert len(groups["train"] | groups["valid"]) == 30
    assert not groups["train"] & groups["valid"]


@settings(max_examples=12)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=12),
    st.permutations("abcdefghijkl"),
    st.sampled_from([0.0, 0.4]),
    st.integers(0, 3),
)
def test_names_and_order_of_files_do_not_matter(tmp_path_factory, numbers, names, infill, seed):
    folder = tmp_path_factory.mktemp("corpus")
    one = {f"{i:02}.wgsl": module(n, 2) for i, n in enumerate(numbers)}
    other = {f"{name}.wgsl": module(n, 2) for name, n in zip(names, numbers)}
    a = load(write(folder / "one", one), infill, 0.0, seed)
    b = load(write(folder / "other", other), infill, 0.0, seed)
    strip = [[(s.source, s.target, s.group, s.split) for s in c.samples] for c in (a, b)]
    assert strip[0] == strip[1]
    assert a.fingerprint == b.fingerprint
    assert list(a.texts()) == list(b.texts())


@settings(max_examples=10)
@given(st.sets(st.integers(0, 99), min_size=1, max_size=25), st.sets(st.integers(100, 199)))
def test_added_files_move_none_across(tmp_path_factory, numbers, added):
    folder = tmp_path_factory.mktemp("corpus")
    write(folder, {f"{n}.wgsl": module(n) for n in numbers} | {"always.wgsl": module(777)})
    before = load(folder, 0.5, 0.3)
    write(folder, {f"0{n}.wgsl": module(n) for n in added})
    after = load(folder, 0.5, 0.3)
    assert set(before.train) <= set(after.train)
    assert set(before.valid) <= set(after.valid)


def test_the_share_of_validation_and_that_files_stay_whole(tmp_path):
    write(tmp_path, {f"{n}.wgsl": module(n, 3) for n in range(400)})
    corpus = load(tmp_path, 0.3, 0.25)
    assert 0.18 < len(corpus.valid) / len(corpus.samples) < 0.32
    assert not {s.group for s in corpus.train} & {s.group for s in corpus.valid}
    assert {s.split for s in corpus.train} == {"train"}
    assert {s.split for s in corpus.valid} == {"valid"}
    assert len({s.group for s in corpus.samples}) == 400


@pytest.mark.parametrize("infill", [0.0, 0.3, 0.8])
def test_the_share_of_infill(tmp_path, infill):
    body = "\n".join(f"    let y{i} = x * {i}.0;" for i in range(40))
    for number in range(300):
        text = f"fn f{number}(x: f32) {{\n{body}\n}}"
        (tmp_path / f"{number}.wgsl").write_text(text)
    corpus = load(tmp_path, infill)
    kinds = Counter(sample.kind for sample in corpus.samples)
    assert kinds["completion"] == corpus.report.completions == 300
    assert kinds["infill"] == corpus.report.infills
    assert kinds["infill"] / len(corpus.samples) == pytest.approx(infill, abs=0.05)


def test_an_infill_joins_to_context_signature_and_body(tmp_path):
    corpus = load(write(tmp_path, {"m.wgsl": MODULE}), 0.9)
    wholes = {
        "struct Ray { origin: vec3f, way: vec3f }\n\nfn along(ray: Ray, distance: f32) -> vec3f "
        "{\n    return ray.origin + distance * ray.way;\n}",
        "const far = 100.0;\n\n@fragment\nfn shade() -> @location(0) vec4f { return vec4f(far); }",
    }
    infills = [sample for sample in corpus.train if sample.kind == "infill"]
    assert {s.source[0][1] + s.target + s.source[1][1] for s in infills} == wholes
    assert {marker for s in infills for marker, _ in s.source} == {"prefix", "suffix"}


def test_the_seed_moves_gaps_and_nothing_else(tmp_path):
    write(tmp_path, {f"{n}.wgsl": module(n, 4) for n in range(20)})
    a, b = load(tmp_path, 0.5, 0.2, seed=1), load(tmp_path, 0.5, 0.2, seed=2)
    completions = [{s for s in c.samples if s.kind == "completion"} for c in (a, b)]
    assert completions[0] == completions[1]
    assert a.fingerprint != b.fingerprint
    assert a.fingerprint == load(tmp_path, 0.5, 0.2, seed=1).fingerprint


def test_the_fingerprint_sees_every_text_and_the_split(tmp_path):
    texts = {f"{n}.wgsl": module(n) for n in range(20)}
    folders = {
        "same": texts,
        "changed": texts | {"3.wgsl": module(3).replace("return y", "return -y")},
        "fewer": {name: text for name, text in texts.items() if name != "2.wgsl"},
    }
    found = {name: load(write(tmp_path / name, of)).fingerprint for name, of in folders.items()}
    found["split"] = load(tmp_path / "same", valid=0.5).fingerprint
    assert len(set(found.values())) == 4


def test_equal_samples_are_kept_once_and_rather_in_train(tmp_path):
    """A function that two files share is never validated on when it is trained on."""
    shared = [f"fn shared(x: f32) -> f32 {{ return x * {n}.0; }}\n" for n in range(30)]
    texts = {f"{n}.wgsl": shared[n // 2] + module(n) for n in range(60)}
    corpus = load(write(tmp_path, texts), valid=0.5)
    split = {s.target: s.split for s in corpus.samples}
    assert corpus.report.duplicates == 30 and len(corpus.samples) == len(split) == 90
    for n in range(30):
        homes = {split[module(m)[module(m).index("{") :]] for m in (2 * n, 2 * n + 1)}
        assert split[shared[n][shared[n].index("{") :].strip()] == min(homes)
    assert corpus.valid


def test_texts_for_the_tokenizer(tmp_path):
    write(tmp_path, {f"{n}.wgsl": MODULE + module(n) for n in range(8)})
    corpus = load(tmp_path, 0.5, 0.4)
    texts = list(corpus.texts())
    assert len(texts) == len(set(texts))
    held_out = {s.target for s in corpus.valid} - {s.target for s in corpus.train}
    assert corpus.valid and not held_out & set(texts)
    assert all(s.target in texts for s in corpus.train if s.kind == "completion")


def test_the_report_names_what_was_skipped(tmp_path):
    texts = {"a.wgsl": MODULE, "b.wgsl": "", "c.wgsl": "const a = 1;", "d.wgsl": "(" * 9000}
    corpus = load(write(tmp_path, texts))
    reasons = {Path(s.path).name: s.reason for s in corpus.report.skipped}
    silent = "no function with a body"
    assert reasons == {"b.wgsl": "empty", "c.wgsl": silent, "d.wgsl": silent}
    text = "\n".join(corpus.report.lines())
    assert "4 files, 2 functions: 2 completion" in text
    assert f"2 skipped: {silent}; first" in text and "c.wgsl" in text


def test_a_module_that_repeats_itself_without_bound_is_skipped(tmp_path):
    """Thousands of functions that each need one large constant: quadratic in the file's size."""
    table = f"const table = array<f32, 9999>({'0.5, ' * 9999});\n"
    uses = "\n".join(f"fn f{i}() -> f32 {{ return table[{i}]; }}" for i in range(2000))
    corpus = load(write(tmp_path, {"a.wgsl": MODULE, "many.wgsl": table + uses}))
    assert corpus.report.functions == 2
    (skipped,) = corpus.report.skipped
    assert skipped.path.endswith("many.wgsl") and skipped.reason.startswith("unreasonable: ")


def test_deep_nesting(tmp_path):
    write(tmp_path, {"a.wgsl": MODULE, "deep.wgsl": "(" * 200_000 + "{" * 200_000})
    corpus = load(tmp_path)
    assert [Path(s.path).name for s in corpus.report.skipped] == ["deep.wgsl"]
    assert corpus.report.functions == 2


def test_nothing_to_train_on(tmp_path):
    with pytest.raises(CorpusError, match="no function with a body"):
        load(write(tmp_path, {"a.wgsl": "const a = 1;"}))
    with pytest.raises(CorpusError, match=r"data\.validation_share"):
        load(write(tmp_path, {"a.wgsl": MODULE}), valid=0.9999999)


def test_cookbook_entries():
    code = (
        "const tau = 6.2831855;\n\nfn turn(x: f32) -> f32 { return x * tau; }\n\n"
        "/// Says in other words\n/// what the request says.\n"
        "@must_use\nfn wave(x: f32) -> f32 {\n    return sin(turn(x));\n}\n"
    )
    entries = [("wave", "a sine wave", code), ("again", "a wave of sines", code)]
    corpus = cookbook_corpus(entries, config(infill=0.9, valid=0.9))
    assert corpus.valid == ()
    assert {sample.kind for sample in corpus.train} == {"completion"}
    assert {sample.origin for sample in corpus.train} == {"wave", "again"}
    wave = next(sample for sample in corpus.train if sample.origin == "wave")
    assert wave.source == (
        ("comment", "a sine wave"),
        ("signature", "@must_use\nfn wave(x: f32) -> f32"),
        ("context", "const tau = 6.2831855;\n\nfn turn(x: f32) -> f32 { return x * tau; }"),
    )
    assert wave.target == "{\n    return sin(turn(x));\n}"
    for wrong in ([], [("empty", "nothing", "const a = 1;")]):
        with pytest.raises(CorpusError):
            cookbook_corpus(wrong, config())


def test_a_description_stands_for_the_function_it_describes(tmp_path):
    text = (
        "const far = 9.0;\n// how far a ray goes\nfn reach(x: f32) -> f32 { return x * far; }\n"
        "// too short\nfn other(x: f32) -> f32 { return x; }\n"
    )
    write(tmp_path, {"m.wgsl": text})
    corpus = load_corpus([tmp_path], config(words=3), 0)
    described = {s.source: s.target for s in corpus.train if s.kind == "description"}
    whole = "fn reach(x: f32) -> f32 { return x * far; }"
    request, context = ("comment", "how far a ray goes"), ("context", "const far = 9.0;")
    assert described == {(request,): f"const far = 9.0;\n\n{whole}", (request, context): whole}
    assert corpus.report.descriptions == 2
    assert not any(s.kind == "description" for s in load_corpus([tmp_path], config(), 0).samples)


def test_markers_are_those_of_the_tokenizer(tmp_path):
    corpus = load(write(tmp_path, {"m.wgsl": MODULE}), 0.9)
    used = {marker for s in corpus.samples for marker, _ in s.source}
    assert used == set(MARKERS) - {"neighbour"}, "which starts a source of its own"


def test_functions_get_renamed_copies_where_the_configuration_asks(tmp_path):
    write(tmp_path, {f"{n}.wgsl": module(n) for n in range(3)})
    once = load_corpus([tmp_path], config(), 0)
    thrice = load_corpus([tmp_path], replace(config(), renamings=2), 0)
    assert {s.digest for s in once.train} < {s.digest for s in thrice.train}
    assert len(thrice.train) == 3 * len(once.train)
    assert [s.digest for s in thrice.train] == sorted(s.digest for s in thrice.train)
    assert once.fingerprint != thrice.fingerprint


def test_bodies_may_be_learnt_without_their_comments(tmp_path):
    write(tmp_path, {"m.wgsl": "fn f() -> f32 {\n    // why\n    return 1.0;\n}"})
    with_comments, without = (
        load_corpus([tmp_path], replace(config(), body_comments=kept), 0).train[0].target
        for kept in (True, False)
    )
    assert "// why" in with_comments
    assert without == "{\n    return 1.0;\n}"
