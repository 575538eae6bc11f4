"""A page that trains: it has tat's samples, batches and file, and the Trainer's programs."""

import base64
import json
import time
from dataclasses import asdict, replace
from hashlib import blake2b

import numpy as np
import pytest
from browser import PROGRAM, Browser
from cli_harness import tat
from decoding import TOKENIZER, new_generator
from exporting import Replay, in_node, leaving_of, node, plan_of
from gpu_harness import device

from tat import weights
from tat.backends.gpu.executable import GpuBackend
from tat.checkpoint import load
from tat.config import resolve
from tat.data.batches import Batch, Batches
from tat.data.dataset import Dataset, Ragged
from tat.data.samples import Function, function_samples
from tat.data.tokenizer import Special
from tat.export.leaving import LeavingModel
from tat.export.web.page import PageOptions, page
from tat.export.web.training import tuning
from tat.model.transformer import Transformer
from tat.resources import resource
from tat.train.adamw import learning_rate, rate_feed
from tat.train.trainer import Trainer
from tat.wgsl.declarations import functions

SHADERS = sorted(p for room in ("shaders", "cookbook") for p in resource(room).rglob("*.wgsl"))
LESSON = """/// twice a value
fn twice(x: f32) -> f32 { return 2.0 * x; }
struct Ball { at: vec3f, r: f32 }
// Copyright nobody

/* the distance
 * to a ball */
fn away(p: vec3f, b: Ball) -> f32 {
    // twice
    return twice(length(p - b.at)) - b.r; // less the radius
}
"""
SPECIAL = {special.name: int(special) for special in Special}
MERGES = [token for pair in TOKENIZER.merges for token in pair]


@in_node
@pytest.mark.parametrize("comments", [True, False])
def test_the_pages_samples_are_those_of_tat_train(comments):
    texts = [path.read_text("utf-8") for path in SHADERS]
    texts += [LESSON, LESSON.replace("\n", "\r\n"), "fn broken( {", "fn a() {} fn b() { f(; }", ""]
    flags = {"data.infill_share": 0.0, "data.body_comments": comments}
    config, wanted = resolve(environment={}, flags=flags).config.data, []
    for text in texts:
        found = {}
        for f in functions(text.replace("\r\n", "\n")):
            of = Function(f.comment, f.signature, f.body, f.context, "", "", f.calls)
            for sample in function_samples(of, config, 0) if f.body.strip("{} \n") else ():
                ids = TOKENIZER.encode_source(sample.source), TOKENIZER.encode_target(sample.target)
                found[json.dumps(ids)] = None
        wanted.append([json.loads(ids) for ids in found])
    about = {"body_comments": comments, "description_words": config.description_words}
    script = """({ merges, special, texts, about }) => {
      const tokenizer = new Tokenizer(merges, special);
      return texts.map((text) => samplesOf(text, tokenizer, about)
        .map(({ source, target }) => [source, target]));
    }"""
    given = {"merges": MERGES, "special": SPECIAL, "texts": texts, "about": about}
    assert node(script, given) == wanted
    assert sum(map(len, wanted)) > 1000


@in_node
def test_the_pages_batches_hold_every_sample_once_an_epoch():
    lengths = [(3, 4), (16, 16), (17, 2), (2, 17), (64, 64), (65, 1), (1, 65), *[(5, 9)] * 20]
    samples = [{"source": [9] * s, "target": [8] * t} for s, t in lengths]
    script = """({ samples, buckets }) => {
      const b = new Batches(samples.map((one, i) => ({ ...one, i })), buckets, 5);
      const drawn = Array.from({ length: 3 * b.perEpoch }, (_, n) => b.at(n));
      const again = new Batches(samples.map((one, i) => ({ ...one, i })), buckets, 5);
      const ids = (bs) => bs.map(([bucket, rows]) => [bucket, rows.map(({ i }) => i)]);
      return [b.left, b.perEpoch, ids(drawn), ids([again.at(b.perEpoch)])];
    }"""
    buckets = [[16, 16, 8], [64, 64, 2]]
    left, count, drawn, again = node(script, {"samples": samples, "buckets": buckets})
    assert left == 2 and count == 3 + 2
    epochs = [drawn[at : at + count] for at in range(0, 3 * count, count)]
    for epoch in epochs:
        assert sorted(i for _, rows in epoch for i in rows) == [0, 1, 2, 3, 4, *range(7, 27)]
        for (source, target, most), rows in epoch:
            assert 0 < len(rows) <= most
            assert all(lengths[i][0] <= source and lengths[i][1] <= target for i in rows)
    assert epochs[0] != epochs[1] != epochs[2] and again == [epochs[1][0]]


