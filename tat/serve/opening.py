"""Makes a model ready to serve: loaded, with constraints, and warm."""

from collections import deque
from pathlib import Path

from tat.checkpoint import Checkpoint
from tat.config_tables import Config
from tat.data.tokenizer import FIRST_BYTE
from tat.decode.constraint import Constraints
from tat.decode.generator import Generator
from tat.decode.loading import load_model
from tat.decode.stream import Stream
from tat.serve.decoder import Service


def open_service(
    name: str, path: Path, checkpoint: Checkpoint, config: Config, device: str = "auto",
    int8: bool = False, precision: str = "f32",
) -> Service:  # fmt: skip
    """The model of a checkpoint, under a name, for texts of up to `generate.max_tokens` tokens."""
    loaded = load_model(path, checkpoint, device, int8, precision, config.threads)
    settings = config.generate
    most = min(settings.max_tokens, loaded.config.model.max_length)
    generator = Generator(loaded, most, settings)
    constraints = Constraints(loaded.tokenizer, comments=loaded.config.data.body_comments)
    warm(generator)
    return Service(generator, constraints, name)


def warm(generator: Generator) -> None:
    """Compile what the first requests need: each length of sources, each size of the batch."""
    sources = 1 + generator.loaded.config.data.neighbours
    lengths = generator.programs.source_lengths
    for count in (1, generator.settings.batch):
        for length in lengths if count == 1 else lengths[:1]:
            waiting = deque(_stream(length) for _ in range(count))
            for _ in generator.run(waiting, sources):
                pass


def _stream(length: int) -> Stream:
    return Stream([[FIRST_BYTE + 32] * length], 2, 1)
