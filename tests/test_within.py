"""Gaps within a line: the text ends where the line goes on, and is valid where it stands."""

import json

import pytest
from cli_harness import tat
from decoding import CONSTRAINTS, new_generator
from hypothesis import given
from hypothesis import strategies as st
from scripted import SAMPLING
from serving import (
    FUNCTIONS,
    Client,
    client_fixture,  # noqa: F401
    generated,
    tiny_engine,  # noqa: F401
    tiny_run,  # noqa: F401
)

from tat.decode.generator import Request
from tat.decode.lines.ranking import Line
from tat.decode.lines.within import WithinGap, missing_brackets
from tat.decode.lines.within_ranking import WEIGHTS, WithinRanking
from tat.decode.prompt import Prompt
from tat.decode.validated import Search, generate_all_valid
from tat.serve.engine import GoneError
from tat.serve.gaps import gap_at
from tat.serve.proposing import proposal
from tat.wgsl.lexer import code_of
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.values import values_in

HEAD = "fn shade(normal: vec3f, scale: f32) -> f32 { return normal.z * scale; }\n"
FORE = "fn lit(n: vec3f, l: vec3f, scale: f32) -> f32 {\n    let a = normalize(n);\n    "
AFT = "\n    return c * a.x;\n}\n"


def places() -> list[tuple[str, str, str]]:
    """Prefix, text and suffix of each value in the functions that the tiny model knows."""
    found = []
    for code in FUNCTIONS.values():
        start = code.index("{\n") + 2
        for line in code[start:].splitlines():
            for first, stops in values_in(line).items():
                a, b = start + first, start + stops[-1]
                found.append((code[:a], code[a:b], code[b:]))
            start += len(line) + 1
    return found


PLACES = places()


def within(begun: str = "let c = ", rest: str = " * 2.0;") -> Prompt:
    return Prompt(prefix=HEAD + FORE + begun, suffix=rest + AFT)


def test_a_text_ends_where_the_line_goes_on():
    gap = WithinGap(within())
    assert gap.cuts(["dot(a, l) + 1.0;", "dot(a, l) * 2.0;"]) == [
        "dot", "dot(a, l)", "dot(a, l) +", "dot(a, l) + 1.0", "dot(a, l) + 1.0;", "dot(a, l) *",
        "dot(a, l) * 2.0", "dot(a, l) * 2.0;",
    ]  # fmt: skip
    inside = WithinGap(within("let c = dot(", ", l);"))
    assert inside.cuts(["a * vec3f(2.0, x), l);"]) == [
        "a", "a *", "a * vec3f", "a * vec3f(2.0, x)", "a * vec3f(2.0, x),",
        "a * vec3f(2.0, x), l",
    ]  # fmt: skip
    assert inside.given("a") == "let c = dot(a, l);"


@pytest.mark.parametrize(("begun", "rest", "needed"), [
    ("let c = ", ";", 0), ("let c = dot(", ", l);", 0), ("let c = ", ", l);", 1),
    ("let c = dot(", ";", -1), ("let c = m[i](", ")];", 1), ("for (var i = 0; ", "; i++) {", 0),
    ("for (var i = ", "; i < 3; i++) {", 0),
])  # fmt: skip
def test_brackets_that_a_text_has_to_leave_open(begun, rest, needed):
    assert missing_brackets(within(begun, rest)) == needed


def test_texts_that_stand_in_the_gap_are_asked_about():
    prompt = within("let c = shade(", ", scale);")
    with Sandbox() as sandbox:
        gap = WithinGap.judged_by(prompt, sandbox)
        asked = gap.asked(["nothing, scale);", "a, scale);"], lambda text: True)
        assert asked[0] == "a" and {"n", "l"} <= {*asked} and "scale" not in asked
        assert all(sandbox.validate(prompt.module(text)) is None for text in asked)
        assert gap.asked(["a, scale);"], lambda text: len(text) < 1) == [""]
        broken = Prompt(prefix=prompt.prefix, suffix=f"{prompt.suffix}fn (")
        gap = WithinGap.judged_by(broken, sandbox)
        assert gap.asked(["a, scale);"], lambda text: True) == ["a", "a,", "a, scale"]


def test_an_open_call_is_filled_as_a_whole_and_spelled_plainly():
    prompt = within("let c = shade(", ");")
    with Sandbox() as sandbox:
        asked = WithinGap.judged_by(prompt, sandbox).asked([], lambda text: True)
    assert "n, scale" in asked and "n" not in asked
    assert "a.x" in WithinGap(within()).asked(["a  . x;", "a.x;"], lambda text: True)
    assert "a  . x" not in WithinGap(within()).asked(["a  . x;", "a.x;"], lambda text: True)


