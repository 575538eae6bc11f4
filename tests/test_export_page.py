"""The exported page in headless Chromium: tokens equal to tat's, marks, pictures, its sentences."""

import json
from pathlib import Path

import numpy as np
import pytest
from browser import PROGRAM, Browser
from exporting import new_pair
from serving import FUNCTIONS, tiny_run  # noqa: F401  a fixture
from test_serve_page import _LEAST_CONTRAST, _NAMELESS, colours

from tat.data.tokenizer import Special
from tat.decode.choice import Sampling, _key
from tat.decode.generator import Generator, Request
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.export.leaving import LeavingModel
from tat.export.web.page import PageOptions, page
from tat.train.named_checkpoint import load_checkpoint

pytestmark = pytest.mark.skipif(not PROGRAM, reason="make test-tools installs what this needs")

CIRCLE = Prompt("signed distance to a circle", "fn circle(p: vec2f, r: f32) -> f32")
ASKED = [CIRCLE, Prompt("area of a disc", "fn area(r: f32) -> f32"), Prompt("scales a value")]
OTHER = {"name": "ring", "signature": "fn ring(p: vec2f) -> f32", "comment": "distance to a ring",
         "text": "fn ring(p: vec2f) -> f32 { return 1.0; }", "file": "<b>a.wgsl", "line": 3,
         "licence": "MIT"}  # fmt: skip


@pytest.fixture(scope="module")
def exported(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Generator]:  # noqa: F811
    """Address of the page of a model that knows four functions, and a generator of it."""
    path, checkpoint = load_checkpoint(tiny_run)
    leaving = LeavingModel.of(path, checkpoint)
    place = tmp_path_factory.mktemp("page") / "page.html"
    place.write_bytes(page(leaving, PageOptions("f32", 96, "MIT", [OTHER])))
    return place.as_uri(), Generator(load_model(path, checkpoint, "cpu"), 96)


def opened(browser: Browser, address: str, *size: int) -> None:
    browser.open(address, *size)
    browser.evaluate("ready")


def text_of(browser: Browser, name: str) -> str:
    return browser.evaluate(f"document.getElementById('{name}').textContent")


def tokens(
    browser: Browser, source: list[int], draw: dict[str, float], begun: str = ""
) -> list[int]:
    more = json.dumps({"draw": draw, "begun": begun})
    made = browser.evaluate(f"page.player.tokens({json.dumps(source)}, {more})")
    return [*made["tokens"], *([int(Special.EOS)] if made["finished"] else [])]


def drawn_of(sampling: Sampling, source: list[int], number: int) -> dict[str, float]:
    """How the page draws text `number` of a source."""
    draw = sampling.draw(_key(source), number)
    key = int(np.uint32(draw.key).view(np.int32))
    return {"temperature": draw.temperature, "topK": draw.top_k, "topP": draw.top_p,
            "minP": draw.min_p, "penalty": draw.repetition_penalty, "key": key}  # fmt: skip


def test_it_writes_what_tat_writes_and_draws_it_on_a_click(exported, tmp_path):
    address, generator = exported
    drawn = Sampling(1.5, top_k=30, top_p=0.97, min_p=0.001, repetition_penalty=1.1, seed=5)
    with Browser() as browser:
        opened(browser, address)
        assert text_of(browser, "status").startswith("Ready on ")
        for prompt in ASKED:
            source = generator.source(prompt)
            assert tokens(browser, source, {}) == [*generator.tokens(source)]
        source = generator.source(ASKED[2])
        draw = drawn_of(drawn, source, 1)
        stream = generator.stream(Request(ASKED[2], None, drawn.preference(source, 1)))
        assert tokens(browser, source, draw) == [*generator.tokens_of(stream)]
        browser.evaluate("document.getElementById('description').focus()")
        browser.evaluate("document.getElementById('description').select()")
        browser.type(CIRCLE.description)
        browser.press("Tab")
        browser.type(CIRCLE.signature)
        browser.press("Enter")
        browser.wait("document.getElementById('mark').textContent")
        assert text_of(browser, "text") == generator.generate(CIRCLE).text
        assert "✓ valid" in text_of(browser, "mark")
        before = colours(browser.screenshot(tmp_path / "before.png", whole=True))
        browser.evaluate("document.getElementById('draw').click()")
        browser.wait("!document.getElementById('picture').hidden")
        assert colours(browser.screenshot(tmp_path / "page.png", whole=True)) > before + 50
        assert browser.requested == [address] and not browser.errors


AREA, END = FUNCTIONS["area.wgsl"].partition("}")[0], "}\n"
LINE = AREA.index("    return 3.14159 * square;")
GAPS = [(AREA[: LINE + cut], AREA[LINE + 28 :] + END) for cut in (5, 7, 11, 13, 17, 20, 25)]
GAPS += [(AREA[:LINE], END), ("fn lift(x: f32) -> f32 {", END)]


def test_a_gap_is_filled_as_tat_fills_it_wherever_in_a_line_it_begins(exported):
    address, generator = exported
    hot = Sampling(1.3, top_k=40, top_p=0.98, min_p=0.001, repetition_penalty=1.1, seed=5)
    texts = {}
    with Browser() as browser:
        opened(browser, address)
        for prefix, suffix in GAPS:
            prompt = Prompt(prefix=prefix, suffix=suffix)
            source = generator.source(prompt)
            preference = hot.preference(source, 2)
            stream = generator.stream(Request(prompt, None, preference))
            ours = [*generator.tokens_of(stream)]
            assert tokens(browser, source, drawn_of(hot, source, 2), prompt.begun) == ours
            request = json.dumps({"prefix": prefix, "suffix": suffix})
            settings = "{...page.player.plan.generate, candidates: 1}"
            made = browser.evaluate(f"write(page.player, {request}, {settings})")
            assert made["text"] == generator.generate(prompt).text
            assert made["module"] == prefix + made["text"] + suffix
            texts[prefix[LINE:]] = made["text"]
        request = json.dumps({"prefix": AREA[: LINE + 11], "suffix": f" * square;\n{END}"})
        inside = browser.evaluate(f"write(page.player, {request}, {settings})")
    assert texts["    return 3."] == "14159 * square;"
    assert (inside["text"], inside["errors"]) == ("3.14159", [])


