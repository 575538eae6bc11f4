"""Tokens a second of an exported page through Dawn, beside tat's on the same GPU: equal texts.

    npm install webgpu                        # in any folder, DAWN below
    python bench/web_beside.py --dawn DAWN [--run bundled | --preset base] [--weights int8]
                               [--device gpu] [--prompts 24] [--tokens 256] [--rounds 3]
                               [--backend vulkan] [--limit 600] [--json FILE]

Requests of the cookbook, evenly spread, with signature and declarations; greedy texts, one after
another, encoding included, without grammar, drafts and review. `--preset` takes a model of random
weights with the bundled tokenizer instead of a run: its texts go on to their last token. Both sides
hold the same weights. tat's rounds stand before and behind the page's, the first round of each side
compiles and does not count. `alike` counts the texts that are equal.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from result_file import publish

from tat import weights
from tat.checkpoint import Checkpoint, save
from tat.config import resolve
from tat.cookbook.library import load
from tat.data.corpus import last_function
from tat.data.tokenizer import Special
from tat.decode.generator import Generator
from tat.decode.loading import LoadedModel, load_model
from tat.decode.prompt import Prompt
from tat.model.programs import model_hash
from tat.model.transformer import Transformer
from tat.resources import BUNDLED
from tat.stored_model import build_model, stored_config
from tat.train.named_checkpoint import load_checkpoint


def random_model(preset: str, path: Path) -> None:
    """A checkpoint of random weights that f16 holds, with the bundled tokenizer."""
    where, bundled = load_checkpoint(BUNDLED)
    config = stored_config(where, bundled.configuration)
    _, tokenizer = build_model(where, bundled, config)
    config = resolve(flags={"preset": preset, "data.vocabulary": tokenizer.size}).config
    model = Transformer(config.model, tokenizer.size)
    values = {
        name: value.astype(np.float16).astype(np.float32)
        for name, value in weights.draw(model.parameters, config.seed).items()
    }
    hash_ = model_hash(model)
    save(path, Checkpoint(values, {}, tokenizer.to_bytes(), asdict(config), hash_, 0, {}))


def cookbook_prompts(generator: Generator, count: int) -> list[Prompt]:
    """Requests that the model can read, evenly spread over the cookbook."""
    entries = load()
    chosen = [entries[i * len(entries) // count] for i in range(count)]
    functions = [last_function(e.name, e.request, e.code) for e in chosen]
    prompts = [Prompt(f.comment, f.signature, f.context) for f in functions]
    return [prompt for prompt in prompts if not generator.refusal(prompt)]


def texts_of(generator: Generator, sources: list[list[int]]) -> tuple[list[list[int]], float]:
    """tat's tokens behind each source, one text after another, and the seconds of all."""
    began = time.perf_counter()
    texts = [list(generator.tokens(source)) for source in sources]
    return texts, time.perf_counter() - began


def page_side(page: Path, sources: list[list[int]], options: argparse.Namespace) -> dict[str, Any]:
    """The record that web_tokens.mjs prints for these sources."""
    folder, script = options.dawn.resolve(), Path(__file__).with_name("web_tokens.mjs").resolve()
    requests = page.with_name("requests.json")
    requests.write_text(json.dumps(sources))
    node = folder / "node" if (folder / "node").is_file() else shutil.which("node")
    command = [node, script, page, f"requests={requests}", f"tokens={options.tokens}",
               f"turns={options.rounds + 1}", f"backend={options.backend}"]  # fmt: skip
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True,
                          timeout=options.limit)  # fmt: skip
    return json.loads(done.stdout)


def written(page: Path, run: Path, options: argparse.Namespace) -> None:
    """Export the page, as a person does."""
    command = [sys.executable, "-m", "tat", "export", run, "--web", page, "--force",
               "--tokens", str(options.tokens), "--weights", options.weights]  # fmt: skip
    subprocess.run(command, check=True, env=os.environ)


def tat_side(loaded: LoadedModel, sources: list[list[int]], options: argparse.Namespace,
             between: Any) -> tuple[list[list[int]], list[float], dict]:  # fmt: skip
    """tat's texts, the seconds of its rounds, and what `between` gave in their middle."""
    settings = replace(loaded.config.generate, drafts=0, batch=1)
    generator = Generator(loaded, options.tokens, settings)
    texts, _ = texts_of(generator, sources)  # which compiles
    seconds = [texts_of(generator, sources)[1] for _ in range(options.rounds)]
    page = between()
    texts_of(generator, sources)  # clocks
    seconds += [texts_of(generator, sources)[1] for _ in range(options.rounds)]
    return texts, seconds, page


def measured(run: Path, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both sides' figures."""
    loaded = load_model(*load_checkpoint(run), options.device)
    generator = Generator(loaded, options.tokens)
    sources = [generator.source(p) for p in cookbook_prompts(generator, options.prompts)]
    page = folder / "page.html"
    written(page, run, options)
    texts, seconds, other = tat_side(
        loaded, sources, options, lambda: page_side(page, sources, options)
    )
    count = sum(len(text) for text in texts)
    speeds = sorted(count / one for one in seconds)
    theirs = other.pop("texts")
    alike = sum(mine == their for mine, their in zip(texts, theirs, strict=True))
    unended = sum(text[-1:] != [Special.EOS] for text in texts)
    return {
        "weights": options.weights, "tokens": count, "prompts": len(sources), "unended": unended,
        "alike": alike, "device": loaded.backend.name, "page": other,
        "tat": {"tokens_per_s": statistics.median(speeds), "least": speeds[0], "most": speeds[-1]},
        "page_over_tat": other["tokens_per_s"] / statistics.median(speeds),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dawn", type=Path, required=True)
    parser.add_argument("--run", type=Path, default=BUNDLED)
    parser.add_argument("--preset", default="")
    parser.add_argument("--weights", default="int8")
    parser.add_argument("--device", default="gpu")
    parser.add_argument("--backend", default="vulkan")
    parser.add_argument("--prompts", type=int, default=24)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=600.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tat-beside-") as name:
        folder, run = Path(name), options.run
        if options.preset:
            run = folder / "random.safetensors"
            random_model(options.preset, run)
        found = measured(run, folder, options)
    record = {"benchmark": "web_beside", "run": options.preset or str(options.run)}
    publish(record | found | {"version": tat.__version__}, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
