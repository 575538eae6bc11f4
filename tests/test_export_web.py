"""Recorded plans within WebGPU's guaranteed limits, and the page's file: replayed by wgpu."""

import base64
import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from cli_harness import tat
from decoding import PROMPTS, TOKENIZER
from exporting import MODERN, Replay, in_node, new_pair, node, plan_of, tokenizer_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.backends.gpu.lowering.calls import Dispatch
from tat.checkpoint import load
from tat.config import resolve
from tat.data.tokenizer import Special
from tat.decode.choice import Sampling, _key
from tat.decode.generator import Request
from tat.errors import DeviceError
from tat.export.leaving import LeavingModel
from tat.export.web.packing import KINDS
from tat.export.web.page import PageOptions, page, policy, recorded
from tat.export.web.recording import Recording, refusal
from tat.export.web.training import tuning
from tat.model.transformer import Transformer
from tat.ops.graph import Tensor
from tat.resources import resource

DRAWN = Sampling(0.9, top_k=40, top_p=0.95, repetition_penalty=1.1, seed=12345678901234567890)


@pytest.fixture(scope="module")
def small_run(bench: Path) -> Path:
    """A run of some steps, which is only read."""
    return bench / "run"


def of_preset(preset: str) -> LeavingModel:
    """A model of a preset without any weights: a plan needs none."""
    config = resolve(flags={"preset": preset}, environment={}).config
    tokenizer = tokenizer_of(config.data.vocabulary)
    model = Transformer(config.model, tokenizer.size)
    return LeavingModel(model, tokenizer, config, {}, None, 0, "")


@pytest.mark.parametrize("preset", ["tiny", "small", "base"])
def test_a_plan_keeps_to_limits_that_every_browser_grants(preset):
    leaving = of_preset(preset)
    trainable = preset != "base"  # whose largest buffers are more than a browser must grant
    plan = recorded(leaving, PageOptions(tuning=tuning(leaving) if trainable else None))
    assert all(b["bytes"] <= 1 << 28 and b["bytes"] % 4 == 0 for b in plan["buffers"])
    assert not any("f16" in pipeline["code"] for pipeline in plan["pipelines"])
    for program in plan["programs"].values():
        for index, grid, regions in program["calls"]:
            layout = plan["pipelines"][index]["layout"]
            assert len(grid) == 3 and min(grid) >= 1 and max(grid) <= 65535
            assert [kind for _, kind in layout].count("uniform") == 1 and len(layout) <= 9
            ways: dict[int, list[str]] = {}
            for (_, kind), (buffer, offset, size) in zip(layout, regions, strict=True):
                assert offset % 256 == 0 and offset + size <= plan["buffers"][buffer]["bytes"]
                assert 0 < size <= (1 << 16 if kind == "uniform" else 1 << 27)
                assert bool(plan["buffers"][buffer].get("uniform")) == (kind == "uniform")
                ways.setdefault(buffer, []).append(kind)
            assert all(len(set(kinds)) == 1 for kinds in ways.values())  # read, or written
            for buffer, kinds in ways.items():
                if kinds[0] == "storage":
                    parts = sorted((o, o + s) for b, o, s in regions if b == buffer)
                    assert all(end <= start for (_, end), (start, _) in pairwise(parts))


def test_a_dispatch_that_a_browser_would_refuse_is_not_recorded():
    x = Tensor("x", (64,), "feed")
    one = Dispatch("gelu", (1, 1, 1), b"", (x, x), 0)
    apart = [[0, 0, 16], [1, 0, 256], [2, 0, 256]]
    assert refusal(one, apart) == ""
    for places, word in (
        ([[0, 0, 16], [1, 0, 256], [1, 256, 256]], "read and written"),
        ([[0, 0, 16], [1, 4, 256], [2, 0, 256]], "from 4"),
        ([[0, 0, 16], [1, 0, (1 << 27) + 4], [2, 0, 256]], "bytes"),
    ):
        assert word in refusal(one, places)
    assert "workgroups" in refusal(Dispatch("gelu", (65536, 1, 1), b"", (x, x), 0), apart)
    with pytest.raises(DeviceError, match="smaller preset"):
        Recording().new_buffer("weights", (1 << 28) + 4)


