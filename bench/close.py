"""How close functions of ours come to functions of others, names kept.

    python bench/close.py OURS.jsonl|families THEIRS.jsonl [--limit 0.5] [--tokens 25]

OURS is what `tat synth -o` wrote, or `families`: every body of every family, for each of its types.
THEIRS has functions (`id`, `body`). Bodies of so many tokens and more are compared by runs of five
tokens, where a_name is aName; prints likeness, our function, theirs and our tokens, closest first.
"""

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from copy import copy
from pathlib import Path

from tat.errors import CorpusError, TatError
from tat.retrieval.similarity import Shingles, jaccard, shingles
from tat.synth.draft import Draft
from tat.synth.draws import Draws
from tat.synth.tables import all_families
from tat.wgsl.adaptation import short_types
from tat.wgsl.lexer import code_of

_SNAKE = re.compile(r"(?<=[a-zA-Z0-9])_([a-z])")


def family_bodies() -> Iterator[tuple[str, str]]:
    """Each body of each family, in canonical names."""
    for family in all_families():
        for kind in family.types if family.generic else ("",):
            for template in family.body_templates:
                alone = copy(family)
                alone.body_templates = [template]
                draft = Draft(alone, Draws(1, 0), kind=kind)
                body = f"return {draft.body};" if draft.is_expression else draft.body
                yield family.id, f"{{{body}}}"


def file_bodies(path: Path) -> Iterator[tuple[str, str]]:
    """Each function of a file of JSON lines: its id, or else its name, and its body."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            yield record.get("id") or record["name"], record["body"]
        except (ValueError, KeyError, AttributeError) as error:
            raise CorpusError(f"{path}:{number}: no function: {error}") from None


def pieces(bodies: Iterator[tuple[str, str]], least: int) -> list[tuple[str, int, Shingles]]:
    """Name, tokens and runs of the bodies that have `least` tokens or more."""
    found = []
    for name, body in bodies:
        body = _SNAKE.sub(lambda match: match[1].upper(), short_types(body))
        if (tokens := len(code_of(body))) >= least:
            found.append((name, tokens, shingles(body)))
    return found


def closest(
    ours: list[tuple[str, int, Shingles]], theirs: list[tuple[str, int, Shingles]]
) -> dict[str, tuple[float, str, int]]:
    """For each function of ours the likeness of the closest of theirs, its name, and our tokens."""
    owners: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, (_, _, runs) in enumerate(theirs):
        for run in runs:
            owners[run].append(i)
    best: dict[str, tuple[float, str, int]] = {}
    for name, tokens, runs in ours:
        for i in Counter(i for run in runs for i in owners.get(run, ())):
            found = (jaccard(runs, theirs[i][2]), theirs[i][0], tokens)
            best[name] = max(best.get(name, found), found)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ours")
    parser.add_argument("theirs", type=Path)
    parser.add_argument("--limit", type=float, default=0.5)
    parser.add_argument("--tokens", type=int, default=25)
    options = parser.parse_args()
    try:
        bodies = family_bodies() if options.ours == "families" else file_bodies(Path(options.ours))
        ours = pieces(bodies, options.tokens)
        best = closest(ours, pieces(file_bodies(options.theirs), options.tokens))
    except (OSError, TatError) as error:
        print(f"close: {error}", file=sys.stderr)
        return CorpusError.exit_code
    near = {name: found for name, found in best.items() if found[0] >= options.limit}
    for name, (likeness, other, tokens) in sorted(near.items(), key=lambda item: -item[1][0]):
        print(f"{likeness:.2f}  {name}  {other}  {tokens}")
    print(f"{len(near)} of {len(ours)} bodies have a likeness of {options.limit} or more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