def test_candidates_until_one_compiles_and_a_mark_where_none_does(exported):
    address, _ = exported
    with Browser() as browser:
        opened(browser, address)
        browser.evaluate("""globalThis.texts = ['fn f( {', 'fn f() -> f32 { return 1u; }',
            'fn f() -> f32 { return 1.0; }']; globalThis.draws = [];
            page.player.tokens = async (source, { draw }) => { draws.push(draw);
              return { tokens: [texts[draws.length - 1]], finished: true }; };
            page.player.tokenizer.decode = (tokens) => tokens.join(''); 0""")
        ask = "write(page.player, {{description: 'f'}}, {{...page.player.plan.generate, {}}})"
        made = browser.evaluate(ask.format("candidates: 9"))
        assert (made["number"], made["errors"]) == (3, [])
        keys = browser.evaluate("draws.map((draw) => draw.key ?? null)")
        assert keys[0] is None and None not in keys[1:] and len({*keys}) == 3
        made = browser.evaluate("draws = [], " + ask.format("candidates: 2"))
        assert made["number"] == 1 and made["errors"]


@pytest.mark.slow
def test_an_endless_loop_ends_and_the_model_goes_on(exported):
    address, generator = exported
    endless = "fn f(uv: vec2f) -> vec3f { var x = uv.x; loop { x += 1.0; } return vec3f(x); }"
    with Browser() as browser:
        opened(browser, address)
        draw = f"page.picture.draw({json.dumps(endless)}, document.getElementById('picture'))"
        assert browser.evaluate(draw) == ""
        source = generator.source(CIRCLE)
        assert tokens(browser, source, {}) == [*generator.tokens(source)]


@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_readable_on_a_phone_and_in_the_dark(exported, width):
    address, _ = exported
    with Browser() as browser:
        opened(browser, address, width, 740)
        browser.evaluate("document.querySelector('details').open = true")
        browser.evaluate("document.getElementById('answer').hidden = false")
        browser.evaluate("document.getElementById('description').value = 'ring'; page.find()")
        assert "ring: <b>a.wgsl:3, MIT" in text_of(browser, "found")
        assert "MIT" in text_of(browser, "card")
        for theme in ("light", "dark"):
            features = [{"name": "prefers-color-scheme", "value": theme}]
            browser.call("Emulation.setEmulatedMedia", features=features)
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            place = "document.getElementById('status').getBoundingClientRect().top"
            assert browser.evaluate(f"scrollTo(0, 1e6), scrollY > 0 && {place} === 0")
            assert browser.evaluate(_LEAST_CONTRAST.replace(".ask *", "main *, footer *")) >= 4.5
        assert browser.evaluate(_NAMELESS) == []


def test_a_failure_is_shown_as_a_sentence(exported, tmp_path):
    address, _ = exported
    with Browser() as browser:
        opened(browser, address)
        long = "page.player.tokens(Array(999).fill(9)).catch((error) => error.message)"
        assert "Shorten" in browser.evaluate(long)
        browser.evaluate("document.getElementById('signature').value = 'fn f() {'; page.write()")
        assert "The signature is none" in text_of(browser, "status")
        assert browser.evaluate("document.getElementById('answer').hidden")
        given = """new Review({ head: 'struct Ball { r: f32\\n', lead: 'fn f(b: Ball) -> f32 ',
            names: null, problemsOf: (code) => page.player.problemsOf(code) }).given()"""
        assert browser.evaluate(given).startswith("the declarations are not, at ")  # not its end
        full = """page.player.checked('x', async () => page.player.device.createBuffer(
            { size: 1 << 28, usage: 128, mappedAtCreation: false })) && page.player.checked('x',
            async () => { page.player.device.popErrorScope = async () =>
              Object.setPrototypeOf({}, GPUOutOfMemoryError.prototype); })
            .catch((error) => error.message)"""
        assert "memory of the GPU is full" in browser.evaluate(full)
        browser.evaluate("page.player.device.destroy()")
        browser.wait("document.getElementById('status').textContent.includes('GPU was lost')")
        assert browser.evaluate("document.getElementById('write').disabled")
    damaged = tmp_path / "damaged.html"
    text = Path(address.removeprefix("file://")).read_text("utf-8")
    before, mark, data = text.partition('class="weights">')
    damaged.write_text(before + mark + ("B" if data[0] == "A" else "A") + data[1:], "utf-8")
    with Browser() as browser:
        opened(browser, damaged.as_uri())
        assert "damaged: part 1" in text_of(browser, "status")
    with Browser(webgpu=False) as browser:
        opened(browser, address)
        status = text_of(browser, "status")
        assert "WebGPU finds no GPU" in status or "has no WebGPU" in status


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["f16", "int8"])
@pytest.mark.parametrize("copy", [True, False], ids=["copy", "plain"])
def test_rounded_weights_write_what_tat_writes_with_them(kind, copy, tmp_path):
    generator, leaving = new_pair(kind, model__copy=copy)
    place = tmp_path / "page.html"
    place.write_bytes(page(leaving, PageOptions(kind, 40)))
    with Browser() as browser:
        opened(browser, place.as_uri())
        for prompt in ASKED:
            source = generator.source(prompt)
            assert tokens(browser, source, {}) == [*generator.tokens(source)]
