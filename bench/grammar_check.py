"""How many modules that naga accepts the grammar takes, and why it refuses the others.

    python bench/grammar_check.py CORPUS.jsonl... [-o bench/results/grammar_check.json]

The modules have to be valid; the result holds ids and reasons, and none of their code.
"""

import argparse
import sys
from pathlib import Path

from result_file import publish

from tat.commands.common.modules import read_modules
from tat.commands.grammar import check


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=None)
    options = parser.parse_args()
    record = {"benchmark": "grammar_check", "files": {}}
    for path in options.files:
        report = check(read_modules([path]))
        record["files"][path.name] = {
            "modules": report.modules,
            "accepted": report.accepted,
            "refused": [
                {"id": r.id, "line": r.line, "column": r.column, "reason": r.reason}
                for r in report.refused
            ],
        }
    publish(record, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
