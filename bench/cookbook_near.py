"""How near the cookbook comes to a corpus: fails where an entry is a near copy of anything in it.

    python bench/cookbook_near.py CORPUS [--limit 0.8]

CORPUS is a .jsonl file, or a folder of them, of modules (`wgsl`) or functions (`signature`, `body`
and perhaps `context`). Each entry as a whole, and each of its functions alone, is compared with
each text by the Jaccard index of runs of five tokens. The result, figures only, goes to
bench/results/cookbook_near.json.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tat.cookbook import library
from tat.errors import CorpusError, TatError
from tat.files import atomic_file
from tat.retrieval.similarity import Shingles, jaccard, shingles
from tat.wgsl.declarations import functions

RESULT = Path(__file__).with_name("results") / "cookbook_near.json"
_SHOWN = 10  # nearest pieces that are named in the result


class Piece(NamedTuple):
    """An entry of the cookbook, or a function of one."""

    name: str
    shingles: Shingles


def cookbook_pieces() -> list[Piece]:
    """Every entry, and every function of those that hold several."""
    pieces = []
    for entry in library.load():
        pieces.append(Piece(entry.name, shingles(entry.code)))
        parts = functions(entry.code)
        if len(parts) > 1:
            pieces += [
                Piece(f"{entry.name}: {part.name}", shingles(f"{part.signature} {part.body}"))
                for part in parts
            ]
    return [piece for piece in pieces if piece.shingles]


def corpus_texts(path: Path) -> Iterator[str]:
    """The modules, the functions, and the functions with their context that the corpus holds."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise CorpusError(f"{path}: no .jsonl file in it; give a corpus")
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                record: dict[str, Any] = json.loads(line)
                if "wgsl" in record:
                    yield record["wgsl"]
                    continue
                function = f"{record['signature']} {record['body']}"
            except (ValueError, KeyError, TypeError) as error:
                raise CorpusError(f"{file}:{number}: no module and no function: {error}") from None
            yield function
            if record.get("context"):
                yield f"{record['context']}\n{function}"


def nearest(pieces: list[Piece], texts: Iterator[str]) -> tuple[dict[str, float], int]:
    """The largest Jaccard index of each piece with any text, and the number of texts."""
    owners: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, piece in enumerate(pieces):
        for shingle in piece.shingles:
            owners[shingle].append(i)
    largest = dict.fromkeys((piece.name for piece in pieces), 0.0)
    count = 0
    for text in texts:
        count += 1
        other = shingles(text)
        for i in {i for shingle in other for i in owners.get(shingle, ())}:
            piece = pieces[i]
            largest[piece.name] = max(largest[piece.name], jaccard(piece.shingles, other))
    return largest, count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--limit", type=float, default=0.8)
    options = parser.parse_args()
    pieces = cookbook_pieces()
    try:
        largest, texts = nearest(pieces, corpus_texts(options.corpus))
    except (OSError, TatError) as error:
        print(f"cookbook_near: {error}", file=sys.stderr)
        return CorpusError.exit_code
    ranked = sorted(largest.items(), key=lambda item: -item[1])
    near = [name for name, value in ranked if value >= options.limit]
    record = {
        "benchmark": "cookbook_near", "entries": len(library.load()), "pieces": len(pieces),
        "texts": texts, "limit": options.limit, "at_or_over_limit": near,
        "nearest": {name: round(value, 3) for name, value in ranked[:_SHOWN]},
    }  # fmt: skip
    RESULT.parent.mkdir(exist_ok=True)
    with atomic_file(RESULT) as file:
        file.write(json.dumps(record, indent=2).encode() + b"\n")
    print(json.dumps(record))
    return 1 if near else 0


if __name__ == "__main__":
    sys.exit(main())
