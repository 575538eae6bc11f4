"""`tat generate`: draws, beams, several texts, batches, candidates and neighbours."""

import json

import pytest
from cli_harness import tat, train

from tat.decode import validated
from tat.errors import DeviceError
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index
from tat.wgsl.sandbox import Diagnostic, Sandbox

ASKED = "area of a disc"
DRAWN = "--temperature", "1.5", "--top-p", "0.95", "--seed", "7"


@pytest.fixture
def generate(bench):
    """A call with the bench's run that writes twelve tokens, unchecked."""

    def call(*arguments: object, run=bench / "run"):
        options = "--run", run, "--max-tokens", 12, "--no-grammar", "--validate", "0"
        return tat("generate", *options, "-q", *arguments)

    return call


@pytest.fixture
def prompts(tmp_path):
    """A file of prompts."""
    descriptions = [ASKED, "scales a value", "mix of two", ASKED, "sign of a number"]
    path = tmp_path / "prompts.jsonl"
    path.write_text("\n".join(json.dumps({"description": text}) for text in descriptions))
    return path


def texts(done) -> list[str]:
    assert done.code == 0, done
    return [json.loads(line)["text"] for line in done.out.splitlines()]


def test_draws_are_those_of_the_seed(generate):
    greedy, drawn = generate(ASKED), generate(ASKED, *DRAWN)
    assert drawn == generate(ASKED, *DRAWN) and drawn.out != greedy.out
    assert generate(ASKED, *DRAWN, "--seed", "8").out != drawn.out
    assert generate(ASKED, "--temperature", "0") == greedy == generate(ASKED, "--seed", "8")
    assert generate(ASKED, "--top-k", "1") == greedy
    assert generate(ASKED, "--min-p", "1") == greedy
    assert generate(ASKED, "--repetition-penalty", "50").out != greedy.out


def test_a_draw_is_the_same_in_every_batch(generate, prompts):
    one = texts(generate("--input", prompts, *DRAWN, "--batch", "1"))
    assert len(one) == 5 and one[0] == one[3] and len(set(one)) == 4
    for batch in (2, 3, 8):
        assert texts(generate("--input", prompts, *DRAWN, "--batch", batch)) == one
    assert generate(ASKED, *DRAWN).out == one[0] + "\n"


def test_beams(generate, prompts):
    assert generate(ASKED, "--beam", "1") == generate(ASKED)
    best = generate(ASKED, "--beam", "3")
    two = generate(ASKED, "--beam", "3", "--n-best", "2")
    assert two.out.startswith(best.out.rstrip("\n") + "\n\n") and len(two.out) > len(best.out) + 2
    answers = generate("--input", prompts, "--beam", "3", "--n-best", "2").out.splitlines()
    records = [json.loads(line)["texts"] for line in answers]
    assert [len(record) for record in records] == [2] * 5
    assert all(first["score"] >= second["score"] for first, second in records)
    assert records[0][0]["text"] + "\n" == best.out


def test_several_texts_are_different_draws(generate, prompts):
    answers = generate("--input", prompts, "--n-best", "3").out.splitlines()
    for line in answers:
        found = [text["text"] for text in json.loads(line)["texts"]]
        assert len(set(found)) == len(found) == 3
    greedy = texts(generate("--input", prompts))
    assert all(text in json.dumps(json.loads(line)) for text, line in zip(greedy, answers)
               if text.isascii() and text.isprintable())  # fmt: skip


def test_one_answer_as_json_is_what_a_line_of_input_gets(generate, prompts):
    first = json.loads(generate("--input", prompts).out.splitlines()[0])
    alone = json.loads(generate(ASKED, "--json").out)
    assert {"id": 1} | alone == first
    assert (alone["source"], alone["valid"], alone["seed"]) == ("model", None, 0)
    assert generate(ASKED).out == alone["text"] + "\n"


def test_settings_of_generating_can_be_set(generate):
    drawn = generate(ASKED, "--temperature", "1.5", "--seed", "7")
    settings = "--set", "generate.seed=7", "--set", "threads=1"
    assert generate(ASKED, "--temperature", "1.5", *settings) == drawn
    assert json.loads(generate(ASKED, "--json", *settings).out)["seed"] == 7
    unknown = generate(ASKED, "--set", "generate.seeds=2")
    assert unknown.code == 3 and "did you mean generate.seed?" in unknown.failure()


def test_verbose_shows_tokens_scores_and_time(bench):
    options = "--run", bench / "run", "--max-tokens", "5", "--stream", "--no-grammar", "-v"
    done = tat("generate", ASKED, *options)
    cut, score, pace = done.err.splitlines()
    assert "cut off after 5 tokens" in cut and "5 tokens, score -" in score and "in" in pace