@pytest.mark.gpu
@pytest.mark.parametrize("more", [{"model__copy": True}, {"model__copy": False}, MODERN],
                         ids=["copy", "plain", "modern"])  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_a_replayed_page_writes_what_tat_writes(kind, more):
    generator, leaving = new_pair(kind, **more)
    replay = Replay(page(leaving, PageOptions(kind, tokens=40)))
    for prompt in PROMPTS.values():
        source = generator.source(prompt)
        assert replay.tokens(source, [0, 0, 1, 0, 1]) == [*generator.tokens(source)]
    *way, key = DRAWN.draw(_key(source), 3)
    stream = generator.stream(Request(prompt, None, DRAWN.preference(source, 3)))
    assert replay.tokens(source, way, np.uint32(key).view(np.int32)) == [
        *generator.tokens_of(stream)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_nobody_and_runs_its_own_script_alone(kind):
    _, leaving = new_pair()
    hostile = [{"name": "</script><script>alert(1)</script>", "text": "$policy /*script*/"}]
    text = page(leaving, PageOptions(kind, functions=hostile)).decode()
    own = text.replace("href = URL.createObjectURL(", "")  # what the page itself has made
    assert not re.search(r"""\b(?:src|href|action)\s*=|url\(|@import|https?://""", own)
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|eval|innerHTML)\b", text)
    (rule,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text)
    assert rule.startswith("default-src 'none'; ") and "unsafe" not in rule
    run = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    styled = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(run) == len(styled) == 1
    for content in (*run, *styled):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in rule
    (functions,) = re.findall(r'id="functions">(.*?)</script>', text)
    assert json.loads(functions) == hostile
    about = plan_of(text.encode())["weights"]
    parts = re.findall(r'class="weights">(.*?)</script>', text)
    data = [base64.b64decode(part) for part in parts]
    assert [hashlib.sha256(part).hexdigest() for part in data] == about["sha256"]
    assert sum(map(len, data)) == about["bytes"]


def test_the_policy_changes_with_the_script():
    assert policy("a", "b") != policy("a ", "b")


_ENCODE = """({ merges, special, texts }) => {
  const t = new Tokenizer(merges, special);
  return texts.map((text) => { const ids = t.encode(text); return [ids, t.decode(ids)]; });
}"""
_TEXTS = st.lists(
    st.text(st.sampled_from("abzP_09. \t\r\n+-*/(){}é€😀\u0000\u007f\u00a0"), max_size=200)
)


@in_node
@settings(max_examples=15, deadline=None)
@given(_TEXTS)
def test_the_pages_tokenizer_is_ours(texts):
    files = [p.read_text("utf-8") for p in sorted(resource("shaders").rglob("*.wgsl"))[:20]]
    runs = [" " * n + "x" for n in (1, 63, 64, 65, 130)] + ["a" * n for n in (63, 64, 65, 130)]
    texts = [*texts, *files, *runs, "\n" * 40 + "\t" * 40]
    about = {
        "merges": [token for pair in TOKENIZER.merges for token in pair],
        "special": {s.name: int(s) for s in Special}, "texts": texts,
    }  # fmt: skip
    assert node(_ENCODE, about) == [[TOKENIZER.encode(text), text] for text in texts]


@in_node
def test_the_pages_draws_have_our_noise():
    cases = [[str(seed), source, number]
             for seed in (0, 7, -1, 12345678901234567890) for source in ([3, 40], [])
             for number in (1, 2, 63)]  # fmt: skip
    ours = [
        int(np.uint32(Sampling(1.0, seed=int(seed)).draw(_key(source), number).key).view(np.int32))
        for seed, source, number in cases
    ]
    keys = "(cases) => Promise.all(cases.map((one) => drawKey(...one)))"
    assert node(keys, cases) == ours


