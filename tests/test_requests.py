"""Requests in words alone, and the functions of tat's library that answer them."""

from pathlib import Path

import pytest
from cli_harness import tat

from tat.commands.common.indexes import library_index
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index
from tat.retrieval.query import Hit
from tat.retrieval.requests import answers, unknown_words
from tat.retrieval.terms import terms

REQUESTS = Path(__file__).with_name("requests.txt")


def place(file: str) -> str:
    """`geometry/rayBox` of a function's file."""
    return file.removeprefix("synth:").removeprefix("cookbook/").removesuffix(".wgsl")


def first(index: Index, request: str) -> Hit | None:
    """The function that answers first."""
    return next((hit for hit, _ in answers(index, request)), None)


def test_most_requests_get_a_function_that_answers_them():
    lines = [line for line in REQUESTS.read_text("utf-8").splitlines() if line[0] != "#"]
    assert len(lines) > 170
    index, right, wrong = library_index(), 0, []
    for line in lines:
        request, _, wanted = line.partition(":")
        found = [place(hit.file) for hit in [first(index, request)] if hit]
        if found == [] if not wanted.split() else found and found[0] in wanted.split():
            right += 1
        else:
            wrong.append((request, found))
    assert right >= 190, f"{right} of {len(lines)}: {wrong}"


def of_words(*functions: tuple[str, str]) -> Index:
    index = Index()
    index.update(
        Document.of_function(name, 1, f"fn {name}(x: f32) -> f32", "{ return x; }", comment=comment)
        for name, comment in functions
    )
    return index


@pytest.mark.parametrize(
    ("request_in_words", "name"),
    [
        ("ray against an axis-aligned bounding box", "ray_box"),
        ("turn degrees into radians", "degrees_to_radians"),
        ("degrees from radians", "radians_to_degrees"),
    ],
)
def test_an_answer_covers_the_rare_words_and_the_direction(request_in_words, name):
    index = of_words(
        ("box_visible", "Whether an axis-aligned bounding box lies before planes of the frustum"),
        ("ray_box", "Slab test of rays and an axis-aligned box"),
        ("degrees_to_radians", "An angle in radians"),
        ("radians_to_degrees", "An angle in degrees"),
        *((f"box_{part}", f"The {part} of a bounding box") for part in ("area", "size", "corner")),
    )  # fmt: skip
    assert first(index, request_in_words).name == name


def test_a_long_comment_is_no_advantage():
    index = of_words(
        ("shine", "Light. To reflect a vector, the light is mirrored about the normal"),
        ("mirrored", "Reflects a vector by a normal"),
    )  # fmt: skip
    assert first(index, "reflect a vector about a normal").name == "mirrored"


def test_spellings_of_one_word_agree():
    assert terms("rotates rotated rotating rotation") == ("rotat",) * 4
    assert terms("tiling a tile") == ("til", "~a", "til") and terms("spring") == ("spring",)


@pytest.mark.parametrize(
    ("request_in_words", "unknown"),
    [
        ("asdf qwer", ["asdf", "qwer"]), ("make me a sandwich", ["sandwich"]),
        ("write triangles to a zxcv", []), ("blurring", []), ("make it so", []),
    ],
)  # fmt: skip
def test_a_request_is_unknown_where_none_of_its_words_is_known(request_in_words, unknown):
    assert unknown_words([library_index()], request_in_words) == unknown


def test_nonsense_is_refused_and_real_requests_are_not():
    lines = [line for line in REQUESTS.read_text("utf-8").splitlines() if line[0] != "#"]
    index = library_index()
    assert not any(unknown_words([index], line.partition(":")[0]) for line in lines)
    done = tat("generate", "asdf qwer", "--device", "cpu", "-q")
    assert done.code == 2 and done.out == "" and "'asdf', 'qwer'" in done.err


@pytest.mark.parametrize(("request_", "kind"), [
    ("angle between two vectors", "vec3f"), ("angle between two 2D vectors", "vec2f"),
    ("average of three numbers", "f32"), ("mean of three vec2f values", "vec2f"),
    ("sigmoid function", "f32"),
])  # fmt: skip
def test_the_form_of_a_generic_function_goes_with_the_words(request_, kind):
    hit = first(library_index(), request_)
    assert hit and f": {kind}" in hit.text.partition(")")[0], hit


def test_a_line_that_is_all_that_is_asked_goes_before_a_name_of_the_same_stem():
    index = of_words(
        ("translate_matrix", "Multiplies a matrix by a translation"),
        ("translation", "Translation matrix"),
        ("cartesian_to_spherical", "Polar angles"), ("to_cartesian", "Cartesian from spherical"),
    )  # fmt: skip
    assert first(index, "translation matrix").name == "translation"
    assert first(index, "cartesian from spherical").name == "to_cartesian"