@in_node
@pytest.mark.parametrize("schedule", ["cosine", "constant", "inverse_square_root"])
def test_the_pages_learning_rate_is_ours(schedule):
    flags = {"train.schedule": schedule, "train.schedule_steps": 400, "train.warmup_steps": 50}
    config = resolve(environment={}, flags=flags).config.train
    about = {n: getattr(config, n) for n in ("lr", "warmup_steps", "final_lr_share", "schedule")}
    steps = [1, 2, 49, 50, 51, 200, 399, 400, 500]
    script = "({ about, steps }) => steps.map((step) => learningRate(about, 400, step))"
    ours = [learning_rate(config, step) for step in steps]
    assert node(script, {"about": about, "steps": steps}) == pytest.approx(ours, rel=1e-12)


@in_node
def test_the_pages_checksums_are_blake2b():
    texts = [[i * 7 % 256 for i in range(n)] for n in (0, 1, 127, 128, 129, 256, 1000)]
    ours = [blake2b(bytes(text), digest_size=16).hexdigest() for text in texts]
    assert node("(texts) => texts.map((one) => blake2b(Uint8Array.from(one)))", texts) == ours


def trainable(**flags: object) -> LeavingModel:
    more = {"train__lr": 0.01, "train__warmup_steps": 2, "train__epsilon": 1e-3, **flags}
    return leaving_of(new_generator(**more))


@in_node
def test_tat_reads_the_pages_file(tmp_path):
    leaving = trainable()
    plan = plan_of(page(leaving, PageOptions("f32", 40, tuning=tuning(leaving))))
    random = np.random.default_rng(1)
    flat = random.standard_normal(leaving.model.parameters.flat.size, np.float32)
    script = """({ about, flat }) => {
      const values = new Float32Array(Uint8Array.from(Buffer.from(flat, 'base64')).buffer);
      return Buffer.concat(checkpointOf(about, values, 12, 24)).toString('base64');
    }"""
    about = plan["training"]["checkpoint"]
    made = node(script, {"about": about, "flat": base64.b64encode(flat.tobytes()).decode()})
    file = tmp_path / "tuned.safetensors"
    file.write_bytes(base64.b64decode(made))
    found = load(file)
    tensors = leaving.model.parameters.tensors
    assert found.step == 12 and found.progress["micro_batches"] == 24 and not found.state
    assert set(found.weights) == set(tensors)
    for name, values in found.weights.items():
        at, size = tensors[name].offset, tensors[name].size
        np.testing.assert_array_equal(values.ravel(), flat[at : at + size])
    done = tat("inspect", file)
    assert done.code == 0 and "pasted into a page" in done.out
    assert tat("generate", "x", "--run", file, "--validate", "0", "--max-tokens", "4").code == 0