@in_node
def test_f16_is_widened_where_the_browser_has_no_such_numbers():
    halves = [*range(0, 0x7C00, 37), *range(0x8000, 0xFC00, 41)]
    script = """(halves) => {
      delete globalThis.Float16Array;
      return [...widened(Uint16Array.from(halves))];
    }"""
    ours = np.array(halves, np.uint16).view(np.float16).astype(np.float64)
    assert node(script, halves) == ours.tolist()


@in_node
def test_every_loop_of_a_picture_ends():
    code = """fn a(uv: vec2f) -> vec3f {
        // for { loop
        var x = 0.0; /* while ( { */
        loop { x += 1.0; }
        for (var i = 0; f(vec2f(i)) { ; }) { while x > 0.0 { x += 1.0; } }
        return vec3f(x);
    }"""
    made = node("withBudget", code)
    assert made.count("tat_turns++; if (tat_turns > 10000) { break; }") == 3
    assert re.sub(r" tat_turns\+\+; if .*?break; }", "", made.partition("\n")[2]) == code
    assert node("expressionOf", code) == "a(uv)"
    assert node("expressionOf", "fn a(x: f32) -> f32 { return x; }") == ""
    assert "tat_lines" in node("expressionOf", "fn sd_box(p: vec2<f32>, b: f32) -> f32 { }")


def test_the_command_writes_a_page_of_the_model(small_run, tmp_path):
    place = tmp_path / "page.html"
    done = tat("export", small_run, "--web", place, "--licence", "MIT <b>", "--index", "cookbook")
    assert done.code == 0 and done.out == "" and "page.html" in done.err
    text = place.read_text("utf-8")
    plan = plan_of(text.encode())
    assert plan["card"]["licence"] == "MIT <b>" and plan["weights"]["type"] == "f16"
    assert "sd_rounded_box" in text and "<b>" not in text.partition('id="plan"')[2][:10_000]
    assert str(tmp_path) not in text


def test_bad_input_costs_one_line(small_run, tmp_path):
    place, int8 = tmp_path / "page.html", tmp_path / "int8.safetensors"
    tat("export", small_run, "--int8", "-o", int8)
    place.write_text("mine")
    assert "--force" in tat("export", small_run, "--web", place).failure()
    assert place.read_text() == "mine"
    assert "int8" in tat("export", int8, "--web", tmp_path / "x", "--weights", "f32").failure()
    assert "int8" in tat("export", int8, "-o", tmp_path / "x", "--weights", "f32").failure()
    assert "f16" in tat("export", int8, "-o", tmp_path / "x", "--weights", "f16").failure()
    assert "--tokens" in tat("export", int8, "--web", tmp_path / "x", "--tokens", "0").failure()
    assert "folder" in tat("export", int8, "--web", tmp_path / "no" / "x").failure()
    for option in (["--trainable"], ["--licence", "MIT"], ["--index", "cookbook"]):
        assert f"{option[0]} is for --web" in tat("export", int8, "-o", place, *option).failure()
    assert not (tmp_path / "x").exists()
    assert tat("export", int8, "--web", place, "--force", "-q").code == 0
    assert plan_of(place.read_bytes())["weights"]["type"] == "int8"
    assert LeavingModel.of(int8, load(int8)).rounded is not None


def test_an_int8_model_may_learn_in_its_page(small_run, tmp_path):
    place, int8 = tmp_path / "page.html", tmp_path / "int8.safetensors"
    tat("export", small_run, "--int8", "-o", int8)
    for run, kind in ((small_run, "f32"), (int8, "int8")):
        assert tat("export", run, "--web", place, "--trainable", "--force", "-q").code == 0
        plan = plan_of(place.read_bytes())
        assert plan["weights"]["type"] == kind and "update" in plan["programs"]
    assert tat("export", int8, "--web", place, "--force", "-q").code == 0
    assert plan_of(place.read_bytes())["training"] is None


def test_a_page_that_is_too_large_takes_force(small_run, tmp_path, monkeypatch):
    monkeypatch.setattr("tat.commands.export._LARGEST_PAGE", 1000)
    place = tmp_path / "page.html"
    assert "--force" in tat("export", small_run, "--web", place).failure()
    assert tat("export", small_run, "--web", place, "--force").code == 0
