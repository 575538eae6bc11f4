"""Names and places of drawn functions: true of the values that they stand for."""

import re

import pytest

from tat.synth.draft import Draft
from tat.synth.draws import Draws
from tat.synth.generator import Generator
from tat.synth.places import as_constants, as_fragment, as_kernel, as_settings
from tat.synth.renaming import chosen_names
from tat.synth.tables import parse_table
from tat.synth.words import plural, snake_case

_ARGUMENTS = re.compile(r"struct \w*(?:Draw|Indirect)\w* \{(.*?)\}", re.S)


@pytest.mark.parametrize("family", ["cullInstances", "compactVisible", "resetDraw"])
def test_indirect_arguments_keep_their_order(family: str):
    generator = Generator(only=family, seed=8)
    found = [_ARGUMENTS.search(made.written.context) for made in map(generator.make, range(200))
             if made]  # fmt: skip
    members = [match[1].lower().replace("_", "").splitlines()[1:] for match in found if match]
    assert len(members) > 100
    for lines in members:
        assert len(lines) == len(members[0])
        assert "count" in lines[0] and "first" in lines[2] and "firstinstance" in lines[-1]


def test_the_subject_of_a_function_stays_its_parameter():
    (family,) = parse_table(
        "fn f(p: f32, b: f32, width: f32) -> f32\n  = p * b + width\n", "t", "t"
    )
    for number in range(60):
        for place in (as_settings, as_constants, as_kernel, as_fragment):
            draft = Draft(family, Draws(3, number))
            assert place(draft)
            moved = " ".join([*draft.constants, *(c for c in draft.context if "m_" in c)])
            assert "width" in moved and not re.search(r"uniform [pb]\b|const [pb]\b", moved)


@pytest.mark.parametrize(
    ("name", "snake"),
    [("rotXOp", "rot_x_op"), ("sdBox2D", "sd_box2d"), ("rgbToYCbCr", "rgb_to_ycbcr"),
     ("NdotL", "NdotL"), ("linearToSRGB", "linear_to_srgb")],
)  # fmt: skip
def test_words_of_a_name_are_known_by_their_capitals(name: str, snake: str):
    assert snake_case(name) == snake


def test_a_buffer_of_short_names_has_a_name():
    assert [plural(w) for w in ("index", "t", "range0", "radius", "velocity")] == [
        "indices", "tValues", "range0Values", "radiuses", "velocities",
    ]  # fmt: skip


def test_siblings_are_called_alike():
    (family,) = parse_table("fn f(a/c0/start: f32, b/c1/end: f32) -> f32\n  = a + b\n", "t", "t")
    wanted = {"a": "b", "c0": "c1", "start": "end"}
    names = [chosen_names(family.alternatives, (), Draws(4, n), False, family.siblings)
             for n in range(100)]  # fmt: skip
    plain = [names for names in names if names["a"] in wanted and names["b"] in wanted.values()]
    assert len(plain) > 60 and all(wanted[n["a"]] == n["b"] for n in plain)
