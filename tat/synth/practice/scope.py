"""Variables in scope: fresh names that say no more than their type does."""

import re

from tat.synth.draws import Draws

_WORDS = {
    "f32": "x y value scale factor amount t k s a b offset",
    "i32": "i n count k a b delta",
    "u32": "n count bits mask a b k word",
    "vec2f": "p q a b offset size scale2",
    "vec3f": "p q a b u first second",
    "vec4f": "q a b p4 first second",
    "mat4x4f": "m transform matrix0 mat",
}
# None is v, which stands for the value so far in the steps.
NAMES = {kind: words.split() for kind, words in _WORDS.items()}
_LOCAL_WORDS = {
    "f32": "c d t k s h q m r base part", "vec2f": "p q d moved delta",
    "vec3f": "v d q tmp c h", "vec4f": "c q v res4 tmp4", "i32": "j k m",
    "u32": "j k m h",
}  # fmt: skip
LOCALS = {kind: words.split() for kind, words in _LOCAL_WORDS.items()}
_ATOM = re.compile(r"[\w.]+(?:\([^()]*\))?(?:\.\w+)?")


class Scope:
    """Names so far; `alternatives` tells what each may be called."""

    def __init__(self, draws: Draws) -> None:
        self.draws = draws
        self.alternatives: dict[str, tuple[str, ...]] = {}

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
        self.alternatives[name] = (name,)
        return name


def bracketed(text: str) -> str:
    """An expression as an operand."""
    return text if _ATOM.fullmatch(text) else f"({text})"
