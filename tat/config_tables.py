"""The tables of the configuration as dataclasses; config/default.toml explains each value."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta

Positive = Annotated[int, Meta(ge=1)]
Length = Annotated[int, Meta(ge=1, le=65536)]  # tokens
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, lt=1)]
AboveZero = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True)
class TransformerConfig:
    """Shape of the model."""

    layers: Annotated[int, Meta(ge=1, le=256)]
    width: Annotated[int, Meta(ge=1, le=65536)]
    heads: Positive
    feed_forward: Annotated[int, Meta(ge=1, le=1048576)]
    dropout: Share
    max_length: Annotated[int, Meta(ge=2, le=65536)]
    copy: bool
    norm: Literal["layer", "rms"]
    feed_forward_kind: Literal["gelu", "swiglu"]
    positions: Literal["sinusoidal", "rotary"]


@dataclass(frozen=True)
class DataConfig:
    """How functions become samples, and samples batches."""

    vocabulary: Annotated[int, Meta(ge=265, le=1048576)]
    buckets: Annotated[tuple[tuple[Length, Length], ...], Meta(min_length=1, max_length=64)]
    infill_share: Share
    description_words: Count
    validation_share: Share
    max_file_bytes: Positive
    neighbours: Annotated[int, Meta(ge=0, le=64)]
    neighbour_share: Annotated[float, Meta(ge=0, le=1)]
    neighbour_tokens: Positive
    renamings: Count
    body_comments: bool
    synth: Count
    defines: tuple[str, ...] = ()
    split: Literal["file", "function"] = "file"


@dataclass(frozen=True)
class TrainConfig:
    """The optimizer, its schedule and the rhythm of a run."""

    steps: Count
    schedule_steps: Positive
    schedule: Literal["cosine", "inverse_square_root", "constant"]
    warmup_steps: Count
    lr: AboveZero
    final_lr_share: Annotated[float, Meta(ge=0, le=1)]
    batch_tokens: Annotated[int, Meta(ge=1, le=1048576)]
    micro_batches: Annotated[int, Meta(ge=1, le=65536)]
    precision: Literal["f32", "f16"]
    loss_scale: Annotated[float, Meta(ge=1)]
    loss_scale_steps: Positive
    clip_norm: NotNegative
    label_smoothing: Share
    weight_decay: NotNegative
    beta1: Share
    beta2: Share
    epsilon: AboveZero
    ema_decay: Share
    origin_share: Share
    validate_every: Count
    validation_batches: Positive
    patience: Count
    save_every: Positive
    keep: Positive
    ranks_wait_s: AboveZero
    metrics_every: Count


@dataclass(frozen=True)
class GenerateConfig:
    """How texts are generated, and how many."""

    max_tokens: Positive
    batch: Annotated[int, Meta(ge=0, le=1024)]
    candidates: Count
    library: Literal["bundled", "always", "never"]
    adaptations: Annotated[int, Meta(ge=0, le=1024)]
    last_resorts: Annotated[int, Meta(ge=0, le=1024)]
    weighed: Annotated[int, Meta(ge=0, le=1024)]
    redraws: Annotated[int, Meta(ge=0, le=1024)]
    temperature: NotNegative
    top_k: Count
    top_p: Annotated[float, Meta(gt=0, le=1)]
    min_p: Annotated[float, Meta(ge=0, le=1)]
    repetition_penalty: AboveZero
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    length_penalty: NotNegative
    block: Positive
    drafts: Annotated[int, Meta(ge=0, le=64)]
    draft_match: Annotated[int, Meta(ge=1, le=64)]


@dataclass(frozen=True)
class MemoryConfig:
    """How tensors are laid out."""

    alignment: Annotated[int, Meta(ge=4, le=65536)]
    chunk_bytes: Annotated[int, Meta(ge=4096)]


@dataclass(frozen=True)
class DeviceConfig:
    """How long tat waits for a GPU."""

    wait_s: AboveZero


@dataclass(frozen=True)
class BenchConfig:
    """How benchmarks are sampled and compared."""

    samples: Annotated[int, Meta(ge=2, le=1000)]
    quick_samples: Annotated[int, Meta(ge=2, le=1000)]
    sample_ms: AboveZero
    quick_sample_ms: AboveZero
    threshold: NotNegative
    significance: Annotated[float, Meta(gt=0, lt=1)]


@dataclass(frozen=True)
class TargetsConfig:
    """Targets of speed for the default model."""

    attention_ms: AboveZero
    tokenize_us: AboveZero
    softmax_us: AboveZero
    forward_ms: AboveZero
    token_ms: AboveZero
    token_int8_ms: AboveZero
    step_torch: AboveZero
    gpu_speedup: AboveZero


@dataclass(frozen=True)
class PhasesConfig:
    """How much the phases do beside the configured training."""

    loss_share: Annotated[float, Meta(gt=0, le=1)]
    standalone_steps: Positive
    prompts: Positive
    answer_tokens: Positive
    valid_share: Annotated[float, Meta(ge=0, le=1)]


@dataclass(frozen=True)
class TuneConfig:
    """The search for training settings."""

    trials: Annotated[int, Meta(ge=1, le=100000)]
    steps: Positive
    replicas: Annotated[int, Meta(ge=2, le=64)]
    temperature: AboveZero
    field: AboveZero


@dataclass(frozen=True)
class Config:
    """All settings of one run."""

    seed: Annotated[int, Meta(ge=0, lt=2**32)]
    threads: Annotated[int, Meta(ge=0, le=4096)]
    preset: str
    model: TransformerConfig
    data: DataConfig
    train: TrainConfig
    generate: GenerateConfig
    memory: MemoryConfig
    device: DeviceConfig
    bench: BenchConfig
    targets: TargetsConfig
    phases: PhasesConfig
    tune: TuneConfig


def model_variants() -> list[dict[str, str]]:
    """Settings of as few models as have every part between which a setting chooses.

    The first has the parts that come first, the defaults. Tests and builds try them all.
    """
    hints = get_type_hints(TransformerConfig)
    choices = {f"model.{n}": get_args(h) for n, h in hints.items() if get_origin(h) is Literal}
    count = max(map(len, choices.values()), default=1)
    return [
        {key: values[min(i, len(values) - 1)] for key, values in choices.items()}
        for i in range(count)
    ]
