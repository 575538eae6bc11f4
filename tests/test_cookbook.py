"""The cookbook: files that the loader takes or refuses, and rules for the bundled entries."""

import importlib
import pkgutil
import re
import textwrap
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tat.cookbook import library, references
from tat.cookbook.library import Entry
from tat.cookbook.picture import drawing
from tat.cookbook.references import Kernel, Pure
from tat.errors import FileError
from tat.retrieval.similarity import jaccard, shingles
from tat.wgsl.sandbox import Sandbox

ENTRIES = library.load()
STARTERS = library.load("starter")
by_name = pytest.mark.parametrize("entry", ENTRIES, ids=[entry.name for entry in ENTRIES])

METADATA = """\
// request: double a number
// paraphrase: two times a value
// paraphrase: multiply by two
// family: doubling
// tags: example, arithmetic
// difficulty: 1
// split: train
"""
CODE = """\
/// Twice `x`.
fn twice(x: f32) -> f32 {
    return 2.0 * x;
}
"""


def write(folder: Path, text: str, name: str = "twice", area: str = "numerics") -> Path:
    path = folder / area / f"{name}.wgsl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# Files that the loader accepts.


def test_an_entry_is_read_whole(tmp_path: Path):
    extra = "// source: a book,\n//     volume two\n// picture: vec3f(uv, twice(0.5))\n"
    entry = library.read_entry(write(tmp_path, METADATA + extra + "\n\n" + CODE + "\n"))
    assert entry == Entry(
        name="twice",
        area="numerics",
        family="doubling",
        tags=("example", "arithmetic"),
        difficulty=1,
        split="train",
        request="double a number",
        paraphrases=("two times a value", "multiply by two"),
        source="a book, volume two",
        picture="vec3f(uv, twice(0.5))",
        code=CODE,
    )


WORDS = st.lists(st.from_regex(r"[!-~]{1,12}", fullmatch=True), min_size=1, max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(request=WORDS, source=WORDS, paraphrases=st.lists(WORDS, min_size=2, max_size=4))
def test_values_survive_wrapping(tmp_path: Path, request, source, paraphrases):
    def key_line(key: str, words: list[str]) -> str:
        return textwrap.fill(
            f"{key}: {' '.join(words)}",
            width=60,
            initial_indent="// ",
            subsequent_indent="//     ",
            break_long_words=False,
            break_on_hyphens=False,
        )

    given_lines = [key_line("request", request), key_line("source", source)]
    given_lines += [key_line("paraphrase", words) for words in paraphrases]
    kept = [line for line in METADATA.splitlines() if "request" not in line and "para" not in line]
    path = write(tmp_path, "\n".join([*given_lines, *kept, "", CODE]))
    entry = library.read_entry(path)
    assert entry.request == " ".join(request)
    assert entry.source == " ".join(source)
    assert entry.paraphrases == tuple(" ".join(words) for words in paraphrases)


def test_entries_come_in_order_of_name_whatever_their_area(tmp_path: Path):
    for name, area in (("b", "y"), ("a", "z"), ("c", "x")):
        write(tmp_path, METADATA + "\n" + CODE.replace("twice", name), name, area)
    assert [entry.name for entry in library.read_folder(tmp_path)] == ["a", "b", "c"]


def test_a_tag_selects():
    assert {entry.name for entry in STARTERS} == {e.name for e in ENTRIES if "starter" in e.tags}
    assert library.load("no-such-tag") == ()


# Files that it refuses, with the place of the fault.


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("// request:", "// requst:", 1, "unknown key 'requst'"),
        ("// request: double a number\n", "", 1, "request is missing"),
        ("// paraphrase: multiply by two\n", "", 2, "only one paraphrase"),
        ("// split: train\n", "// split: train\n// split: test\n", 8, "split is given twice"),
        ("// split: train", "// split: valid", 7, "'valid' is not one of train, test"),
        ("// difficulty: 1", "// difficulty: 4", 6, "'4' is not one of 1, 2, 3"),
        ("example, arithmetic", "example,arithmetic", 5, "is no label"),
        ("example, arithmetic", "Example", 5, "is no label"),
        ("example, arithmetic", "example, example", 5, "twice"),
        ("family: doubling", "family:", 4, "expected `// key: value`"),
        ("// request", "//   lost\n// request", 1, "expected `// key: value`"),
        ("train\n\n", "train\n", 8, "expected `// key: value`"),
        ("train\n\n", "train\n//\n\n", 8, "expected `// key: value`"),
        ("fn twice", "fn double", 8, "not named twice"),
        ("/// Twice `x`.\n", "", 8, "no `///` comment"),
        ("/// Twice `x`.\n", "/// Twice `x`.\n\n", 8, "no `///` comment"),
        ("2.0 * x;\n}\n", "2.0 * x;\n}\n\nfn more() {}\n", 8, "not named twice"),
        (CODE, "", 8, "not named twice"),
    ],
)
def test_a_malformed_entry_is_refused_by_line(tmp_path: Path, old, new, line, reason):
    text = METADATA + "\n" + CODE
    assert old in text
    path = write(tmp_path, text.replace(old, new, 1))
    with pytest.raises(FileError) as refusal:
        library.read_entry(path)
    message = str(refusal.value)
    assert message.startswith(f"{path}:{line}: ") and reason in message and "\n" not in message


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"\x00" * 1000, b"// request: \xe9\n"])
def test_a_file_that_is_no_entry_is_refused(tmp_path: Path, content: bytes):
    path = write(tmp_path, "")
    path.write_bytes(content)
    with pytest.raises(FileError, match=re.escape(f"{path}:1: ")):
        library.read_entry(path)


