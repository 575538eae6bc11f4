"""Trains variants of the bundled model in equal time and judges each by what its functions do.

    python bench/recipes.py FUNCTIONS.jsonl... --data CORPUS [--other CORPUS]
        [--minutes 6 | --steps N] [--device gpu:0 --device gpu:1]... [--parts 24] [--testable]
        [--validate 8] [--limit 100] [--only NAME]... [--without near.json]
        [--set KEY=VALUE]... [--work FOLDER] [--results FOLDER]

CORPUS has generated functions: a folder, as `make model` draws them, or a prepared file. That of
--other is for the variants that train on it first, last or alone: single families in place of all
kinds (`tat synth --without`), or the other way round. A variant is config/bundled.toml with some
other settings. It is first timed for a few steps; its schedule then has as many steps as fit into
--minutes at that speed (equal compute), or --steps. Each --device trains one variant at a time, in
the order below; named twice, it trains two that share it. Meanwhile those that are done are judged
on the CPU, in int8 as they would ship: on the same functions of each FUNCTIONS.jsonl, spread over
the file, without a library, in --parts processes of one core each. Modules of functions_X.jsonl are
in X.jsonl beside it.

All parts of the work are kept in --work: killed at any point, the same call goes on. The table is
written again after each variant, to recipes.md and recipes.json of --results (bench/results).
"""

import argparse
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from subprocess import CalledProcessError
from threading import Lock

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)

from recipe_judge import Judges
from recipe_table import write_table
from recipe_training import ROOT, Trainings, Variant

from tat.errors import TatError, UsageError

RESULTS = Path(__file__).with_name("results")

_WIDE = ("model.layers=6", "model.width=384", "model.heads=6", "model.feed_forward=1536")
_WIDER = ("model.layers=6", "model.width=512", "model.feed_forward=2064")
_CLASSIC = ("model.norm=layer", "model.feed_forward_kind=gelu", "model.feed_forward=1024",
            "model.positions=sinusoidal")  # fmt: skip
_TEN = [[64, 32], [64, 64], [128, 64], [128, 128], [256, 64], [256, 128], [256, 256], [512, 128],
        [512, 256], [512, 512]]  # fmt: skip

VARIANTS = (
    Variant("bundled", model=Path("bundled")),  # the one that ships, for comparison
    Variant("longer", ("train.ema_decay=0.999",), times=3.5),
    Variant("average 0.999", ("train.ema_decay=0.999",)),
    Variant("as bundled", weights_of="average 0.999"),
    Variant("decay 1.0", ("train.weight_decay=1.0",)),
    Variant("26 M", _WIDE),
    Variant("48 M", _WIDER),
    Variant("classic layers", _CLASSIC),
    Variant("other first", phases=(("other", 0.5), ("data", 1.0))),
    Variant("other alone", phases=(("other", 1.0),)),
    Variant("distilled", teachers=("average 0.999", "decay 1.0")),
    Variant("distilled from 26 M", teachers=("26 M",)),
    Variant("other last", phases=(("data", 0.8), ("other", 1.0))),
    Variant("decay 0.3", ("train.weight_decay=0.3",)),
    Variant("10 buckets", (f"data.buckets={_TEN}",)),
    Variant("dropout 0.05", ("model.dropout=0.05",)),
    Variant("infills 0.5", ("data.infill_share=0.5",)),
    Variant("rate 3e-3", ("train.lr=0.003",)),
)


def main() -> int:
    options = _arguments().parse_args()
    options.device = options.device or ["gpu"]
    try:
        variants = _chosen(options)
        options.work.mkdir(parents=True, exist_ok=True)
        return _all(variants, options)
    except TatError as error:
        print(f"recipes: {error}", file=sys.stderr)
        return 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+", metavar="file")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--steps", type=int, help="of every variant, instead of equal time")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "recipes")
    parser.add_argument("--device", action="append", help="of a training; repeatable (gpu)")
    parser.add_argument("--parts", type=int, default=1, help="processes that judge (1)")
    parser.add_argument("--testable", action="store_true", help="only functions that can be run")
    parser.add_argument("--validate", type=int, default=8)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--without", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser


def _chosen(options: argparse.Namespace) -> list[Variant]:
    """The variants of --only, or all that the given corpora allow; teachers come first."""
    known = {variant.name: variant for variant in VARIANTS}
    if unknown := set(options.only) - set(known):
        raise UsageError(f"--only {min(unknown)!r}: no such variant; there are {[*known]}")
    chosen = [v for v in VARIANTS if not options.only or v.name in options.only]
    names = {variant.name for variant in chosen}
    for variant in chosen:
        others = {*variant.teachers, *filter(None, [variant.weights_of])}
        if missing := others - names:
            raise UsageError(f"{variant.name}: needs {min(missing)!r}; name it with --only")
    if options.other:
        return chosen
    if named := [v.name for v in chosen if v.needs_other and v.name in options.only]:
        raise UsageError(f"{named[0]}: give the second corpus, --other CORPUS")
    return [variant for variant in chosen if not variant.needs_other]


def _all(variants: Sequence[Variant], options: argparse.Namespace) -> int:
    """Trains on all devices, judges beside, and goes on where a variant fails."""
    trainings, writing, waiting = Trainings(variants, options), Lock(), deque(variants)
    failed: list[str] = []
    judged: list[Future[None]] = []

    def judge(variant: Variant) -> None:
        with _noted(variant, failed):
            judges.judge(variant, trainings.exported(variant))
            with writing:
                write_table(variants, options)

    def train_on(device: str) -> None:
        while waiting:
            try:
                variant = waiting.popleft()
            except IndexError:  # another device took the last one
                return
            with _noted(variant, failed):
                trainings.train(variant, device)
                judged.append(judging.submit(judge, variant))

    with (
        Judges(options) as judges,
        ThreadPoolExecutor(len(variants)) as judging,
        ThreadPoolExecutor(len(options.device)) as devices,
    ):
        trained = [devices.submit(train_on, device) for device in options.device]
    for done in (*trained, *judged):
        done.result()
    return 1 if failed else 0


@contextmanager
def _noted(variant: Variant, failed: list[str]) -> Iterator[None]:
    """A block whose failure is said, and does not end the others."""
    try:
        yield
    except (TatError, CalledProcessError, OSError) as error:
        failed.append(variant.name)
        said = str(error)
        if isinstance(error, CalledProcessError):
            command = " ".join(error.cmd[1:4])
            said = (
                f"exit status {error.returncode} of {command} …; logs are in its folder of --work"
            )
        print(f"recipes: {variant.name}: {said}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