@pytest.mark.parametrize(("arguments", "words"), [
    (["--beam", "3", "--temperature", "1"], "--beam takes the likeliest"),
    (["--beam", "3", "--top-k", "1"], "--beam takes the likeliest"),
    (["--beam", "2", "--n-best", "3"], "more texts than --beam 2 has"),
    (["--n-best", "100000"], "--n-best 100000 are too many texts to judge; give 1000 or fewer"),
    (["--top", "3"], "give an index"), (["--explain"], "give an index"),
    (["--set", "model.layers=2"], "other settings come with the model"),
])  # fmt: skip
def test_arguments_that_do_not_go_together(generate, arguments, words):
    done = generate("x", *arguments)
    assert done.code == 2 and words in done.failure()


@pytest.mark.parametrize("arguments", [
    ["--beam", "0"], ["--n-best", "0"], ["--batch", "0"], ["--seed", "-1"], ["--top-k", "x"],
    ["--temperature", "hot"], ["--seed", "1e3"],
])  # fmt: skip
def test_values_that_are_none_are_refused_by_the_parser(generate, arguments):
    done = generate("x", *arguments)
    assert done.code == 2 and f"generate: {arguments[0]}: " in done.err


@pytest.mark.parametrize("arguments", [
    ["--temperature", "-1"], ["--temperature", "nan"], ["--top-p", "0"], ["--top-p", "1.5"],
    ["--min-p", "2"], ["--repetition-penalty", "0"], ["--length-penalty", "inf"],
    ["--batch", "1000000"], ["--temperature", "inf"],
])  # fmt: skip
def test_values_out_of_range_are_named(generate, arguments):
    done = generate("x", *arguments)
    name = arguments[0].removeprefix("--").replace("-", "_")
    assert done.code == 3 and f"generate.{name}: " in done.failure()


@pytest.mark.in_process
def test_texts_are_validated_unless_they_stream(bench, monkeypatch, tmp_path):
    """Four candidates are the default; the sandbox is asked about each different one."""
    monkeypatch.setattr(Sandbox, "validate", lambda self, source: Diagnostic("no good", 1, 1))
    monkeypatch.setattr(validated.Candidates, "_problem", lambda self, *text: Diagnostic("bad"))
    options = "--run", bench / "run", "--max-tokens", "3", "-q"
    done = tat("generate", ASKED, *options)
    assert done.code == 8 and done.out == ""
    assert done.err.splitlines()[-1] == "tat: none of 4 candidates validates; the best: bad"
    assert tat("generate", ASKED, *options, "--stream").code == 0
    (tmp_path / "head").write_text("fn f() -> f32 {\n    return ")
    gap = "--run", bench / "run", "--max-tokens", "3", "--prefix", tmp_path / "head"
    said = "with this text the module is not valid: 1:1: no good; --validate 4 tries four texts"
    done = tat("generate", *gap)
    assert done.code == 0 and f"tat: {said}\n" in done.err  # it was printed as it came
    for unasked in ("-q", "--stream"):
        done = tat("generate", *gap, unasked)
        assert done.code == 0 and "no good" not in done.err + done.out
    one = tat("generate", ASKED, *options, "--validate", "1")
    assert one.err.splitlines()[-1] == "tat: the one candidate does not validate: bad"


@pytest.mark.in_process
def test_without_an_adapter_texts_are_not_validated_and_it_says_so(bench, monkeypatch):
    def no_adapter(self, source):
        raise DeviceError("wgsl: no Vulkan adapter")

    monkeypatch.setattr(Sandbox, "validate", no_adapter)
    options = "--run", bench / "run", "--max-tokens", "3"
    done = tat("generate", ASKED, *options)
    assert done.code == 0 and done.out
    assert done.err.splitlines()[0] == "tat: not validated: wgsl: no Vulkan adapter"
    asked = tat("generate", ASKED, *options, "--validate", "2")
    assert asked.code in (5, 8)  # 8 where no text came to its end, and none was validated


def test_neighbours_need_a_model_that_knows_them(generate, bench, tmp_path):
    done = generate(ASKED, "--index", "cookbook", "--top", "1")
    assert done.code == 2 and "trained without retrieval" in done.failure()
    (tmp_path / "damaged").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    for name, words in (("damaged", "index"), ("nosuch", "cannot read")):
        done = generate(ASKED, "--index", tmp_path / name)
        assert done.code == 4 and words in done.failure()


