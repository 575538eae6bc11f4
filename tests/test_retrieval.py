"""Retrieval: chunks, words, near-duplicates, and queries of any text."""

import os
import string
from itertools import islice, pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shader_index import (
    BOX,
    CIRCLE,
    HASH,
    MODULE,
    index_of,
    module,
    names,
    shaders_fixture,  # noqa: F401
)

from tat.errors import FileError
from tat.retrieval.chunks import MODULE_LIMIT, Document
from tat.retrieval.index import Index
from tat.retrieval.query import search
from tat.retrieval.similarity import jaccard, near_duplicate, shingles
from tat.retrieval.words import words


def test_a_module_gives_functions_structs_and_itself():
    ray, point, main, whole = module("ray.wgsl", MODULE).chunks()
    assert [chunk.kind for chunk in (ray, point, main, whole)] == [
        "struct", "function", "function", "module",
    ]  # fmt: skip
    assert (ray.name, ray.line, ray.comment) == ("Ray", 5, "A ray of light.")
    assert ray.text.startswith("struct Ray {") and ray.text.endswith("}")
    assert point.comment == "Where a ray is after a while."
    assert point.signature == "fn pointAt(ray: Ray, t: f32) -> vec3f"
    assert point.text == MODULE[MODULE.index("fn pointAt") : MODULE.index("\n\n@compute")]
    assert point.context == "const SCALE = 2.0;\n" + ray.text
    assert main.text.startswith("@compute") and MODULE.splitlines()[main.line] in main.text
    assert (whole.name, whole.line, whole.text) == ("ray", 0, MODULE)


def test_a_module_is_no_chunk_beside_its_only_function_or_if_it_is_large():
    assert [chunk.kind for chunk in module("box.wgsl", BOX).chunks()] == ["function"]
    large = MODULE + "// " + "-" * MODULE_LIMIT
    kinds = [chunk.kind for chunk in module("ray.wgsl", large).chunks()]
    assert kinds == ["struct", "function", "function"]


@pytest.mark.parametrize("text", ["", "not WGSL {{{", "const A = 1;", "fn broken( {", "\0" * 9])
def test_text_without_functions_and_structs_gives_nothing(text):
    assert module("x.wgsl", text).chunks() == []


def test_a_function_from_a_json_line_is_one_chunk():
    signature, body = "fn area(r: f32) -> f32", "{ return PI * r * r; }"
    document = Document(
        "f.jsonl", 7, "area", f"{signature} {body}", "MIT", embedded=True, signature=signature,
        comment="Area of a disk.", context="const PI = 3.14;",
    )  # fmt: skip
    [hit] = search(index_of(document), "disk")
    assert (hit.kind, hit.name, hit.file, hit.line) == ("function", "area", "f.jsonl", 7)
    assert (hit.text, hit.context) == (f"{signature} {body}", "const PI = 3.14;")
    assert (hit.comment, hit.license) == ("Area of a disk.", "MIT")


def test_lines_count_from_where_the_text_starts_and_not_within_a_json_line():
    [placed] = search(index_of(module("ray.wgsl", MODULE, line=100)), "pointAt", top=1)
    [embedded] = search(index_of(module("a.jsonl", MODULE, line=100, embedded=True)), "pointAt", 1)
    assert placed.line == 100 + MODULE.count("\n", 0, MODULE.index("fn pointAt"))
    assert embedded.line == 100


