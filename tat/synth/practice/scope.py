"""Variables in scope, literals, and well-typed expressions of them."""

import re

from tat.synth.draws import Draws
from tat.synth.literals import NICE, SCALARS, WHOLE
from tat.synth.words import names_for

_WORDS = {
    "f32": "x y value scale factor amount t weight radius angle speed time offset threshold height"
    " width depth strength alpha bias gain k s a b intensity dist power size mass energy phase",
    "i32": "i n count index level steps row col id shiftBy size delta",
    "u32": "n count index bits mask flags id seed level stride mode",
    "bool": "enabled inverted flip useAlpha isActive visible isLit",
    "vec2f": "uv p pos size offset st tiling coord center",
    "vec3f": "p pos normal dir color dirIn position axis light view rgb origin velocity",
    "vec4f": "color q rgba plane weights tint rect",
    "mat4x4f": "matrix0 transform m mat viewProj",
}
NAMES = {kind: words.split() for kind, words in _WORDS.items()}
_LOCAL_WORDS = {
    "f32": "a b c d t k s h w q m r base falloff ratio edge mask blend",
    "vec2f": "p q d uv1 dir2 delta", "vec3f": "n v d q dir tmp c l h", "vec4f": "c q v res4 tmp4",
    "i32": "j k m step1 idx", "u32": "j k m idx h", "bool": "inside hit ok cond",
}  # fmt: skip
LOCALS = {kind: words.split() for kind, words in _LOCAL_WORDS.items()}
_FLOATS = (*NICE, "1.0", "0.0", "2.0", "0.5")
_WHOLES = (*WHOLE, "0", "1", "2")
_ATOM = re.compile(r"[\w.]+(?:\([^()]*\))?(?:\.\w+)?")


class Scope:
    """Names in scope by type; `alternatives` tells what each may be called."""

    def __init__(self, draws: Draws) -> None:
        self.draws = draws
        self.variables: dict[str, list[str]] = {}
        self.alternatives: dict[str, tuple[str, ...]] = {}

    def inner(self) -> "Scope":
        """A scope inside this one: it sees all, and what it adds is not seen here."""
        scope = Scope(self.draws)
        scope.variables = {kind: list(names) for kind, names in self.variables.items()}
        scope.alternatives = self.alternatives
        return scope

    def fresh(self, kind: str, pool: list[str] | None = None) -> str:
        """A name that is not used yet."""
        pool = pool or NAMES[kind]
        name = self.draws.pick(pool)
        for _ in range(12):
            if name not in self.alternatives:
                break
            name = self.draws.pick(pool)
        while name in self.alternatives:
            name += self.draws.pick("0123")
        self.alternatives[name] = names_for([name])
        return name

    def add(self, name: str, kind: str) -> None:
        """Let expressions use it."""
        self.variables.setdefault(kind, []).append(name)

    def has(self, kind: str) -> bool:
        """Whether there is a variable of this type."""
        return bool(self.variables.get(kind))

    def pick(self, kind: str, recent: float = 0.6) -> str:
        """A variable of the type, mostly the newest; "" if there is none."""
        names = self.variables.get(kind)
        if not names:
            return ""
        return names[-1] if self.draws.chance(recent) else self.draws.pick(names)


def literal(draws: Draws, kind: str) -> str:
    """A literal of any type that expressions have."""
    if kind == "f32":
        return draws.pick(_FLOATS)
    if kind in ("i32", "u32"):
        return draws.pick(_WHOLES) + ("u" if kind == "u32" else "")
    if kind == "bool":
        return draws.pick(("true", "false"))
    count, scalar = int(kind[3]), SCALARS[kind[4]]
    if draws.chance(0.5):
        return f"{kind}({literal(draws, scalar)})"
    return f"{kind}({', '.join(literal(draws, scalar) for _ in range(count))})"


def bracketed(text: str) -> str:
    """An expression as an operand."""
    return text if _ATOM.fullmatch(text) else f"({text})"
