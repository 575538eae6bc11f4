"""Functions that are near each other, and corpora of them."""

from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from tat.config import Config, resolve
from tat.data.corpus import Corpus, load_corpus
from tat.data.samples import Sample, completion_source

WORDS = ("noise", "box", "light", "blur", "wave", "hash", "tone", "ray")


def config(**changes) -> Config:
    small = {
        "model.layers": 1, "model.width": 16, "model.heads": 2, "model.feed_forward": 24,
        "model.dropout": 0.0, "data.vocabulary": 300, "data.buckets": [[64, 32], [256, 256]],
        "train.batch_tokens": 96, "train.micro_batches": 1, "threads": 1,
    }  # fmt: skip
    return resolve(flags=small | changes, environment={}).config


def function(word: str, number: int, lines: int) -> tuple[str, str]:
    """Signature and body; two of one word and number are near-duplicates."""
    body = "".join(f"    y = y * {number}.{i} + sin(x + {i}.5);\n" for i in range(lines))
    return f"fn {word}_{number}(x: f32) -> f32", f"{{\n    var y = x;\n{body}    return y;\n}}"


def completion(word: str, number: int, lines: int, group: str, split: str = "train") -> Sample:
    signature, body = function(word, number, lines)
    source = completion_source(f"some {word} that is nice", signature, "")
    return Sample(source, body, group, split, f"{group}.wgsl:1", f"{signature} {body}")


def as_infill(sample: Sample) -> Sample:
    signature = dict(sample.source)["signature"]
    source = (("prefix", f"{signature} {{\n"), ("suffix", "\n}"))
    return replace(sample, source=source, target=sample.target[2:-2])


samples_of = st.lists(
    st.builds(
        completion, st.sampled_from(WORDS), st.integers(0, 3), st.integers(1, 4),
        st.sampled_from("ABCDE"), st.sampled_from(["train", "train", "valid"]),
    ) | st.builds(completion, st.sampled_from(WORDS), st.integers(0, 3), st.integers(1, 4),
                  st.sampled_from("ABCDE")).map(as_infill),
    max_size=24,
    unique_by=lambda sample: sample.digest,
)  # fmt: skip


def write(folder: Path, count: int = 12) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        signature, body = function(WORDS[number % len(WORDS)], number, 1 + number % 3)
        text = f"// makes {WORDS[number % len(WORDS)]} for all\n{signature} {body}\n"
        (folder / f"{number:02}.wgsl").write_text(text)
    return folder


def corpus_of(folder: Path, **changes) -> Corpus:
    return load_corpus([folder], config(**changes).data, 0)