def test_a_likelier_text_and_the_parameters_name_are_preferred():
    gap = WithinGap(within("let c = shade(a, ", ");"))
    lines = [Line("scale", -2.0, 9, 0), Line("a.x", -2.0, 9, 0), Line("a.x", -1.0, 9, 0)]
    named, other, likelier = gap.votes(lines)
    assert named > likelier > other > 0 and sum((named, other, likelier)) == pytest.approx(1)
    ranking = WithinRanking(gap.site, "let c = max(shade(b.x, a[0]), ")
    features = ranking.features(lines[0])
    assert {*features} == {*WEIGHTS} and not features["parameter's name"]


@given(st.integers(0, 40))
def test_a_written_line_has_no_line_end_and_fits_its_limit(seed):
    generator, prompt = new_generator(seed=seed), within("let c = ", " * 2.0;\n")
    written = generator.generate_all([Request(prompt, None, SAMPLING.preference([seed], 1))])[0]
    assert "\n" not in written.text and written.length <= generator.programs.capacity


def test_the_rest_and_what_was_begun_are_cut_off():
    generator, prompt = new_generator(), within("let c = shade(a, ", ");  // why")
    line = WithinGap(prompt).given("scale")
    assert line == "let c = shade(a, scale);  // why"
    [written] = generator.generate_all([Request(prompt, given=line)])
    assert (written.text, written.finished) == ("scale", True)
    count = len(generator.loaded.tokenizer.encode(line))
    assert 0 < written.tokens < count and written.length == count + 1


@pytest.mark.parametrize("budget", [0, 2])
@pytest.mark.parametrize("batch", [1, 3, 8])
def test_a_text_does_not_depend_on_those_beside_it(budget, batch):
    prompts = [within(), within("let c = dot(", ", l);"), within("let c = ", ".x;")]
    search = Search(SAMPLING, budget, gaps=False)
    with Sandbox() as sandbox:
        generator = new_generator(24)
        alone = [
            next(generate_all_valid(generator, [prompt], CONSTRAINTS, sandbox, search))
            for prompt in prompts
        ]
        generator = new_generator(24, generate__batch=batch)
        assert [*generate_all_valid(generator, prompts, CONSTRAINTS, sandbox, search)] == alone
        for prompt, [best] in zip(prompts, alone, strict=True):
            problem = sandbox.validate(prompt.module(best.generation.text))
            assert (budget == 0 or best.problem == problem) and "\n" not in best.generation.text
            assert budget == 0 or problem is None  # the names in scope are asked about, too


def test_it_is_known_what_was_there(tiny_run, tmp_path):  # noqa: F811
    """The model has learnt these functions by heart, as whole lines."""
    lines = [{"prefix": prefix, "suffix": suffix} for prefix, _, suffix in PLACES]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = tat("generate", "--input", tmp_path / "in.jsonl", "--run", tiny_run, "-q")
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0 and len(answers) == len(PLACES) > 12
    for answer, (_, text, _) in zip(answers, PLACES, strict=True):
        brackets = [token.text for token in code_of(answer["text"]) if token.text in "()[]{}"]
        assert answer["valid"] is True and "\n" not in answer["text"], (answer, text)
        assert brackets.count("(") == brackets.count(")")
    right = sum(a["text"] == text for a, (_, text, _) in zip(answers, PLACES, strict=True))
    assert right > 0.7 * len(PLACES)


def test_json_says_whether_a_gaps_text_is_valid_in_a_whole_module(tiny_run, tmp_path):  # noqa: F811
    def asked(prefix: str, suffix: str, *arguments: str) -> object:
        found = json.loads(generated(tiny_run, tmp_path, "--json", *arguments,
                                     prefix=prefix, suffix=suffix))  # fmt: skip
        return found["valid"], "problem" in found

    area = FUNCTIONS["area.wgsl"]
    at = area.index("return")
    assert asked(area[:at], "\n}\n") == (True, False)
    assert asked(area[:at] + "return ", ";\n}\n") == (True, False)
    assert asked(area[:at] + "return ", " * nothing;\n}\n") == (False, True)
    assert asked("of " + area[:at], "\n}\n") == (None, False)  # no beginning of a module
    assert asked(area[:at], "\n}\n", "--stream") == (None, False)


