"""The library of tat's own functions: what is in it, how it is found, kept and switched off."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tat.checkpoint import Checkpoint
from tat.cli import run
from tat.commands.common.indexes import (
    LIBRARY_PARTS,
    bundled_library,
    library_index,
    named_index,
)
from tat.config import resolve
from tat.decode.candidates import Candidates
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.errors import FileError
from tat.resources import BUNDLED
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index
from tat.retrieval.query import search, search_all
from tat.synth import shelf
from tat.synth.library import family_documents
from tat.synth.tables import all_families
from tat.wgsl.declarations import functions

CONFIG = resolve(environment={}).config
LUMA = Prompt("brightness", "fn luminance(color: vec3f) -> f32")


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(family_documents())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tat" / "families"


def test_each_family_that_calls_no_other_is_there_once_for_each_type(documents):
    wanted = {f"synth:{f.id}": len(f.types) if f.generic else 1
              for f in all_families() if not f.calls}  # fmt: skip
    found = dict.fromkeys(wanted, 0)
    for document in documents:
        found[document.file] += 1
    assert found == wanted
    assert len({document.text for document in documents}) > 0.99 * len(documents)


def test_a_function_is_plain_and_says_what_it_does(documents):
    circle = next(d for d in documents if d.file == "synth:sdf/sdCircle")
    assert circle.text == ("fn sd_circle(p: vec2f, r: f32) -> f32 {\n    return length(p) - r;\n}")
    assert circle.comment == "Signed distance to a circle around the origin."
    assert "circleSdf" in circle.topics and "negative inside" in circle.topics
    assert (circle.license, circle.line) == ("MIT", 1)
    assert not any("{" in document.comment for document in documents)
    assert all(document.comment for document in documents)


def test_families_can_be_left_out():
    left = {document.file for document in family_documents(["sdf/sdCircle"])}
    assert "synth:sdf/sdCircle" not in left and "synth:sdf/sdSphere" in left


def test_every_function_validates(documents, sandbox):
    for document in documents[::7]:
        module = f"{document.context}\n{document.text}"
        assert sandbox.validate(module) is None, document.file


def test_a_description_finds_its_function(documents):
    index = Index()
    index.update(documents)
    asked = documents[::40]
    found = sum(
        any(hit.file == d.file for hit in search(index, f"{d.comment}\n{d.signature}", 8))
        for d in asked
    )
    assert found > 0.95 * len(asked)


def test_the_index_is_made_once_and_kept(cache):
    assert len(shelf.family_index()) > 3000
    [kept] = cache.iterdir()
    before = os.stat(kept).st_mtime_ns
    index = shelf.family_index()
    assert os.stat(kept).st_mtime_ns == before and [*cache.iterdir()] == [kept]
    assert search(index, "luminance of a color", 1)[0].file.startswith("synth:color/")
    kept.write_bytes(b"damaged")
    assert len(shelf.family_index()) == len(index)
    assert kept.read_bytes() == index.serialize()


def test_an_index_that_ships_inside_is_opened_and_nothing_is_made(cache, tmp_path, monkeypatch):
    shipped = tmp_path / shelf.shipped_name(LIBRARY_PARTS)
    shipped.parent.mkdir()
    shipped.write_bytes(Index(name="shipped").serialize())
    monkeypatch.setattr(shelf, "resource", tmp_path.joinpath)
    index = library_index()
    assert index.proven and len(index) == 0 and not cache.exists()
    shipped.write_bytes(b"damaged")
    assert len(library_index()) > 4000


def test_old_indexes_go(cache):
    cache.mkdir(parents=True)
    for number in range(6):
        (cache / f"{number}.index").write_bytes(b"old")
        os.utime(cache / f"{number}.index", (number, number))
    shelf.family_index()
    names = sorted(path.name for path in cache.iterdir())
    assert len(names) == 4 and {"3.index", "4.index", "5.index"} < set(names)


def test_a_cache_that_cannot_be_written_is_no_matter(cache):
    cache.parent.mkdir()
    cache.write_text("a file in its place")
    assert len(shelf.family_index()) > 3000


def test_it_answers_beside_the_bundled_model_or_where_it_is_asked_for():
    opened = {
        (choice, run): bundled_library(replace(CONFIG.generate, library=choice), run) is not None
        for choice in ("bundled", "always", "never") for run in (BUNDLED, Path("runs/mine"))
    }  # fmt: skip
    assert [*opened.values()] == [True, False, True, True, False, False]


@pytest.mark.parametrize(("origin", "beside"), [
    (None, False), ({"name": "bundled", "sha256": "", "step": 9}, True),
    ({"name": "runs/other", "sha256": "", "step": 9}, False),
])  # fmt: skip
def test_a_model_tuned_from_the_bundled_one_has_the_library_beside_it(origin, beside):
    tuned = Checkpoint({}, {}, b"", {}, "", 0, {"origin": origin})
    assert bool(bundled_library(CONFIG.generate, Path("runs/mine"), tuned)) == beside


def test_a_function_of_the_index_that_is_called_as_described_goes_first():
    mine, ours = Index(), Index()
    signature = "fn height(at: f32) -> f32"
    names = ["height_of_dunes", *(f"area_{i}" for i in range(9))]  # a rare word scores more
    for index, own in ((mine, ["dune_height"]), (ours, names)):
        index.update(
            Document.of_function(name, 1, f"fn {name}(x: f32) -> f32", f"{{ return {i}.0 * x; }}")
            for i, name in enumerate(own)
        )
    retriever = Retriever(mine, CONFIG.data, settings=CONFIG.generate, library=lambda: ours)
    found = retriever.beside(Prompt("Dune height", signature), []).adaptations
    assert found[0].origin.name == "dune_height"


def test_a_retriever_asks_the_library_with_the_index_and_opens_it_late():
    mine, ours = Index(), Index()
    mine.update([Document.of_function("mine", 1, LUMA.signature, "{ return color.x; }")])
    bodies = {"synth:color/luma": "{ return 1.0; }", "synth:twin": "{ return color.x; }"}
    ours.update(Document.of_function(f, 1, LUMA.signature, body) for f, body in bodies.items())
    ours.proven, opened = True, []

    def library() -> Index:
        opened.append(1)
        return ours

    retriever = Retriever(mine, CONFIG.data, settings=CONFIG.generate, library=library)
    assert not retriever.beside(Prompt(prefix="fn luminance", suffix=""), []).adaptations
    assert not opened
    found = retriever.beside(LUMA, []).adaptations
    assert [(a.origin.file, a.proven) for a in found] == [
        ("mine", False),
        ("synth:color/luma", True),
    ]
    retriever.beside(LUMA, [])
    assert opened == [1]
    alone = Retriever(None, CONFIG.data, settings=CONFIG.generate, library=library)
    assert len(alone.beside(LUMA, alone.neighbours(LUMA)).adaptations) == 2
    none = Retriever(None, CONFIG.data, settings=replace(CONFIG.generate, adaptations=0),
                     library=library)  # fmt: skip
    assert not none.beside(LUMA, []).adaptations and len(opened) == 2
    assert [hit.file for hit in search_all([mine, ours], "luminance", 1)] == ["mine"]


def test_the_function_of_the_name_is_first_and_goes_before_those_that_may_have_it(sandbox, cache):
    """It has rank 16 by score alone: others are about luminance, too, and one may be called so."""
    retriever = Retriever(None, CONFIG.data, settings=CONFIG.generate, library=library_index)
    for name in ("luminance", "rgbToHsv"):
        types = "(c: vec3f) -> " + ("f32" if name == "luminance" else "vec3f")
        prompt = retriever.beside(Prompt(name, f"fn {name}{types}"), [])
        candidates = Candidates(prompt, sandbox, 16)
        assert candidates.named
        assert candidates.best(1)[0].origin.file == f"synth:color/{name}"
        assert prompt.adaptations[0].origin.file == f"synth:color/{name}"


def test_beside_a_function_of_the_name_one_text_of_the_model_is_enough(sandbox, cache):
    retriever = Retriever(None, CONFIG.data, settings=CONFIG.generate, library=shelf.family_index)
    candidates = Candidates(retriever.beside(LUMA, []), sandbox, 16)
    assert candidates.named and not candidates.adapt_first(1)
    [answer] = candidates.best(1)
    assert answer.origin.file == "synth:color/luminance" and answer.candidates == 0
    assert "dot(color, vec3f(0.2126, 0.7152, 0.0722))" in answer.generation.text
    other = replace(LUMA, signature="fn unheard_of(color: vec3f) -> f32")
    candidates = Candidates(retriever.beside(other, []), sandbox, 16)
    assert candidates.weighs and not candidates.named


@pytest.mark.parametrize(
    ("request_in_words", "family"),
    [("convert rgb to hsv", "color/rgbToHsv"), ("Convert HSV to RGB!", "color/hsvToRgb"),
     ("luminance", "color/luminance"), ("degrees to radians", "scalar/degToRad"),
     ("convert degrees to radians", "scalar/degToRad"), ("radians to degrees", "scalar/radToDeg"),
     ("the intersection of a ray with a sphere", "geometry/raySphere"),
     ("distance to a box", "sdf/sdBox"), ("a circle", "sdf/sdCircle"), ("torus", "sdf/sdTorus"),
     ("a teapot that spins and sings", ""), ("?", "")],
)  # fmt: skip
def test_words_alone_find_the_function_that_they_tell(cache, sandbox, request_in_words, family):
    retriever = Retriever(None, CONFIG.data, settings=CONFIG.generate, library=shelf.family_index)
    prompt = retriever.beside(Prompt(request_in_words), [])
    candidates = Candidates(prompt, sandbox, 16)
    assert candidates.adapt_first(1) == bool(family)
    if family:
        [answer] = candidates.best(1)
        assert answer.origin.file == f"synth:{family}" and "fn " in answer.generation.text
        assert f"/// {answer.origin.comment}\nfn " in answer.generation.text


def test_search_names_the_family(cache, capsys):
    assert run(["search", "families", "sdf circle", "--top", "1", "--json"]) == 0
    [hit] = json.loads(capsys.readouterr().out)
    assert (hit["file"], hit["license"]) == ("synth:sdf/sdCircle", "MIT")
    assert len(named_index("families")) > 3000
    with pytest.raises(FileError, match="name an index"):
        named_index("families.index")


def test_a_function_of_the_cookbook_brings_what_it_calls(cache, sandbox):
    retriever = Retriever(None, CONFIG.data, settings=CONFIG.generate, library=library_index)
    candidates = Candidates(retriever.beside(Prompt("value noise"), []), sandbox, 16)
    assert candidates.adapt_first(1)
    [answer] = candidates.best(1)
    assert answer.origin.file == "cookbook/noise/value_noise.wgsl"
    names = [function.signature for function in functions(answer.generation.text)]
    assert "fn lattice_value" in names[0] and "fn value_noise" in names[1] and len(names) == 2


WOBBLE = "fn wobble(t: f32, amount: f32) -> f32"


@pytest.mark.parametrize("prompt", [Prompt("wobble of water"), Prompt("wobble", WOBBLE)])
def test_a_persons_own_function_answers_before_the_library(cache, sandbox, prompt):
    own = Index()
    body = "{ return sin(t * 3.0) * amount; }"
    own.update([Document.of_function("mine", 1, WOBBLE, body, comment="Wobble used by water.")])
    retriever = Retriever(own, CONFIG.data, settings=CONFIG.generate, library=library_index)
    candidates = Candidates(retriever.beside(prompt, []), sandbox, 16)
    assert candidates.adapt_first(1)
    [answer] = candidates.best(1)
    assert answer.origin.file == "mine" and "sin(t * 3.0) * amount" in answer.generation.text


def test_a_name_that_is_spelled_out_goes_before_a_library_of_like_words():
    mine, ours = Index(), Index()
    signature = "fn foamFade(d: f32) -> f32"
    mine.update([Document.of_function("mine", 1, signature, "{ return exp(-d); }")])
    ours.update([
        Document.of_function("synth:near", 1, "fn foam_fade(d: f32) -> f32", "{ return d; }",
                             comment="Foam over the distance to a shore"),
    ])  # fmt: skip
    retriever = Retriever(mine, CONFIG.data, settings=CONFIG.generate, library=lambda: ours)

    def first(request: str) -> str:
        return retriever.beside(Prompt(request), []).adaptations[0].origin.file

    assert first("foamFade over the distance to a shore") == "mine"
    assert first("a fade over the distance to a shore") == "synth:near"
