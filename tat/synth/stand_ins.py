"""Smooth functions in place of helpers: bodies have to agree on whatever a helper does."""

import re

from tat.synth.family import Helper, with_type
from tat.wgsl.harness import parse_type


def stand_in(helper: Helper, kind: str, name: str) -> str:
    """WGSL of a function `name` with the helper's types, `kind` in place of T.

    UsageError where one of them is no plain value.
    """
    kinds = [with_type(text, kind) for text in helper.types]
    listed = ", ".join(f"p{i}: {text}" for i, text in enumerate(kinds))
    state = [re.fullmatch(r"ptr<function, *(\w+)>", text) for text in kinds]
    kinds = [found[1] if found else text for found, text in zip(state, kinds)]
    turns = " ".join(f"*p{i} = *p{i} * 3u + 7u;" for i, found in enumerate(state) if found)
    names = [f"(*p{i} % 64u)" if found else f"p{i}" for i, found in enumerate(state)]
    parts = [
        f"f32({names[i]}{path}) * {0.31 + 0.17 * i + 0.05 * j:.2f}"
        for i, plain in enumerate(map(parse_type, kinds)) for j, path in enumerate(plain.paths)
    ]  # fmt: skip
    total = " + ".join(parts) or "0.5"
    result = parse_type(with_type(helper.result, kind))
    values = (f"{result.scalar}(0.{i + 3} + {total})" for i in range(result.components))
    value = f"{result.text}({', '.join(values)})"
    return f"fn {name}({listed}) -> {result.text} {{ {turns} return {value}; }}"
