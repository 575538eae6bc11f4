"""The page of `tat serve` in headless Chromium: request, answer, picture, editor, by keys alone."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import PROGRAM, Browser
from serving import serving, tiny_run  # noqa: F401  a fixture

BOX = "fn box(p: vec2f, half: vec2f, r: f32) -> f32"

pytestmark = pytest.mark.skipif(not PROGRAM, reason="make test-tools installs what this needs")


@pytest.fixture(scope="module")
def address(tiny_run: Path) -> Iterator[str]:  # noqa: F811
    with serving("--run", tiny_run, "--device", "cpu", "-q") as address:
        yield address


def shown(browser: Browser, address: str, *size: int) -> None:
    browser.open(f"{address}/", *size)
    browser.wait("document.getElementById('status').className === 'ready'")


def colours(png: bytes) -> int:
    """How many different rows of pixels, filters aside, a picture has: 1 for an empty one."""
    data, place = b"", 8
    while place < len(png):
        (size,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + size]
        place += size + 12
    width = struct.unpack(">I", png[16:20])[0]
    raw, line = zlib.decompress(data), 1 + width * (4 if png[25] == 6 else 3)
    return len({raw[at + 1 : at + line] for at in range(0, len(raw), line)})


@pytest.mark.parametrize(
    ("webgpu", "by"), [(True, "WebGPU in this browser"), (False, "the server")]
)
def test_a_request_is_answered_with_source_licence_and_picture(address, tmp_path, webgpu, by):
    with Browser(webgpu=webgpu) as browser:
        shown(browser, address)
        browser.type("signed distance to a box with rounded corners")
        browser.wait("document.querySelectorAll('#library li').length > 3")
        library = browser.evaluate("document.getElementById('library').textContent")
        assert "sd_rounded_box" in library and "MIT" in library
        browser.evaluate("document.getElementById('signature').focus()")
        browser.type(BOX)
        browser.press("Enter", 2)
        browser.wait("document.querySelector('#answers article figcaption')")
        answer = browser.evaluate("document.querySelector('#answers article').textContent")
        assert BOX in answer and "✓ valid" in answer and "MIT" in answer
        assert by in browser.evaluate("document.querySelector('#answers figcaption').textContent")
        assert browser.evaluate("document.activeElement.tagName") == "ARTICLE"
        drawn = browser.screenshot(tmp_path / "page.png")
        assert colours(drawn) > 100
        inside = "document.querySelector('#answers figure').firstChild"
        assert browser.evaluate(f"{inside}.getBoundingClientRect().width") > 100
        browser.press("e")
        assert browser.evaluate("editor.text").startswith(BOX)
        assert not browser.errors
        assert all(
            one.startswith((address, f"blob:{address}", "data:")) for one in browser.requested
        )


def test_the_editor_completes_proposes_and_marks_errors(address):
    with Browser() as browser:
        shown(browser, address)
        browser.press("e", 1)
        browser.evaluate("editor.text = ''")
        browser.type("/// area of a disc\nfn area(r: f32) -> f32 {\n    let square = r * r;\n    ")
        browser.wait("document.querySelector('.ghost')")
        browser.press("Tab")
        assert "return" in browser.evaluate("editor.text")
        browser.type("\n}\nfn more(uv: vec2f) -> f32 {\n    let d = uv.")
        browser.wait("document.querySelector('.cm-tooltip-autocomplete')")
        offered = browser.evaluate("document.querySelector('.cm-tooltip-autocomplete').textContent")
        assert "xy" in offered and "vec2f" in offered
        browser.press("Escape")
        browser.wait("document.querySelector('.cm-lintRange-error, .cm-lintPoint-error')")
        browser.wait("document.getElementById('verdict').className === 'invalid'")
        browser.evaluate("editor.text = 'fn f(uv: vec2f) -> vec3f { return vec3f(uv, 0.2); }'")
        browser.wait("document.getElementById('verdict').className === 'valid'")
        browser.wait("!document.getElementById('view').hidden")
        assert not browser.errors


def test_hostile_text_is_shown_and_never_run(address):
    with Browser() as browser:
        shown(browser, address)
        browser.evaluate("window.hurt = 0")
        hostile = "<img src=x onerror='hurt=1'>"
        browser.type(hostile)
        browser.evaluate(f"editor.text = {hostile!r} + '\\n//' + {hostile!r}; 0")
        browser.evaluate("document.getElementById('signature').value = 'fn f() -> f32'; write(); 0")
        browser.wait("document.querySelector('#answers article, #answers .empty')")
        browser.wait("document.getElementById('verdict').className === 'invalid'")
        assert browser.evaluate("window.hurt") == 0


@pytest.mark.parametrize("width", [1280, 640, 320])
def test_it_is_readable_at_any_width_and_in_both_themes(address, width):
    """1280 pixels at 200 % are 640, at 400 % 320: nothing is cut off or scrolls sideways."""
    with Browser() as browser:
        shown(browser, address, width, 800)
        for _ in range(2):
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            assert browser.evaluate(_LEAST_CONTRAST) >= 4.5
            browser.evaluate("turn()")
        assert browser.evaluate(_NAMELESS) == []


# The lowest contrast (WCAG) of text that is shown to what is behind it.
_LEAST_CONTRAST = """(() => {
  const parts = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) {
    const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0.5) return c; }
    return [255, 255, 255]; };
  let least = 99;
  for (const e of document.querySelectorAll("header *, .ask *, .answers *, .cm-line *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length || e.closest(".skip, select")) continue;
    const both = [light(parts(getComputedStyle(e).color)), light(behind(e))];
    const [a, b] = both.sort((x, y) => y - x);
    least = Math.min(least, (a + 0.05) / (b + 0.05));
  }
  return least;
})()"""
# Controls without a name that a screen reader can say.
_NAMELESS = """[...document.querySelectorAll("button, input, textarea, select, [role=textbox]")]
  .filter((e) => !(e.textContent.trim() || e.labels?.length || e.ariaLabel || e.title))
  .map((e) => e.outerHTML.slice(0, 80))"""
