"""How many valid functions scope and grammar refuse, byte by byte and token by token.

    python bench/scope_check.py FUNCTIONS.jsonl... [-o bench/results/scope_check.json]

A line has id, context, calls, signature and body. The result holds ids and places, and no code.
"""

import argparse
import json
import sys
from pathlib import Path

from result_file import publish

from tat.data.tokenizer import Tokenizer
from tat.decode.constraint import Constraints
from tat.decode.prompt import Prompt

_VOCABULARY = 4096


def refusal(constraints: Constraints, function: dict, ids: list[int]) -> int | None:
    """Index of the first token of the body that is refused, None if none is."""
    context = "\n".join([function["context"], *function["calls"]])
    constraint = constraints.of(Prompt("", function["signature"], context))
    taken = constraint.accept(ids)
    return None if taken == len(ids) else taken


def check(path: Path) -> dict:
    """The refusals in one file."""
    functions = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    result: dict = {"functions": len(functions)}
    bodies = [function["body"] for function in functions]
    for name, merges in (("tokens", Tokenizer.train(bodies, _VOCABULARY).merges), ("bytes", ())):
        tokenizer = Tokenizer(merges)
        constraints = Constraints(tokenizer)
        result[f"refused_by_{name}"] = [
            {"id": function["id"], "token": place}
            for function in functions
            if (place := refusal(constraints, function, tokenizer.encode_target(function["body"])))
            is not None
        ]
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    files = {path.name: check(path) for path in options.files}
    publish({"benchmark": "scope_check", "files": files}, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
