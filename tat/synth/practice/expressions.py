"""Well-typed expressions; operands are variables where there are any."""

from tat.synth.practice.scope import Scope, bracketed, literal

_FUNCTIONS = ("sin", "cos", "abs", "fract", "floor", "sqrt", "exp", "tanh", "sign", "ceil", "round")
_VECTOR_FUNCTIONS = ("normalize", "abs", "fract", "floor", "sin", "cos")
_FORMS = (
    "clamp({}, 0.0, 1.0)", "mix({}, {}, {})", "smoothstep(0.0, 1.0, {})", "pow(abs({}), 2.5)",
    "pow(abs({}), 0.5)", "pow(abs({}), 4.0)",
)  # fmt: skip
_VECTORS = ("vec2f", "vec3f", "vec4f")


def expression(scope: Scope, kind: str, depth: int) -> str:
    """An expression of type `kind`, at most about `depth` operations deep."""
    if depth <= 0:
        if scope.has(kind) and scope.draws.chance(0.85):
            return scope.pick(kind)
        return _of_another(scope, kind) or literal(scope.draws, kind)
    operands = _Operands(scope, depth - 1)
    if kind == "f32":
        return _float(scope, operands)
    if kind in ("i32", "u32"):
        return _whole(scope, kind, operands)
    if kind == "bool":
        return _truth(scope, depth)
    return _vector(scope, kind, depth, operands)


class _Operands:
    """Operands of one expression, different from one another where that is possible."""

    def __init__(self, scope: Scope, depth: int) -> None:
        self.scope, self.depth = scope, depth
        self.given: set[str] = set()

    def __call__(self, kind: str) -> str:
        text = ""
        for _ in range(4):
            text = expression(self.scope, kind, self.depth)
            if text not in self.given:
                break
        self.given.add(text)
        return text

    def bracketed(self, kind: str) -> str:
        return bracketed(self(kind))


def _float(scope: Scope, operand: _Operands) -> str:
    draws = scope.draws
    share = draws.random()
    if share < 0.42:
        return f"{operand.bracketed('f32')} {draws.pick('**+-')} {operand.bracketed('f32')}"
    if share < 0.5:
        return f"{operand.bracketed('f32')} / max({operand('f32')}, 0.001)"
    if share < 0.62:
        return f"{draws.pick(_FUNCTIONS)}({operand('f32')})"
    if share < 0.72:
        return f"{draws.pick(('min', 'max', 'step'))}({operand('f32')}, {operand('f32')})"
    if share < 0.8:
        form = draws.pick(_FORMS)
        return form.format(*(operand("f32") for _ in range(form.count("{}"))))
    if share < 0.86:
        return f"select({operand('f32')}, {operand('f32')}, {expression(scope, 'bool', 1)})"
    for kind in draws.sample(_VECTORS, 3):
        if scope.has(kind):
            return _of_vector(scope, kind)
    return f"f32({scope.pick('u32') or scope.pick('i32') or literal(draws, 'i32')})"


def _of_vector(scope: Scope, kind: str) -> str:
    """A float of a vector."""
    draws, name, how = scope.draws, scope.pick(kind), scope.draws.below(4)
    if how == 0:
        return f"length({name})"
    if how == 1:
        return f"dot({name}, {expression(scope, kind, 1)})"
    if how == 2:
        return f"distance({name}, {expression(scope, kind, 0)})"
    return f"{name}.{draws.pick('xyzw'[: int(kind[3])])}"


def _whole(scope: Scope, kind: str, operand: _Operands) -> str:
    draws, suffix = scope.draws, "u" if kind == "u32" else ""
    share = draws.random()
    if share < 0.55:
        sign = draws.pick("++*-" if kind == "i32" else "++*")
        return f"{operand.bracketed(kind)} {sign} {operand.bracketed(kind)}"
    if share < 0.65:
        return f"{operand.bracketed(kind)} {draws.pick('%/')} {draws.pick('2348')}{suffix}"
    if share < 0.75:
        return f"{draws.pick(('min', 'max'))}({operand(kind)}, {operand(kind)})"
    if share < 0.84:
        return f"({operand.bracketed(kind)} {draws.pick('&|^')} {operand.bracketed(kind)})"
    if share < 0.9:
        return f"({operand.bracketed(kind)} {draws.pick(('<<', '>>'))} {draws.pick('1248')}u)"
    if scope.has("f32"):
        return f"{kind}({expression(scope, 'f32', 1)})"
    return f"clamp({operand(kind)}, 0{suffix}, 10{suffix})"


