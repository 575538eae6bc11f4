"""The cookbook's page: whole, self-contained, well-formed, and its code as it is in the entries."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.cookbook import html, library, picture, png

ENTRIES = library.load()
PICTURE = png.encode(np.zeros((2, 2, 3), np.uint8))
VOID = {"meta", "link", "input", "img"}


class Page(HTMLParser):
    """Collects elements, attributes and the text of <code>; fails where tags do not pair up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []  # tag, name, value
        self.code: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "code":
            self.code.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" in self.open:
            self.code[-1] += data

    def values(self, tag: str, name: str) -> list[str]:
        return [value for t, n, value in self.attributes if (t, n) == (tag, name)]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(html.page(ENTRIES, {ENTRIES[0].name: PICTURE}))


def test_every_entry_is_there_once_with_its_code(page: Page):
    assert sorted(page.values("article", "id")) == [entry.name for entry in ENTRIES]
    code = dict(zip(page.values("article", "id"), page.code, strict=True))
    assert code == {entry.name: entry.code for entry in ENTRIES}


def test_every_link_leads_to_something(page: Page):
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(set(ids)) == len(ids)
    for target in page.values("a", "href"):
        assert target[0] == "#" and target[1:] in ["", *ids]


def test_the_page_needs_nothing_else(page: Page):
    [image] = page.values("img", "src")
    assert base64.b64decode(image.removeprefix("data:image/png;base64,")) == PICTURE
    assert not page.values("script", "src")
    assert all(value.startswith("data:") for value in page.values("link", "href"))
    style = html.page(ENTRIES[:1], {})
    assert not re.search(r"https?://|@import|url\(", style)


def test_the_search_finds_what_a_person_may_type(page: Page):
    texts = dict(zip(page.values("article", "id"), page.values("article", "data-text")))
    for entry in ENTRIES:
        for words in (entry.request, *entry.paraphrases, *entry.tags, entry.name):
            assert words.lower() in texts[entry.name]


def test_hostile_text_stays_text():
    nasty = '</script><script>alert("x")</script> & <b>'
    code = f"// {nasty}"
    entry = replace(ENTRIES[0], request=nasty, source=nasty, paraphrases=(nasty,), code=code)
    page = Page(html.page([entry], {}))
    assert page.code == [code]
    assert page.tags.count("script") == 1 and "b" not in page.tags


@given(st.text() | st.lists(st.sampled_from(["fn", "@", "<", ">", "&", "/*", "*/", "1.0", " "])))
def test_highlighting_changes_no_text(parts: str | list[str]):
    code = "".join(parts).replace("\r", " ").replace("\0", " ")  # HTML parsers change these two
    assert Page(f"<code>{html.highlight(code)}</code>").code == [code]


def test_kinds_of_tokens_are_told_apart():
    marked = html.highlight("@compute fn f(p: vec3f) -> Ray { return g(1.0); } // end")
    found = re.findall(r"<i class=(\w)>([^<]*)</i>", marked)
    assert found == [
        ("a", "@"), ("a", "compute"), ("k", "fn"), ("f", "f"), ("t", "vec3f"), ("t", "Ray"),
        ("k", "return"), ("f", "g"), ("n", "1.0"), ("c", "// end"),
    ]  # fmt: skip


@pytest.mark.gpu
def test_a_picture_shows_its_expression(sandbox):
    uv = replace(ENTRIES[0], picture="vec3f(uv, select(0.0, 1.0, uv.x > 0.5))")
    drawn = picture.draw(uv, sandbox)
    size = picture.SIZE
    y, x = np.mgrid[:size, :size] + 0.5
    wanted = np.stack([x / size, y / size, x / size > 0.5], axis=2)
    assert drawn == png.encode(np.floor(255 * wanted + 0.5).astype(np.uint8))
