"""Bodies of well-typed statements that end in `return`."""

from tat.synth.draws import Weighted
from tat.synth.practice.expressions import expression
from tat.synth.practice.scope import LOCALS, Scope, bracketed, literal

_KINDS = ("f32", "vec2f", "vec3f", "vec4f", "i32", "u32")
_COUNTS = Weighted((0, 15), (1, 30), (2, 30), (3, 17), (4, 8))
_TURNS = ("3", "4", "5", "8", "10")


def statements(scope: Scope, result: str) -> str:
    """Some statements, each with a variable that later ones may use, and the result."""
    draws = scope.draws
    kinds = [kind for kind in _KINDS if scope.has(kind)] or ["f32"]
    lines = []
    for _ in range(draws.weighted(_COUNTS)):
        kind = result if result != "bool" and draws.chance(0.45) else draws.pick(kinds)
        share = draws.random()
        if share >= 0.9:
            early = expression(scope, result, 1)
            lines.append(f"if ({expression(scope, 'bool', 1)}) {{\n    return {early};\n}}")
            continue
        name = scope.fresh(kind, LOCALS[kind])
        value = expression(scope, kind, draws.pick((1, 1, 2)))
        if share < 0.62:
            lines.append(f"let {name}: {kind} = {value};")
        elif share < 0.78:
            lines.append(f"var {name}: {kind} = {value};")
            lines.append(_conditional(scope, name, kind))
        else:
            start = literal(draws, kind) if draws.chance(0.6) else value
            lines.append(f"var {name}: {kind} = {start};")
            lines.append(_loop(scope, name, kind))
        scope.add(name, kind)
    lines.append(f"return {expression(scope, result, draws.pick((1, 2, 2)))};")
    return "\n".join(lines)


def _conditional(scope: Scope, name: str, kind: str) -> str:
    draws = scope.draws
    condition = expression(scope, "bool", 1)
    scope = scope.inner()
    scope.add(name, kind)
    operator = draws.pick(("=", "+=", "*=", "-=")) if kind != "u32" else "="
    text = f"if ({condition}) {{\n    {name} {operator} {expression(scope, kind, 1)};\n}}"
    if draws.chance(0.35):
        text += f" else {{\n    {name} = {expression(scope, kind, 1)};\n}}"
    return text


def _loop(scope: Scope, name: str, kind: str) -> str:
    draws = scope.draws
    i = scope.fresh("i32", ["i", "j", "k0"])
    turns = scope.pick("i32") if draws.chance(0.3) and scope.has("i32") else draws.pick(_TURNS)
    inner = scope.inner()
    inner.add(i, "i32")
    if kind == "f32" and draws.chance(0.6):
        step, operator = f"{bracketed(expression(inner, 'f32', 0))} * f32({i})", "+="
    else:
        step = expression(inner, kind, 1)
        operator = draws.pick(("+=", "+=", "*=")) if kind != "u32" else "+="
    return f"for (var {i} = 0; {i} < {turns}; {i}++) {{\n    {name} {operator} {step};\n}}"
