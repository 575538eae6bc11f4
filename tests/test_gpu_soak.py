"""Long runs on a software adapter: no memory is lost, and what the CPU learns is learnt too."""

import gc
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from cli_harness import child_environment, command
from gpu_harness import GPU, device

from tat import weights
from tat.backends.gpu.executable import GpuBackend
from tat.cli import run as tat
from tat.config import resolve
from tat.cookbook.library import load
from tat.data.batches import Batches
from tat.data.dataset import Dataset, Ragged
from tat.decode.generator import Generator, Request
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.machine import resident_bytes
from tat.model.transformer import Transformer
from tat.train.named_checkpoint import load_checkpoint
from tat.train.trainer import Trainer

pytestmark = [pytest.mark.gpu, pytest.mark.slow]

SWIFTSHADER = Path("/usr/lib/chromium/vk_swiftshader_icd.json")  # of Debian's chromium


def small_trainer() -> Trainer:
    """One layer, eight wide, with all that a step has."""
    config = resolve(
        flags={
            "preset": "tiny", "model.layers": 1, "model.width": 8, "model.heads": 2,
            "model.feed_forward": 16, "model.dropout": 0.1, "data.buckets": [[8, 8]],
            "train.batch_tokens": 16, "train.ema_decay": 0.9,
        },
        environment={},
    ).config  # fmt: skip
    starts = np.arange(33, dtype=np.int64) * 6
    ids = np.random.default_rng(0).integers(8, 40, (2, 192), dtype=np.int32)
    data = Dataset.without_neighbours(*(Ragged(row, starts) for row in ids))
    batches = Batches(data, config.data.buckets, config.train.batch_tokens, 0)
    trainer = Trainer(config, Transformer(config.model, 40), GpuBackend(device()), batches)
    trainer.start(weights.draw(trainer.model.parameters, 0))
    return trainer


def objects() -> dict[str, tuple[int, int]]:
    """Number and bytes of wgpu's objects that are alive, by kind."""
    import wgpu

    gc.collect()
    counts = wgpu.diagnostics.object_counts.get_dict()
    return {kind: (c["count"], c.get("resource_mem", 0)) for kind, c in counts.items()}


def test_a_thousand_steps_take_no_memory():
    trainer = small_trainer()

    def steps(last: int) -> None:
        while trainer.step_count < last or trainer.underway:
            trainer.step(ahead=trainer.step_count + 1 < last)

    steps(200)  # caches, staging memory and the allocator's arenas have grown by then
    held, resident = objects(), resident_bytes()
    steps(1000)
    assert trainer.step_count == 1000
    assert objects() == held
    assert resident_bytes() - resident < 4 << 20
    trainer.close()


ANSWERING = (
    "model.layers=2", "model.width=64", "model.heads=2", "model.feed_forward=128",
    "data.vocabulary=512", "data.buckets=[[256,256]]", "data.infill_share=0",
    "generate.batch=8", "train.lr=0.005",
)  # fmt: skip
SMALL = (
    "model.layers=1", "model.width=64", "model.heads=2", "model.feed_forward=128",
    "data.vocabulary=400", "data.buckets=[[128,160]]", "data.infill_share=0",
    "data.description_words=0", "data.validation_share=0", "train.batch_tokens=640",
    "train.micro_batches=1", "train.lr=0.01", "train.warmup_steps=20", "train.schedule_steps=200",
)  # fmt: skip


def test_greedy_answers_to_the_cookbook_are_those_of_the_cpu(tmp_path: Path):
    """The model has learnt a little: it neither repeats one token nor knows the answers."""
    run = tmp_path / "run"
    settings = [word for value in ANSWERING for word in ("--set", value)]
    words = ["--preset", "tiny", "--run", str(run), "--steps", "60", "--device", "cpu", "-q"]
    assert tat(["train", *words, *settings]) == 0
    requests = [Request(Prompt(entry.request)) for entry in load()[::4]]
    texts = []
    for name in ("cpu", GPU):
        generator = Generator(load_model(*load_checkpoint(run), device=name), max_tokens=32)
        texts.append([answer.text for answer in generator.generate_all(requests)])
    assert len(set(texts[0])) > 5
    assert texts[1] == texts[0]


def short_starters() -> dict[str, str]:
    """Three functions of the cookbook by their requests, without their comments."""
    code = {e.request: e.code[e.code.index("fn ") :] for e in load(tag="starter")}
    return dict(sorted(code.items(), key=lambda item: len(item[1]))[:3])


@pytest.mark.parametrize("driver", [None, SWIFTSHADER], ids=["default", "swiftshader"])
def test_starters_are_learnt_by_heart_as_on_the_cpu(driver: Path | None, tmp_path: Path):
    if driver and not driver.exists():
        pytest.skip("SwiftShader is not installed")
    functions = short_starters()
    folder = tmp_path / "starters"
    folder.mkdir()
    for index, (request, code) in enumerate(functions.items()):
        (folder / f"{index}.wgsl").write_text(f"// {request}\n{code}")
    environment = {"VK_DRIVER_FILES": str(driver)} if driver else {}

    def output(*words: str) -> str:
        done = subprocess.run(
            command(*words), env=child_environment(environment), capture_output=True, check=True
        )
        return done.stdout.decode()

    settings = [word for value in SMALL for word in ("--set", value)]
    losses, answers = {}, {}
    for name in ("cpu", GPU):
        run = tmp_path / name
        output("train", str(folder), "--preset", "tiny", "--run", str(run), "--steps", "100",
            "--device", name, "-q", *settings)  # fmt: skip
        lines = (run / "metrics.jsonl").read_text().splitlines()
        losses[name] = json.loads(lines[-1])["loss"]
        asked = ["--max-tokens", "160", "--validate", "0", "--device", name]
        answers[name] = [
            output("generate", request, "--signature", code.partition(" {")[0], "--run", str(run),
                *asked)
            for request, code in functions.items()
        ]  # fmt: skip
    assert max(losses.values()) < 0.05
    assert answers["cpu"] == answers[GPU] == list(functions.values())
