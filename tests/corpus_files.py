"""Files of modules in tests, and the corpus that they give."""

from pathlib import Path

from tat.config_tables import DataConfig
from tat.data.corpus import Corpus, load_corpus

MODULE = """\
struct Ray { origin: vec3f, way: vec3f }
const far = 100.0;

// Where the ray is
// after `distance` metres.
fn along(ray: Ray, distance: f32) -> vec3f {
    return ray.origin + distance * ray.way;
}

fn nothing() {}

@fragment
fn shade() -> @location(0) vec4f { return vec4f(far); }
"""


def config(
    infill: float = 0.0, valid: float = 0.0, words: int = 0, neighbours: int = 0
) -> DataConfig:
    return DataConfig(
        4096, ((64, 64),), infill, words, valid, 10**6, neighbours, 1.0, 256, 0, True, 0
    )


def module(number: int, functions: int = 1) -> str:
    """A module unlike that of any other number."""
    return "\n".join(
        f"fn f{number}_{i}(x: f32) -> f32 {{\n    let y = x + {number}.0;\n    return y;\n}}"
        for i in range(functions)
    )


def write(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def load(folder: Path, infill: float = 0.0, valid: float = 0.0, seed: int = 0) -> Corpus:
    return load_corpus([folder], config(infill, valid), seed)
