"""Functions and predictions: reading them, placing bodies, and similarity of two bodies."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.decode.prompt import Prompt
from tat.errors import FileError
from tat.evaluation.functions import (
    ReferenceFunction,
    module_file_of,
    read_functions,
    read_modules,
    read_predictions,
    write_predictions,
)
from tat.evaluation.likeness import code_tokens, similarity
from tat.evaluation.placement import is_one_block, placement
from tat.evaluation.result_file import Outcome, figures
from tat.evaluation.selection import apart, read_ids, spread
from tat.wgsl.declarations import functions

MODULE = "const k = 2.0; // fn twice(x: f32) -> f32\nfn twice(x: f32) -> f32 { return k * x; }\n" \
    "fn four(x: f32) -> f32 { return twice(twice(x)); }"  # fmt: skip
TWICE = ReferenceFunction(
    "m/twice", "fn twice(x: f32) -> f32", "{ return k * x; }", "m", context="const k = 2.0;",
    standalone=True,
)  # fmt: skip
FOUR = ReferenceFunction(
    "m/four", "fn four(x: f32) -> f32", "{ return twice(twice(x)); }", "m",
    calls=("fn twice(x: f32) -> f32",),
)  # fmt: skip
tokens = st.lists(st.sampled_from(["a", "b", "(", ")", "+", "1.0"]), max_size=12)


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


def function(id: object = "a", **more: object) -> dict:
    return {"id": id, "signature": "fn f()", "body": "{}", "license": "MIT", **more}


def test_functions_are_read_in_order(tmp_path):
    path = lines(tmp_path / "functions_x.jsonl", *(function(f"f{i}") for i in range(10)))
    assert [f.id for f in read_functions(path)] == [f"f{i}" for i in range(10)]


def test_a_limit_spreads_over_all():
    assert spread(range(10), 4) == [0, 2, 5, 7]
    assert spread(range(10), None) == spread(range(10), 99) == range(10)


@pytest.mark.parametrize(
    "text", ["a\n\n b/c \n", '["a", "b/c"]', '{"threshold": 0.7, "overlapping": ["a", "b/c"]}']
)
def test_ids_are_read_from_lines_lists_and_files_of_near(tmp_path, text):
    path = tmp_path / "ids"
    path.write_text(text)
    assert read_ids(path) == {"a", "b/c"}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"ids": []}', "[1]", "[" * 100_000, "\xff"])
def test_a_file_without_ids_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "ids"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FileError, match=r"ids: (holds no id|no list of ids|not UTF-8)"):
        read_ids(path)
    with pytest.raises(FileError, match="gone: "):
        read_ids(tmp_path / "gone")


def test_ids_left_out_are_a_group_and_the_others_one():
    outcomes = [Outcome("a", {"valid": 1.0}, ("standalone",)), Outcome("b", {"valid": 0.0})]
    found = figures(apart(outcomes, frozenset("ac")))
    values = {group: of["valid"].value for group, of in found.items()}
    assert values == {"all": 0.5, "standalone": 1, "left out": 1, "without": 0}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"id": "a"}, "no function with id, signature and body"),
        (function(body=3), "no function"),
        ([], "no function"),
        (function(calls="fn g()"), "no function"),
    ],
)
def test_a_line_without_a_function_is_named_with_its_place(tmp_path, record, said):
    path = lines(tmp_path / "f.jsonl", function("b"), record)
    with pytest.raises(FileError, match=rf"f\.jsonl:2: {said}"):
        read_functions(path)


def test_files_that_hold_nothing_or_an_id_twice_are_refused(tmp_path):
    with pytest.raises(FileError, match="holds no function"):
        read_functions(lines(tmp_path / "empty.jsonl"))
    with pytest.raises(FileError, match=r"twice\.jsonl:2: the id 'a' was there before"):
        read_functions(lines(tmp_path / "twice.jsonl", function(), function()))
    with pytest.raises(FileError, match="no such file"):
        read_modules(tmp_path / "none.jsonl")


def test_modules_lie_beside_their_functions(tmp_path):
    functions_file = lines(tmp_path / "functions_valid.jsonl", function())
    assert module_file_of(functions_file) is None
    module_file = lines(tmp_path / "valid.jsonl", {"id": "m", "wgsl": MODULE})
    assert module_file_of(functions_file) == module_file
    assert module_file_of(module_file) is None
    assert read_modules(module_file) == {"m": MODULE}


@given(st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=9), min_size=1))
def test_predictions_are_read_as_they_were_written(tmp_path_factory, bodies):
    path = tmp_path_factory.mktemp("p") / "p.jsonl"
    path.write_bytes(write_predictions(bodies))
    assert read_predictions(path, [*bodies, "more"]) == bodies


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "z", "body": "{}"}', "no function has the id 'z'"),
        ('{"id": "b", "body": "{}"}', "the id 'b' was there before"),
        ('{"id": "a"}', "no prediction with id and body"),
        ('{"id": "a", "body": ["{}"]}', "no prediction"),
        ("{", "no prediction"),
        ('{"id": "a", "body": "\\ud800"}', "no prediction"),
        ("[" * 10000, "no prediction"),
    ],
)
def test_bad_predictions_are_named_with_their_line(tmp_path, line, said):
    path = tmp_path / "p.jsonl"
    path.write_text('{"id": "b", "body": "{}"}\n\n' + line + "\n")
    with pytest.raises(FileError, match=rf"p\.jsonl:3: {said}"):
        read_predictions(path, ["a", "b"])


def test_predictions_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match="not UTF-8"):
        read_predictions(path, ["a"])


def test_a_prompt_says_all_that_is_given():
    function = ReferenceFunction(
        "f", "fn f(a: A) -> f32", "{ return g(a.x) * k; }", comment="what f does",
        context="struct A { x: f32 }\nconst k = 2.0;", calls=("fn g(x: f32) -> f32",),
    )  # fmt: skip
    given = f"{function.context}\n{function.calls[0]}"
    assert function.prompt == Prompt("what f does", "fn f(a: A) -> f32", given)


def test_a_standalone_body_stands_behind_its_context():
    place = placement(TWICE, {"m": MODULE})
    assert place.runs
    assert place.module("{ X }") == "const k = 2.0;\nfn twice(x: f32) -> f32 { X }\n"


def test_another_body_stands_in_its_module():
    place = placement(FOUR, {"m": MODULE})
    assert place.runs
    assert place.module("{ X }") == MODULE.replace(FOUR.body, "{ X }\n")
    first = placement(msgspec.structs.replace(TWICE, standalone=False), {"m": MODULE})
    assert first.module("{ X }") == MODULE.replace(TWICE.body, "{ X }\n")


def test_without_its_module_called_functions_are_stubs():
    for modules in ({}, {"m": "fn other() {}"}):
        place = placement(FOUR, modules)
        assert not place.runs
        names = [f.name for f in functions(place.module("{ return 1.0; }"))]
        assert names == ["twice", "four"]


@pytest.mark.parametrize(
    ("body", "one"),
    [
        ("{}", True), ("{ if x { y } }", True), ("{ /* } */ } // }", True), (" {\n}\n", True),
        ("", False), ("return 1.0;", False), ("{", False), ("}", False), ("{} {}", False),
        ("{} fn g() {}", False), ("x {}", False), ("{ } }", False), ("{}" + "}" * 9, False),
        ("{" * 10000, False), ("{" * 10000 + "}" * 10000, True),
    ],
)  # fmt: skip
def test_a_body_is_one_block(body, one):
    assert is_one_block(body) is one


def test_comments_and_layout_do_not_count():
    assert code_tokens("{ return 1.0; // one\n}") == code_tokens("{return/* a */1.0;}")


@given(tokens, tokens)
def test_similarity_is_1_for_equals_alone_and_0_for_nothing_in_common(one, other):
    assert similarity(one, one) == 1
    assert (similarity(one, other) == 1) == (one == other)
    assert (similarity(one, other) == 0) == (not set(one) & set(other) and one != other)


def test_similarity_counts_matching_tokens():
    assert similarity(["a", "b", "c", "d"], ["a", "x", "c", "d"]) == 2 * 3 / 8
    popular = ["x"] * 300  # difflib takes tokens of so many for junk by default
    assert similarity(["y", *popular], ["z", *popular]) == pytest.approx(600 / 602)


def test_a_text_that_is_far_too_long_has_similarity_0():
    assert similarity(["a"] * 10, ["a"] * 592) > 0
    assert similarity(["a"] * 10, ["a"] * 593) == 0