def _truth(scope: Scope, depth: int) -> str:
    draws = scope.draws
    kind = draws.pick([k for k in ("f32", "i32", "u32") if scope.has(k)] or ["f32"])
    share = draws.random()
    if share < 0.75:
        left = expression(scope, kind, 0)
        right = expression(scope, kind, 0) if draws.chance(0.5) else literal(draws, kind)
        right = literal(draws, kind) if left == right else right
        return f"{left} {draws.pick(('<', '>', '<=', '>='))} {right}"
    if share < 0.85 and scope.has("bool"):
        return draws.pick(("", "!")) + scope.pick("bool")
    if depth > 1:
        left, right = expression(scope, "bool", 0), expression(scope, "bool", 0)
        return f"({left}) {draws.pick(('&&', '||'))} ({right})"
    return f"{expression(scope, kind, 0)} > {literal(draws, kind)}"


def _vector(scope: Scope, kind: str, depth: int, operand: _Operands) -> str:
    draws, count = scope.draws, int(kind[3])
    share = draws.random()
    if share < 0.3:
        return f"{operand.bracketed(kind)} {draws.pick('+-*')} {operand.bracketed(kind)}"
    if share < 0.48:
        return f"{operand.bracketed(kind)} * {operand.bracketed('f32')}"
    if share < 0.6:
        return f"{draws.pick(_VECTOR_FUNCTIONS)}({operand(kind)})"
    if share < 0.72:
        return f"mix({operand(kind)}, {operand(kind)}, {expression(scope, 'f32', 0)})"
    if share < 0.8:
        return f"{draws.pick(('min', 'max'))}({operand(kind)}, {operand(kind)})"
    if kind == "vec3f" and share < 0.88:
        return f"{draws.pick(('cross', 'reflect'))}({operand(kind)}, {operand(kind)})"
    if share < 0.93:
        parts = ", ".join(expression(scope, "f32", depth - 2) for _ in range(count))
        return f"{kind}({parts})"
    larger = [k for k in ("vec3f", "vec4f") if int(k[3]) >= count and scope.has(k)]
    if larger:
        k = draws.pick(larger)
        return f"{scope.pick(k)}.{''.join(draws.pick('xyzw'[: int(k[3])]) for _ in range(count))}"
    return f"clamp({operand(kind)}, {kind}(0.0), {kind}(1.0))"


def _of_another(scope: Scope, kind: str) -> str:
    """A value of the type by conversion, or a member of another variable; "" if there is none."""
    draws = scope.draws
    if kind == "f32":
        for k in draws.sample(_VECTORS, 3):
            if scope.has(k):
                return f"{scope.pick(k)}.{draws.pick('xyzw'[: int(k[3])])}"
        whole = scope.pick("i32") or scope.pick("u32")
        return f"f32({whole})" if whole else ""
    if kind == "vec3f" and scope.has("vec4f"):
        return f"{scope.pick('vec4f')}.{draws.pick(('xyz', 'rgb'))}"
    if kind == "vec2f" and (scope.has("vec4f") or scope.has("vec3f")):
        return f"{scope.pick('vec4f') or scope.pick('vec3f')}.{draws.pick(('xy', 'xz', 'yz'))}"
    if kind.startswith("vec") and scope.has("f32"):
        return f"{kind}({scope.pick('f32')})"
    other = {"u32": "i32", "i32": "u32"}.get(kind, "")
    return f"{kind}({scope.pick(other)})" if other and scope.has(other) else ""