@pytest.mark.parametrize(
    ("header", "given", "expected"),
    [
        ("// SPDX-License-Identifier: MIT", "", "MIT"),
        ("/* SPDX-License-Identifier: BSD-3-Clause */", "MIT", "BSD-3-Clause"),
        ("// SPDX-License-Identifier:\tMIT OR Apache-2.0  ", "", "MIT OR Apache-2.0"),
        ("// SPDX-License-Identifier: GPL-2.0+", "", "GPL-2.0+"),
        ("// licensed as the rest", "Zlib", "Zlib"),
        ("// SPDX-License-Identifier:\nfn x() {}", "", ""),
        ("", "evil\x1b[2J\nlicence", r"evil\x1b[2J\nlicence"),
    ],
)
def test_the_licence_comes_from_the_header_or_as_given(header, given, expected):
    assert module("x.wgsl", f"{header}\n{CIRCLE}", license=given).spdx == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sdRoundedBox", "sd rounded box sdroundedbox"),
        ("sd_rounded_box", "sd rounded box sdroundedbox"),
        ("__SD_Rounded_BOX_", "sd rounded box sdroundedbox"),
        ("HSVToRGB", "hsv to rgb hsvtorgb"),
        ("noise2D hash31", "noise 2 d noise2d hash 31 hash31"),
        ("vec3<f32> vec4f mat4x4f", "vec3 f32 vec4f mat4x4f"),
        ("größe_3 λ", "größe 3 größe3 λ"),
        ("a+b; /* \0 \" ' */ _ 12.5e3", "a b 12 5 e 3 5e3"),
        ("", ""),
    ],
)
def test_words(text, expected):
    assert " ".join(words(text)) == expected


def test_endless_words_are_cut():
    assert max(map(len, words("x" * 1000 + " " + "1a" * 1000))) <= 64


@pytest.mark.parametrize(
    "query",
    ["rounded box", "sdRoundedBox", "sd_rounded_box", "ROUNDED-BOX", "roundBoxes", "sdroundedbox"],
)
def test_identifiers_are_found_in_any_spelling(query):
    for name in ("sdRoundedBox", "sd_rounded_box"):
        index = index_of(module("box.wgsl", BOX.replace("sdRoundedBox", name)),
                         module("circle.wgsl", CIRCLE), module("hash.wgsl", HASH))  # fmt: skip
        assert names(index, query, top=1) == [name]


def test_a_name_weighs_more_than_a_body(shaders):
    caller = "fn shade(p: vec2f) -> f32 { return sd_circle(p, 1.0) + sd_circle(p, 2.0); }"
    index = index_of(module("a.wgsl", caller), module("b.wgsl", CIRCLE), module("c.wgsl", HASH))
    assert names(index, "circle") == ["sd_circle", "shade"]
    scores = [hit.score for hit in search(index, "circle")]
    assert scores == sorted(scores, reverse=True) and min(scores) > 0


def test_topics_find_the_function_that_they_describe():
    text = "fn lobe(x: f32) -> f32 { return x; }\nfn shine(x: f32) -> f32 { return lobe(x); }\n"
    index = index_of(module("shine.wgsl", text, topics="glossy highlight"), module("b.wgsl", BOX))
    assert [(h.kind, h.name) for h in search(index, "glossy")] == [
        ("function", "shine"), ("module", "shine"),
    ]  # fmt: skip


def test_words_that_are_everywhere_are_answered_and_do_not_hide_rare_ones():
    many = [module(f"{i}.wgsl", f"fn shade{i}(x: f32) -> f32 {{ return x + {i}; }}")
            for i in range(1100)]  # fmt: skip
    index = index_of(*many, module("box.wgsl", BOX))
    assert names(index, "shade of a rounded box")[0] == "sdRoundedBox"
    assert names(index, "shade 777")[0] == "shade777"
    assert len(names(index, "shade", top=40)) == 40


def test_hits_differ_in_text_and_are_as_many_as_wanted():
    copies = [module(f"copy{i}.wgsl", f"// file {i}\n{CIRCLE}") for i in range(40)]
    index = index_of(*copies, module("box.wgsl", BOX), module("hash.wgsl", HASH))
    found = names(index, "circle radius hash", top=3)
    assert sorted(found) == ["hash_2d", "sdRoundedBox", "sd_circle"]
    assert [hit.file for hit in search(index, "circle")] == ["copy0.wgsl"]
    assert len(names(index, "circle radius", top=1)) == 1 and names(index, "circle", top=0) == []


