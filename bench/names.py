"""How functions and their parameters are named: python bench/names.py FILE.jsonl ...

Of each file (tat synth -o, functions_train.jsonl): shares of plain functions, which are no stages,
and of their parameters in percent, as a table in Markdown. A name that a module has several times,
or several modules of a source, counts once.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tat.synth.words import begins_with_verb, listed, snake_case

_SHORT = frozenset(
    listed("""dist norm calc col tex pos dir len mul sub div inv init idx coord
    coords rect frag vert mat vec val res num rot sat lum luma rgb hsv hsl uv sd tm op eval cov attr
    img samp buf param params info prev cur tmp rand gen proj trans rough spec diff amb refl abs
    sqrt sq lerp lin grad perp mag temp freq amp phi def impl fn ptr ndc msdf uni""")
)
_TYPE = re.compile(r"(?<![0-9])(?:f32|i32|u32|f16|[234]x[234]|vec[234][fiu]?|mat[234]|[1-4]d|[2-4]"
                   r"|scalar|float|int|uint|vector|f|v[234])$", re.I)  # fmt: skip
_TO = re.compile(r"(?<=[a-zA-Z])_?2_?(?=[a-zA-Z])(?!d\b|D\b|D_|d_|x\d)")


def words_of(name: str) -> list[str]:
    name = name.strip("_")
    name = name[:1].lower() + name[1:]
    return [word for word in snake_case(name).lower().split("_") if word] or [name]


_NAMES: dict[str, Callable[[str], bool]] = {
    "verb in front": lambda n: begins_with_verb(words_of(n)[0]),
    "type, width or dimension behind": lambda n: bool(_TYPE.search(n)),
    "other digit behind": lambda n: n[-1].isdigit() and not _TYPE.search(n),
    "`to` or `from` between": lambda n: bool({"to", "from"} & set(words_of(n)[1:-1])),
    "2 for to": lambda n: bool(_TO.search(n)),
    "_ in front": lambda n: n[0] == "_",
    "_ behind": lambda n: n[-1] == "_",
    "capital in front": lambda n: n[0].isupper(),
    "capital behind a _": lambda n: bool(re.search(r"[a-z0-9]_[A-Z]", n)),
    "a shortened word": lambda n: bool(_SHORT & set(words_of(n))),
    "one word": lambda n: len(words_of(n)) == 1,
    "two words": lambda n: len(words_of(n)) == 2,
    "three words": lambda n: len(words_of(n)) == 3,
    "four words or more": lambda n: len(words_of(n)) > 3,
    "snake_case": lambda n: "_" in n.strip("_"),
}
_PARAMETERS: dict[str, Callable[[str], bool]] = {
    "_ in front": lambda n: n[0] == "_",
    "_ behind": lambda n: n[-1] == "_",
    "`in` in front": lambda n: bool(re.match(r"in[A-Z_]", n)),
    "a letter and _ in front": lambda n: bool(re.match(r"[a-z]_[a-z]", n)),
    "space behind (ws, World, VS)": lambda n: words_of(n)[-1] in
        {"ws", "vs", "os", "ls", "ts", "ndc", "world", "view", "local"} and len(words_of(n)) > 1,
    "`my`, `the` in front": lambda n: words_of(n)[0] in ("my", "the"),
    "Val, Value, Arg, Param behind": lambda n: len(words_of(n)) > 1 and words_of(n)[-1] in
        {"val", "value", "arg", "param"},
    "digit behind": lambda n: n[-1].isdigit(),
    "capital in front": lambda n: n[0].isupper(),
    "one letter": lambda n: len(n) == 1,
    "two words or more": lambda n: len(words_of(n)) > 1,
}  # fmt: skip


def main() -> None:
    files = [Path(word) for word in sys.argv[1:]]
    columns = [measured(file) for file in files]
    print("| | " + " | ".join(file.stem for file in files) + " |")
    print("|---|" + "--:|" * len(files))
    for row, first in columns[0].items():
        form = "{:,}" if isinstance(first, int) else "{:.1f} %"
        print(f"| {row} | " + " | ".join(form.format(column[row]) for column in columns) + " |")


def measured(file: Path) -> dict[str, float]:
    rows = map(json.loads, file.read_text("utf-8").splitlines())
    plain = [row for row in rows if "@" not in row["signature"].partition("fn ")[0]]
    known = {(row.get("family") and row["id"], row["source"], row["name"]) for row in plain}
    names = [name for *_, name in known]
    table: dict[str, float] = {"plain functions": len(names)}
    table |= {row: share(map(holds, names)) for row, holds in _NAMES.items()}
    shared = Counter((row["module_id"], words_of(row["name"])[0]) for row in plain)
    table["first word, no verb, of 3 functions of the module"] = share(
        shared[row["module_id"], first] > 2 and not begins_with_verb(first)
        for row in plain
        for first in words_of(row["name"])[:1]
    )
    parameters = [name for row in plain for name in parameters_of(row["signature"])]
    table["parameters"] = len(parameters)
    return table | {f"parameter: {row}": share(map(holds, parameters))
                    for row, holds in _PARAMETERS.items()}  # fmt: skip


def parameters_of(signature: str) -> Iterator[str]:
    listed = signature[signature.index("(", signature.index("fn ")) :].partition("->")[0]
    return (match[1] for match in re.finditer(r"(\w+)\s*:(?!:)", listed))


def share(values: Iterator[bool]) -> float:
    found = list(values)
    return 100 * sum(found) / len(found)


if __name__ == "__main__":
    main()