def test_neighbours_are_read_and_explained(generate, bench, tmp_path):
    more = "--set", "data.neighbours=2", "-q"
    assert train(bench, tmp_path / "run", *more, steps=2).code == 0
    index = tmp_path / "index"
    assert tat("index", bench / "shaders", "-o", index).code == 0
    options = "--index", index, "--explain"
    done = generate(ASKED, *options, run=tmp_path / "run")
    assert done.code == 0 and "area.wgsl:" in done.err and "licence unknown" in done.err
    (tmp_path / "p.jsonl").write_text(json.dumps({"description": ASKED}))
    answer = json.loads(generate("--input", tmp_path / "p.jsonl", *options,
                                 run=tmp_path / "run").out)  # fmt: skip
    assert answer["text"] + "\n" == done.out
    [first, *rest] = answer["sources"]
    assert first["file"].endswith("area.wgsl") and first["name"] == "area" and len(rest) <= 1
    none = generate("--input", tmp_path / "p.jsonl", *options, "--top", "0", run=tmp_path / "run")
    assert json.loads(none.out)["sources"] == []


def test_a_library_answers_with_the_names_of_the_signature(bench, tmp_path):
    index = tmp_path / "index"
    assert tat("index", bench / "shaders", "-o", index).code == 0
    run = "generate", "--run", bench / "run"
    options = "--signature", "fn disc_area(size: f32) -> f32", "--index", index
    done = tat(*run, "area", *options)
    assert done.code == 0 and done.out.startswith("fn disc_area(size: f32) -> f32 {")
    assert "size * size" in done.out
    assert "answer: from the index, adapted from" in done.err and "area.wgsl:" in done.err
    own = tat(*run, "area", *options, "--adapt", "0", "--validate", "0", "--max-tokens", "9")
    assert f"answer: written by the model ({bench / 'run'})" in own.err
    request = {"description": "area", "signature": options[1]}
    (tmp_path / "p.jsonl").write_text(json.dumps(request))
    answer = json.loads(tat(*run, "--input", tmp_path / "p.jsonl", "--index", index).out)
    assert answer["text"] + "\n" == done.out and answer["adapted_from"]["name"] == "area"
    assert answer["source"] == "index"
    own = json.loads(tat(*run, "--input", tmp_path / "p.jsonl", "--index", index, "--adapt", "0",
                         "--validate", "0").out)  # fmt: skip
    assert "adapted_from" not in own and own["text"] != answer["text"]
    assert tat(*run, "area", "--adapt", "1").code == 2


HOSTILE = {
    "nested": "(" * 10_000, "unbalanced": "}})]" * 50, "large": "a" * 1_000_000,
    "control": "\x00\x01\x1b[2J\x7f\u202e", "open": "/*" * 100 + "\"'`", "half": "\udcff\ud800",
}  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("place", ["description", "signature", "context", "prefix", "suffix"])
def test_hostile_prompts_are_answered_or_refused(bench, tmp_path, hostile, place):
    """Each prompt ends in an answer, in none that validates, or in one clear line."""
    prompt = {"description": "x"} if place in ("signature", "context") else {}
    line = json.dumps({**prompt, place: hostile}, ensure_ascii=False).encode("utf-8", "replace")
    (tmp_path / "p.jsonl").write_bytes(line)
    done = tat("generate", "--input", tmp_path / "p.jsonl", "--run", bench / "run", "-q",
               "--max-tokens", "4", "--validate", "0")  # fmt: skip
    assert done.code in (0, 2, 4, 8) and "Traceback" not in done.err
    assert len(done.err.splitlines()) <= 1


@pytest.mark.in_process
def test_the_library_is_named_as_such_and_its_absence_is_said(bench, monkeypatch, tmp_path):
    library = Index()
    library.proven = True
    library.update(
        [Document.of_function("synth:disc", 3, "fn area(r: f32) -> f32", "{ return r; }")]
    )
    monkeypatch.setattr(
        "tat.commands.common.generation.bundled_library", lambda *_, **__: lambda: library
    )
    run = "generate", "--run", bench / "run", "area"
    done = tat(*run, "--signature", "fn area(size: f32) -> f32", "--explain")
    assert done.code == 0 and "return size;" in done.out
    assert "tried as an answer: synth:disc:3: area" in done.err
    assert "answer: from tat's library, adapted from synth:disc:3: area" in done.err
    assert "context" not in done.err
    (tmp_path / "uses").write_text("struct Disc { radius: f32 }")
    found = tat(*run, "--context", tmp_path / "uses")
    assert found.code == 0 and "tat: the context is not used: found by words" in found.err
    unchecked = tat(*run, "--stream", "--max-tokens", "4")
    assert "library: not asked, for --stream" in unchecked.err
    assert "library" not in tat(*run, "--stream", "--max-tokens", "4", "-q").err