def test_two_entries_of_one_name_are_refused(tmp_path: Path):
    for area in ("a", "b"):
        write(tmp_path, METADATA + "\n" + CODE, area=area)
    with pytest.raises(FileError, match="has a twice too"):
        library.read_folder(tmp_path)


def test_a_family_in_both_splits_is_refused(tmp_path: Path):
    write(tmp_path, METADATA + "\n" + CODE)
    other = METADATA.replace("train", "test") + "\n" + CODE.replace("twice", "double")
    write(tmp_path, other, name="double")
    with pytest.raises(FileError, match="a family stays together"):
        library.read_folder(tmp_path)


def test_a_folder_without_entries_is_refused(tmp_path: Path):
    with pytest.raises(FileError, match="no cookbook entries"):
        library.read_folder(tmp_path)


# Rules for the bundled entries.


def test_the_twenty_starters_are_there_to_train_on():
    assert len(STARTERS) == 20
    assert {entry.split for entry in STARTERS} == {"train"}
    assert len({entry.area for entry in STARTERS}) >= 10


def test_there_are_many_functions_of_many_areas_and_no_area_or_family_outweighs_the_others():
    areas = Counter(entry.area for entry in ENTRIES)
    families = Counter(entry.family for entry in ENTRIES)
    assert len(ENTRIES) >= 200 and len(areas) >= 12
    assert max(areas.values()) <= 0.15 * len(ENTRIES), areas.most_common(3)
    assert max(families.values()) <= 3, families.most_common(3)


def test_the_test_split_is_a_quarter_spread_over_the_areas():
    held_out = [entry for entry in ENTRIES if entry.split == "test"]
    assert 0.2 <= len(held_out) / len(ENTRIES) <= 0.3
    assert len({entry.area for entry in held_out}) >= 10


def test_each_difficulty_has_its_share():
    levels = Counter(entry.difficulty for entry in ENTRIES)
    assert set(levels) == {1, 2, 3} and min(levels.values()) >= 0.1 * len(ENTRIES), levels


@by_name
def test_every_entry_has_a_reference(entry: Entry):
    assert isinstance(references.reference(entry.area, entry.name), Pure | Kernel)


def test_every_reference_has_an_entry():
    names = {(entry.area, entry.name) for entry in ENTRIES}
    for module in pkgutil.iter_modules(references.__path__):
        found = importlib.import_module(f"{references.__name__}.{module.name}")
        for name, value in vars(found).items():
            if isinstance(value, Pure | Kernel):
                assert (module.name, name) in names


def test_all_requests_and_paraphrases_differ():
    sayings = [said for entry in ENTRIES for said in (entry.request, *entry.paraphrases)]
    bare = [re.sub(r"\W+", " ", said).lower() for said in sayings]
    assert len(set(bare)) == len(bare)


@by_name
def test_requests_are_short_sentences_of_plain_text(entry: Entry):
    for said in (entry.request, *entry.paraphrases):
        assert said.isascii() and not said.endswith(".")
        assert 20 <= len(said) <= 120 and len(said.split()) >= 4, said


@by_name
def test_the_code_keeps_to_the_house_style(entry: Entry):
    lines = entry.code.splitlines()
    assert max(map(len, lines)) <= 100
    assert "\t" not in entry.code and all(line == line.rstrip() for line in lines)
    assert all((len(line) - len(line.lstrip())) % 4 == 0 for line in lines)
    assert not re.search(r"\b(vec[234]|mat[234]x[234])<(f32|i32|u32)>", entry.code)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", entry.name)


def test_starters_are_short_enough_for_a_tiny_model():
    for entry in STARTERS:
        body = entry.code[entry.code.index("{\n", entry.code.rindex(f"fn {entry.name}")) :]
        assert 60 <= len(body) <= 760, entry.name
        assert len(entry.code) <= 1500, entry.name


def test_no_two_entries_are_near_duplicates():
    runs = {entry.name: shingles(entry.code) for entry in ENTRIES}
    for (name, one), (other_name, other) in combinations(runs.items(), 2):
        assert jaccard(one, other) < 0.5, (name, other_name)


@pytest.mark.gpu
def test_every_entry_and_picture_is_valid_wgsl(sandbox: Sandbox):
    for entry in ENTRIES:
        assert sandbox.validate(entry.code) is None, entry.name
        if entry.picture:
            assert sandbox.validate(drawing(entry)) is None, entry.name