def test_equal_scores_come_in_order_of_place():
    places = [(file, line) for file in ("a.jsonl", "b.jsonl") for line in (1, 2, 3)]
    documents = [
        Document(file, line, "", f"fn same() -> i32 {{ return {value}; }}", embedded=True)
        for (file, line), value in zip(places, (5, 3, 6, 1, 2, 4))
    ]
    index = index_of(*documents[::-1])
    assert [(hit.file, hit.line) for hit in search(index, "same", top=5)] == places[:5]
    several = "\n".join(f"fn same() -> i32 {{ return {value}; }}" for value in (3, 1, 2))
    hits = search(index_of(module("c.wgsl", several)), "same")
    assert [hit.line for hit in hits if hit.kind == "function"] == [1, 2, 3]


def test_near_duplicates_by_hand():
    # Runs of five: a b c d e | b c d e f  against  a b c d e | b c d e g
    assert jaccard(shingles("a b c d e f"), shingles("a b c d e g")) == 1 / 3
    assert near_duplicate(BOX, "// another comment\n" + BOX.replace("vec2f", "vec2<f32>"))
    assert not near_duplicate(BOX, CIRCLE)
    assert near_duplicate("a b", " a  b ") and not near_duplicate("a b", "a c")
    long = " ".join(f"x{i}" for i in range(44))  # 40 runs; one token more is one run more
    longer = [long + "".join(f" y{i}" for i in range(count)) for count in (10, 11)]
    assert [near_duplicate(long, text) for text in longer] == [True, False]  # 40/50 and 40/51


def test_exclude_leaves_out_the_pair_its_near_duplicates_and_its_modules(shaders):
    point = MODULE[MODULE.index("fn pointAt") : MODULE.index("\n\n@compute")]
    renamed = point.replace("pointAt", "point_at")
    index = index_of(module("ray.wgsl", MODULE), module("copy.wgsl", renamed),
                     module("box.wgsl", BOX))  # fmt: skip
    assert set(names(index, "point at ray", top=9)) >= {"pointAt", "point_at", "ray", "Ray"}
    assert set(names(index, "point at ray", top=9, exclude=point)) == {"Ray", "main"}
    assert names(shaders, "rounded box", exclude=" ") == names(shaders, "rounded box")


SYNTAX = ['"', "'", '"""', "AND", "NOT box", "NEAR(a b)", "name : x", "-box", "box*", "^box", "(",
          "{name} : box", "a OR", "\0", "box\0circle", "\x1b[31m", "\ud800", "𝕊𝔻", "ªº²Ⅷ",
          "x" * 70_000, "; DROP TABLE chunks; --", "rank MATCH 'x'", "\u0301", "%s",
          "( " * 5000]  # fmt: skip


@pytest.mark.parametrize("query", SYNTAX)
def test_queries_have_no_syntax(shaders, query):
    found = search(shaders, query)
    assert {hit.name for hit in found} <= {"sdRoundedBox", "sd_circle", "hash_2d", "pointAt", "Ray",
                                           "main", "ray"}  # fmt: skip
    assert search(shaders, f"{query} circle")[0].name == "sd_circle" or "box" in query


def test_a_query_of_a_megabyte(shaders):
    assert names(shaders, "circle " * 150_000) == ["sd_circle"]
    letters = product(string.ascii_lowercase, repeat=4)
    unlike = " ".join("w" + "".join(word) for word in islice(letters, 180_000))
    assert names(shaders, f"circle {unlike}")[0] == "sd_circle"


@given(st.text(), st.integers(-1, 9))
@settings(max_examples=300)
def test_any_query_is_answered(shaders, query, top):
    hits = search(shaders, query, top)
    assert len(hits) <= max(0, top)
    assert len({hit.text for hit in hits}) == len(hits)


NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=8).map("f{}".format)
FILES = st.sampled_from(["a.wgsl", "b.wgsl", "c.jsonl"])
TEXTS = st.lists(NAMES, min_size=1, max_size=3, unique=True).map(
    lambda found: "\n".join(f"// {name}\nfn {name}() -> i32 {{ return 1; }}" for name in found)
)
DOCUMENTS = st.lists(
    st.builds(module, FILES, TEXTS | st.text(max_size=20), st.integers(1, 3),
              license=st.sampled_from(["", "MIT"]), topics=st.sampled_from(["", "hue"])),
    max_size=6,
)  # fmt: skip


@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.text(string.ascii_letters + " _"))
@settings(max_examples=60)
def test_incremental_equals_from_scratch(states, query):
    grown = Index()
    for documents in states:
        grown.update(documents)
        search(grown, "f hue")  # what it remembers of one state must not show in the next
    fresh = Index()
    fresh.update(states[-1])
    assert len(grown) == len(fresh)
    for question in (query, "f hue", *(document.name for document in states[-1])):
        assert search(grown, question, top=99) == search(fresh, question, top=99)


@given(DOCUMENTS, st.text(string.ascii_letters + " _"))
@settings(max_examples=30)
def test_an_index_in_a_file_finds_what_one_in_memory_finds(tmp_path_factory, documents, query):
    path = tmp_path_factory.mktemp("filled") / "index"
    path.touch()
    path = Path(os.path.relpath(path))  # as people give it
    with Index.being_filled(path) as index:
        index.add(documents[:2] + documents)
    for asked in (query, "f hue", *(document.name for document in documents)):
        both = (search(i, asked, top=99) for i in (Index.in_file(path), index_of(*documents)))
        assert next(both) == next(both)


def test_an_update_counts_what_it_does():
    index = Index()
    box, circle = module("box.wgsl", BOX), module("circle.wgsl", CIRCLE)
    first = index.update([box, circle, module("twin.wgsl", BOX, topics="")])
    assert (first.added, first.chunks) == (3, 3)  # the twin has another name
    again = index.update([box, circle])
    assert (again.added, again.removed, again.moved, again.kept) == (0, 1, 0, 2)
    assert not index.update([circle, box]) and len(index) == 2
    elsewhere = Document("moved.wgsl", 3, "circle", CIRCLE, "MIT")
    moved = index.update([box, elsewhere])
    assert (moved.added, moved.removed, moved.moved, moved.kept) == (0, 0, 1, 1)
    assert [(h.file, h.line, h.license) for h in search(index, "circle")] == [
        ("moved.wgsl", 3, "MIT")
    ]


def test_kept_documents_are_not_cut_again(monkeypatch):
    index = index_of(module("box.wgsl", BOX))
    monkeypatch.setattr(Document, "chunks", lambda self: pytest.fail("cut again"))
    assert index.update([module("box.wgsl", BOX)]).kept == 1


def test_an_unreasonable_module_is_refused_and_the_others_taken():
    names_of = [f"C{i}" for i in range(1500)]
    chain = "".join(f"const {b} = {a} + {'1' * 40};\n" for a, b in pairwise(names_of))
    users = "".join(f"fn f{i}() -> i32 {{ return {names_of[-1]}; }}\n" for i in range(300))
    index = Index()
    changes = index.update([module("bad.wgsl", chain + users), module("box.wgsl", BOX)])
    assert (changes.added, len(index)) == (1, 1)
    [(place, reason)] = changes.refused
    assert place == "bad.wgsl:1" and reason.startswith("unreasonable: wgsl: ")


def test_a_failing_update_changes_nothing():
    index = index_of(module("box.wgsl", BOX))

    def documents():
        yield module("circle.wgsl", CIRCLE)
        raise FileError("gone")

    with pytest.raises(FileError, match="gone"):
        index.update(documents())
    assert names(index, "circle box") == ["sdRoundedBox"]
