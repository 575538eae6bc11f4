"""Keeps a run's loss curve: bench/results/NAME.json, and NAME.svg to look at.

    python bench/curve.py RUN NAME "command that made it"

Losses are averaged over stretches of steps, so that the file stays small; validations are kept all.
"""

import argparse
import json
import sys
from pathlib import Path

import tat
from tat.commands.doctor import processor

_POINTS = 200  # averaged training losses kept
_WIDTH, _HEIGHT, _MARGIN = 720, 360, 48  # of the picture, pixels


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("command")
    options = parser.parse_args()
    records = [json.loads(line) for line in (options.run / "metrics.jsonl").open()]
    training = averaged([(r["step"], r["loss"]) for r in records])
    validation = [(r["step"], r["validation_loss"]) for r in records if "validation_loss" in r]
    result = {
        "command": options.command, "tat": tat.__version__, "processor": processor(),
        "device": records[-1]["device"], "steps": records[-1]["step"],
        "hours": sum(r["seconds"] for r in records) / 3600,
        "tokens": sum(r["tokens"] for r in records),
        "training_loss": training, "validation_loss": validation,
    }  # fmt: skip
    folder = Path(__file__).with_name("results")
    folder.mkdir(exist_ok=True)
    (folder / f"{options.name}.json").write_text(json.dumps(result) + "\n")
    (folder / f"{options.name}.svg").write_text(picture(options.name, training, validation))
    return 0


def averaged(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most _POINTS means over equal stretches, each at its last step."""
    size = -(-len(points) // _POINTS)
    stretches = [points[i : i + size] for i in range(0, len(points), size)]
    return [(s[-1][0], round(sum(loss for _, loss in s) / len(s), 5)) for s in stretches]


def picture(name: str, training: list[tuple[int, float]], validation: list) -> str:
    """Both curves as SVG: loss in nats per token over steps."""
    last = max(step for step, _ in training)
    top = max(loss for _, loss in training + validation)

    def place(step: int, loss: float) -> str:
        x = _MARGIN + (_WIDTH - 2 * _MARGIN) * step / last
        return f"{x:.1f},{_HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * loss / top:.1f}"

    def line(points: list[tuple[int, float]], colour: str) -> str:
        path = " ".join(place(*point) for point in points)
        return f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>'

    def text(x: float, y: float, words: str, anchor: str = "start", fill: str = "#333") -> str:
        return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{fill}">{words}</text>'

    bottom, right = _HEIGHT - _MARGIN, _WIDTH - _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}"'
        ' font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>',
        f'<path d="M{_MARGIN} {_MARGIN}V{bottom}H{right}" fill="none" stroke="#999"/>',
        text(_MARGIN, 24, f"{name}: loss, nats per token"),
        text(_MARGIN - 6, _MARGIN + 4, f"{top:.1f}", "end"),
        text(_MARGIN - 6, bottom, "0", "end"),
        text(right, bottom + 18, f"step {last}", "end"),
        text(right, 24, "training", "end", "#2b6cb0"),
        text(right - 64, 24, "validation", "end", "#c05621") if validation else "",
        line(training, "#2b6cb0"),
        line(validation, "#c05621") if validation else "",
        "</svg>\n",
    ]
    return "\n".join(filter(None, parts))


if __name__ == "__main__":
    sys.exit(main())