def test_a_block_that_cannot_be_valid_in_its_module_is_no_answer(tiny_run, tmp_path):  # noqa: F811
    area = FUNCTIONS["area.wgsl"]
    (tmp_path / "a").write_text(area[: area.index("return")])
    (tmp_path / "b").write_text("\n    return nothing;\n}\n")
    gap = "generate", "--prefix", tmp_path / "a", "--suffix", tmp_path / "b", "--run", tiny_run
    done = tat(*gap)
    assert done.code == 8 and done.out == "" and "none of 4 candidates validates" in done.err
    told = tat(*gap, "--json", "-q")
    assert told.code == 8 and json.loads(told.out)["valid"] is False
    assert tat(*gap, "--validate=0", "-q").code == 0


def test_a_text_comes_where_none_can_be_valid(tiny_run, tmp_path):  # noqa: F811
    area = FUNCTIONS["area.wgsl"]
    at = area.index("return") + len("return ")
    (tmp_path / "a").write_text(area[:at])
    (tmp_path / "b").write_text(" * nothing;\n}\n")
    gap = "generate", "--prefix", tmp_path / "a", "--suffix", tmp_path / "b", "--run", tiny_run
    done = tat(*gap)
    assert done.code == 0 and done.out.count("\n") == 1
    assert "with this text the module is not valid" in done.err and "no other is" in done.err
    for strict in ("--line", "--validate=2"):
        refused = tat(*gap, strict)
        assert refused.code == 8 and refused.out == "" and "nothing" in refused.err
    assert tat(*gap, "--stream", "-q").out == tat(*gap, "--validate=0", "-q").out


def test_n_best_begins_with_the_best(tiny_run, tmp_path):  # noqa: F811
    prefix, text, suffix = PLACES[0]
    one = generated(tiny_run, tmp_path, prefix=prefix, suffix=suffix)
    several = generated(tiny_run, tmp_path, "--n-best", "3", prefix=prefix, suffix=suffix)
    assert several.split("\n\n")[0] == one == text and len(several.split("\n\n")) == 3
    beams = generated(tiny_run, tmp_path, "--beam", "3", prefix=prefix, suffix=suffix)
    assert beams == text
    short = generated(tiny_run, tmp_path, "--max-tokens", "1", prefix=prefix, suffix=suffix)
    assert len(short) <= len(text)


@pytest.mark.parametrize("place", [0, 3, len(PLACES) - 1])
def test_every_form_of_the_service_gives_that_text(client: Client, tiny_run, tmp_path, place):  # noqa: F811
    prefix, _, suffix = PLACES[place]
    alone = generated(tiny_run, tmp_path, prefix=prefix, suffix=suffix)
    gap = {"input_prefix": prefix, "input_suffix": suffix}
    assert client.infill(**gap).json["content"] == alone
    assert client.infill(**gap, line=True).json["content"] == alone
    pieces = [json.loads(piece[6:]) for piece in
              client.infill(**gap, stream=True).data.decode().split("\n\n") if piece]  # fmt: skip
    assert "".join(piece["content"] for piece in pieces) == alone and pieces[-1]["stop"]
    body = {"prompt": prefix, "suffix": suffix}
    answer = client.ask("/v1/completions", {**body, "n": 2}).json
    assert answer["choices"][0]["text"] == alone and len(answer["choices"]) == 2
    lists = client.ask("/v1/completions", {**body, "prompt": [prefix, prefix]}).json
    assert [choice["text"] for choice in lists["choices"]] == [alone] * 2
    segments = {"segments": {"prefix": prefix, "suffix": suffix}}
    assert client.ask("/v1/completions", segments).json["choices"][0]["text"] == alone
    assert client.ask("/api/generate", {**body, "stream": False}).json["response"] == alone
    code = {"code": prefix + suffix, "offset": len(prefix)}
    assert client.ask("/inline", code).json["text"] in ("", alone)
    stopped = client.infill(**gap, stop=[alone[-1]]).json
    assert (stopped["content"], stopped["stop_type"]) == (alone[: alone.index(alone[-1])], "word")


def test_a_line_is_filled_in_a_function_that_is_being_written(tiny_engine):  # noqa: F811
    """Its brace is missing, and a function behind it is whole."""
    area = FUNCTIONS["area.wgsl"]
    at = area.index("square;")
    gap = gap_at(area[:at], f";\n\n{FUNCTIONS['lift.wgsl']}")
    assert not gap.block and gap.within and gap.behind.startswith(";\n}")
    assert proposal(tiny_engine, gap, lambda: False) == "square"
    with pytest.raises(GoneError):
        proposal(tiny_engine, gap, lambda: True)
    assert not gap_at(area[:at], " * nothing;\n}").block
    assert proposal(tiny_engine, gap_at(area[:at], " * nothing;\n}"), lambda: False) == ""
    assert not gap_at("fn f() -> f32 {", " return 1.0; }").block