@pytest.mark.gpu
@pytest.mark.parametrize(("micro_batches", "dropout"), [(2, 0.1), (3, 0.0)])
def test_the_pages_programs_train_as_the_engine_does(micro_batches, dropout):
    """On the same software GPU, step by step, by a replay without any code of the Trainer."""
    leaving = trainable(model__dropout=dropout)
    config = resolve(environment={}, flags={
        **{f"model.{name}": value for name, value in asdict(leaving.config.model).items()},
        "data.buckets": [[16, 16], [64, 64]], "train.micro_batches": micro_batches,
        "train.batch_tokens": 64, "train.lr": 0.01, "train.warmup_steps": 2,
    }).config  # fmt: skip
    random = np.random.default_rng(0)
    ids = [Ragged.of([random.integers(8, 300, n).tolist() for n in random.integers(4, 60, 30)])
           for _ in range(2)]  # fmt: skip
    batches = Batches(Dataset.without_neighbours(*ids), config.data.buckets, 64, 0)
    backend = GpuBackend(device())
    model = Transformer(config.model, leaving.tokenizer.size)
    trainer = Trainer(config, model, backend, batches)
    trainer.start(leaving.values)
    replay = Replay(page(leaving, PageOptions("f32", 40, tuning=config)))
    assert {bucket[0] for bucket in map(list, batches.used_buckets)} == {16, 64}
    for step in range(1, 4):
        first = (step - 1) * micro_batches
        own = [batches.micro_batch(first + i) for i in range(micro_batches)]
        losses, scale = replay.step(own, rate_feed(config.train, step), step)
        result = trainer.step()
        tokens = sum(batch.tokens for batch in own)
        assert sum(losses) / tokens == pytest.approx(result.loss, rel=1e-6)
        assert scale[1] == pytest.approx(result.gradient_norm, rel=1e-6)
        np.testing.assert_array_equal(replay.flat(), backend.read(model.parameters.flat))
    trainer.close()


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM, reason="make chromium installs what this needs")
def test_a_browser_trains_as_the_engine_does_and_tat_generates_from_its_file(tmp_path):
    leaving, config = trainable(), tuning(trainable())
    # With this epsilon the update follows the gradient, not the sign of rounding errors around 0.
    config = replace(config, train=replace(config.train, epsilon=1e-3, batch_tokens=128))
    made = page(leaving, PageOptions("f32", 40, tuning=config))
    place, file = tmp_path / "page.html", tmp_path / "tuned.safetensors"
    place.write_bytes(made)
    with Browser() as browser:
        browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        browser.open(place.as_uri())
        browser.evaluate("ready")
        fill = "document.getElementById('{}').value = {}; 0"
        for name, value in (("shaders", LESSON), ("steps", "4"), ("rate", "0.01")):
            browser.evaluate(fill.format(name, json.dumps(value)))
        browser.evaluate("document.getElementById('train').click()")
        assert browser.evaluate("document.getElementById('write').disabled")
        browser.wait("!page.training.busy", 120)
        assert "Step 4 of 4" in browser.evaluate("document.getElementById('progress').textContent")
        losses = browser.evaluate("page.training.losses")
        batches = browser.evaluate(
            "[...Array(4 * page.player.plan.training.after.length)]"
            ".map((_, n) => page.training.trainer.batches.at(n))"
        )
        rates = browser.evaluate("""[1, 2, 3, 4].map((step) => [
            learningRate(page.training.trainer.schedule, 4, step),
            1 - page.training.trainer.schedule.beta1 ** step,
            1 - page.training.trainer.schedule.beta2 ** step])""")
        assert browser.evaluate("document.querySelectorAll('#curve path').length") == 1
        browser.evaluate("document.getElementById('save').click()")
        until = time.monotonic() + 30
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert browser.requested[0] == place.as_uri() and not browser.errors
    assert losses[3] < losses[0]
    replay, count = Replay(made), len(batches) // 4
    for step in range(1, 5):
        own = [batch_of(*batches[(step - 1) * count + i]) for i in range(count)]
        found, _ = replay.step(own, np.array(rates[step - 1]), step)
        assert losses[step - 1] == pytest.approx(sum(found) / sum(b.tokens for b in own), rel=1e-4)
    stored = load(file)
    flat = weights.pack(leaving.model.parameters, stored.weights)
    np.testing.assert_allclose(flat, replay.flat(), rtol=0, atol=1e-4)
    assert stored.step == 4
    assert "4" in tat("inspect", file).out
    assert tat("generate", "x", "--run", file, "--validate", "0", "--max-tokens", "4").code == 0


def batch_of(bucket: list[int], rows: list[dict[str, list[int]]]) -> Batch:
    """The page's batch as the engine's."""
    sources, targets = (Ragged.of([row[name] for row in rows]) for name in ("source", "target"))
    source, target, most = bucket
    data = Dataset.without_neighbours(sources, targets)
    return Batches(data, [(source, target)], most * target, 0).micro_batch(0)
