"""Words without blanks between them: found by their parts, and counted; old indexes stay."""

import gzip
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.cli import run as tat
from tat.config import resolve
from tat.data.corpus import load_corpus
from tat.retrieval.chunks import Document
from tat.retrieval.index import VERSION, Index
from tat.retrieval.index_file import open_index, update_index
from tat.retrieval.query import search
from tat.retrieval.words import count_words, words, words_of_version_1, words_to_index

OLD = Path(__file__).parent / "old" / "index-1.0.0.gz"
CHINESE = "计算圆角矩形的有符号距离，四个角的半径相同。"
COMMENTS = {
    "rounded": CHINESE,
    "sphere": "球の表面までの符号付き距離を計算する。ﾉｲｽﾞ",
    "circle": "두 점 사이의거리를 계산한다",
    "smooth": "คำนวณระยะห่างแบบมีเครื่องหมายไปยังวงกลม",
    "plain": "distance to a plane",
}
FOUND = [
    ("圆角矩形", "rounded"), ("有符号距离", "rounded"), ("半径", "rounded"), ("四", "rounded"),
    ("距離", "sphere"), ("符号付き", "sphere"), ("表面", "sphere"), ("ﾉｲｽﾞ", "sphere"),
    ("거리", "circle"), ("사이", "circle"),
    ("ระยะ", "smooth"), ("วงกลม", "smooth"), ("เครื่องหมาย", "smooth"),
    ("plane 平面", "plain"), ("sdf圆角", "rounded"),
]  # fmt: skip


def module(name, comment):
    return f"// {comment}\nfn {name}(p: vec2f, r: f32) -> f32 {{\n    return p.x - r;\n}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("shaders")
    for name, comment in COMMENTS.items():
        (made / f"{name}.wgsl").write_text(module(name, comment))
    return made


@pytest.fixture(scope="module")
def index(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "mine.index"
    assert tat(["index", str(folder), "-o", str(path)]) == 0
    return path


@pytest.mark.parametrize("query, name", FOUND)
def test_a_function_is_found_by_a_part_of_its_description(index, capsys, query, name):
    assert search(open_index(index), query)[0].name == name
    assert tat(["search", str(index), query]) == 0
    assert name in capsys.readouterr().out


def test_hangul_is_found_however_it_is_composed(index):
    decomposed = unicodedata.normalize("NFD", "거리")
    assert search(open_index(index), decomposed)[0].name == "circle"


def test_comments_without_blanks_give_description_samples(folder):
    data = resolve(environment={}).config.data
    corpus = load_corpus([folder], data, 0)
    described = {
        dict(sample.source)["comment"] for sample in corpus.samples if sample.kind == "description"
    }
    assert described == set(COMMENTS.values())


@pytest.mark.parametrize("text, count", [
    ("", 0), ("a b  c", 3), ("--- x", 2), ("圆", 1), ("圆角矩形", 2), ("圆角，矩形。", 2),
    ("SDF圆角矩形", 3), ("圆 角", 2), ("。", 1), ("distance to", 2),
    ("คำนวณระยะห่าง", 6), ("둥근 사각형", 3),
])  # fmt: skip
def test_words_are_counted(text, count):
    assert count_words(text) == count


@given(st.text(alphabet=st.characters(max_codepoint=0x7FF)))
def test_text_with_blanks_between_words_has_the_words_that_it_had(text):
    assert count_words(text) == len(text.split())
    composed = unicodedata.normalize("NFC", text)
    assert list(words(text)) == list(words_to_index(text)) == list(words_of_version_1(composed))


@given(st.text())
def test_a_query_asks_for_words_of_an_index_and_none_is_long(text):
    asked = set(words(text))
    assert asked <= set(words_to_index(text))
    assert all(0 < len(word) <= 129 for word in asked)  # an identifier's parts as one


@given(st.text(alphabet=st.sampled_from("圆角矩の計ﾉかไม้는점ab1_ .。，")))
def test_all_that_is_asked_for_is_in_an_index_of_the_same_text(text):
    index = Index()
    index.update([Document.of_function("a", 1, "fn a()", "{ }", comment=text)])
    assert [word for word in words(text) if not index.frequency(word)] == []


def test_an_index_of_1_0_0_is_searched_as_it_is_and_made_anew_when_written(tmp_path, folder):
    path = tmp_path / "old.index"
    path.write_bytes(gzip.decompress(OLD.read_bytes()))
    old = open_index(path)
    assert old.version == 1 < VERSION
    assert search(old, "distance to a circle")[0].name == "circle"
    assert search(old, "sd_rounded")[0].name == "sd_rounded"
    texts = [Document(str(p), 1, p.stem, p.read_text()) for p in folder.iterdir()]
    changes = update_index(path, texts)
    assert changes.added == len(texts) and open_index(path).version == VERSION
    assert search(open_index(path), "圆角矩形")[0].name == "rounded"
    assert not update_index(path, texts)


def test_documents_leave_an_index_of_1_0_0_whole(tmp_path):
    path = tmp_path / "old.index"
    path.write_bytes(gzip.decompress(OLD.read_bytes()))
    index = open_index(path)
    index.update([])  # what is removed has to be told by the words it was added by
    assert len(index) == 0
    assert index.select("SELECT count(*) FROM terms WHERE terms MATCH 'circle'") == [(0,)]
    index.select("INSERT INTO terms (terms, rank) VALUES ('integrity-check', 0)")


def test_accents_are_found_composed_or_not():
    whole, apart = "l'\u00e9cran d'\u00e9t\u00e9", "l'e\u0301cran d'e\u0301te\u0301"
    assert [*words(whole)] == [*words(apart)] == ["l", "\u00e9cran", "d", "\u00e9t\u00e9"]
