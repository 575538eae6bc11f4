"""`tat search`: WGSL by words, from an index or the bundled cookbook."""

import argparse
import sys

import msgspec

from tat.commands.common.indexes import named_index
from tat.errors import UsageError, one_line
from tat.retrieval.query import Hit, search
from tat.retrieval.words import words

_SHOWN = 24  # lines of a hit, at most


def run(options: argparse.Namespace) -> int:
    query = " ".join(options.query)
    if not any(True for _ in words(query)):
        raise UsageError("the query has no word to look for; give some letters or digits")
    hits = search(named_index(options.index), query, options.top)
    if options.json:
        sys.stdout.write(msgspec.json.encode(hits).decode() + "\n")
    elif hits:
        print("\n\n".join(map(_shown, hits)))
    else:
        print("tat: nothing found; try other words", file=sys.stderr)
    return 0


def _shown(hit: Hit) -> str:
    """A hit as it is printed: place, name and licence, then its code.

    Control characters are left out, so that a hostile file cannot write to the terminal.
    """
    comment = [f"/// {line}" for line in hit.comment.splitlines()]
    code = [*comment, *hit.text.expandtabs(4).splitlines()]
    more = [f"… {len(code) - _SHOWN} more lines"] if len(code) > _SHOWN else []
    place = f"{hit.file}:{hit.line}:{hit.column}"
    title = f"{place}: {hit.kind} {hit.name} ({hit.license or 'licence unknown'})"
    return "\n".join([title, *(f"    {one_line(line)}" for line in code[:_SHOWN] + more)])
