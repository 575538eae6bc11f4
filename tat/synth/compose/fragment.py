"""Fragment stages: a color from somewhere, and a chain of steps."""

import re
from collections.abc import Callable
from typing import NamedTuple

from tat.synth.compose.parts import FRAGMENT_NAMES, composed, struct
from tat.synth.draft import Draft
from tat.synth.draws import Draws, Weighted
from tat.synth.step_tables import Needs, joined_words, some_steps

_COUNTS = Weighted((0, 34), (1, 28), (2, 20), (3, 12), (4, 6), (6, 5), (9, 3))
_SHARES = ("0.0", "1.0", "0.5", "0.2", "0.8", "0.1", "0.3", "0.4", "0.6", "0.9")
_TEXTURE = ("handle tex: texture_2d<f32>;", "handle samp: sampler;")
_UNUSED = (
    ("tangent", "vec3f"), ("worldPos", "vec3f"), ("layer", "f32"), ("depth", "f32"),
    ("uv2", "vec2f"),
)  # fmt: skip
_SAMPLED = (  # values, and words for what was done
    ("sampled", ()),
    ("vec4f(sampled.rgb, 1.0)", ("makes the color opaque",)),
    ("vec4f(sampled.rgb, sampled.a * $opacity:f32)", ("scales the alpha by the opacity",)),
    ("vec4f(sampled.rgb * sampled.a, sampled.a)", ("premultiplies the color by its alpha",)),
    ("vec4f(vec3f(sampled.r), 1.0)", ("shows the red channel as gray",)),
    ("vec4f(sampled.bgr, sampled.a)", ("swaps red and blue",)),
)  # fmt: skip


_ALL = frozenset(range(1, 20))  # orders of steps
_NONE, _LIGHT, _AFTER_LIGHT = frozenset[int](), frozenset((2, 3, 4)), frozenset(range(5, 20))
_PAINTED = _LIGHT | {1, 12}


class Base(NamedTuple):
    """The source of the color. Texts have needs, as those of step tables."""

    words: str
    lines: list[str]
    color: str  # vec3f
    whole: str  # vec4f, by itself
    alpha: str = "1.0"
    handles: tuple[str, ...] = ()
    orders: frozenset[int] = _ALL  # of the steps that may follow: steps/fragment.txt


def _sampled(draws: Draws) -> Base:
    place, words = "%uv:vec2f", "Samples a texture"
    if draws.chance(0.05):
        place, words = f"{place} * $uvScale:vec2f", f"{words} at scaled coordinates"
    elif draws.chance(0.04):
        place, words = f"{place} + $uvOffset:vec2f", f"{words} at shifted coordinates"
    handles = _TEXTURE if draws.chance(0.5) else _TEXTURE[::-1]
    return _texel(words, f"textureSample(tex, samp, {place})", handles)


def _loaded(draws: Draws) -> Base:
    value = "textureLoad(tex, vec2i(%position:vec4f.xy), 0)"
    loaded = _texel("Loads the texel of the pixel", value, _TEXTURE[:1])
    return loaded._replace(orders=_AFTER_LIGHT)


def _texel(words: str, value: str, handles: tuple[str, ...]) -> Base:
    return Base(words, [f"let sampled = {value};"], "sampled.rgb", value, "sampled.a", handles)


def _interpolated(draws: Draws) -> Base:
    kind, name = draws.pick(("vec3f", "vec4f")), draws.pick(("color", "vColor"))
    color = f"%{name}:{kind}"
    words = "Takes the interpolated color"
    if kind == "vec3f":
        return Base(words, [], color, f"vec4f({color}, 1.0)")
    return Base(words, [], f"{color}.rgb", color, f"{color}.a" if draws.chance(0.6) else "1.0")


def _set(draws: Draws) -> Base:
    color = "$baseColor:vec4f"
    alpha = f"{color}.a" if draws.chance(0.6) else "1.0"
    return Base("Takes the color of the uniform", [], f"{color}.rgb", color, alpha)


def _constant(draws: Draws) -> Base:
    value = ", ".join(draws.pick(_SHARES) for _ in range(3))
    words, whole = "Fills with a constant color", f"vec4f({value}, 1.0)"
    return Base(words, [], f"vec3f({value})", whole, orders=_LIGHT)


def _coordinates(draws: Draws) -> Base:
    value = f"%uv:vec2f, {draws.pick(('0.0', '0.5', '1.0', '0.2'))}"
    words = "Shows the texture coordinates as a color"
    return Base(words, [], f"vec3f({value})", f"vec4f({value}, 1.0)", orders=_NONE)


def _normal(draws: Draws) -> Base:
    color = "normalize(%normal:vec3f) * 0.5 + 0.5"
    words = "Shows the normal as a color"
    return Base(words, [], color, f"vec4f({color}, 1.0)", orders=_NONE)


_PATTERNS = (
    ("Checkerboard of two colors", ("let cell/q = floor(%uv:vec2f * $scale:f32);",
     "let k/t/mask = abs(cell.x + cell.y) % 2.0;")),
    ("Stripes of two colors", ("let k/t/mask = step(0.5, fract(%uv:vec2f.{} * $scale:f32));",)),
    ("Disk of one color on another", ("let k/t/mask = smoothstep($radius:f32 - 0.01,"
     " $radius:f32 + 0.01, distance(%uv:vec2f, vec2f(0.5)));",)),
    ("Gradient between two colors", ("let k/t/mask = clamp(%uv:vec2f.{}, 0.0, 1.0);",)),
)  # fmt: skip
_PATTERN_WORDS = frozenset(words for words, _ in _PATTERNS)


def _pattern(draws: Draws) -> Base:
    words, lines = draws.pick(_PATTERNS)
    axis = draws.pick("xy")
    color = "mix($colorA:vec3f, $colorB:vec3f, k)"
    lines = [line.format(axis) for line in lines]
    return Base(words, lines, color, f"vec4f({color}, 1.0)", orders=_PAINTED)


_BASES: Weighted[Callable[[Draws], Base]] = Weighted(
    (_sampled, 50), (_interpolated, 16), (_set, 14), (_constant, 10), (_coordinates, 8),
    (_normal, 5), (_pattern, 8), (_loaded, 5),
)  # fmt: skip


_TO_EYE = r"let (\w+)(?:/\w+)* = normalize\(\$cameraPos:vec3f - %worldPos:vec3f\);"
_UNIT_NORMAL = "normalize(%normal:vec3f)"
_SETTINGS = ("Uniforms/Scene/UBO/Globals/SceneUniforms/Uniform/Params/FrameUniforms",
             "uniforms/u/ubo/scene/globals/uni/params/frame")  # fmt: skip
_MATERIALS = ("Material/MaterialUniforms/MaterialParams/Mat/SurfaceParams",
              "uniforms/material/mat/materialParams/surface/m/u")  # fmt: skip


def fragment(draws: Draws) -> Draft:
    """A fragment stage."""
    base = draws.weighted(_BASES)(draws)
    steps = some_steps("fragment", draws, draws.weighted(_COUNTS), base.orders)
    handles = [*base.handles, *(line for step in steps for line in step.context)]
    words = [step.words for step in steps]
    lines = list(base.lines)
    if steps:  # the body has a variable `color`, so no input may be called so
        base = base._replace(
            color=base.color.replace("%color:", "%vColor:"),
            alpha=base.alpha.replace("%color:", "%vColor:"),
        )
        lines.append(f"var color = {base.color};")
        lines += [step.text(draws) for step in steps]
        alpha = base.alpha
        if draws.chance(0.1):
            alpha = "$opacity:f32"
            words.append("takes the opacity of the uniform")
        value = f"vec4f(color, {alpha})"
    else:
        value, more = _plain_value(base, draws)
        words += more
        if value == base.whole or "textureSample" in value:
            lines = [line for line in lines if not line.startswith("let sampled")]
    if any(line.startswith("let sampled") for line in lines) and draws.chance(0.12):
        cut = draws.pick(("0.5", "0.1", "0.01", "$alphaCutoff:f32"))
        lines.insert(1, f"if (sampled.a < {cut}) {{\n    discard;\n}}")
        words.insert(0, "discards transparent pixels")
    whole = base.words + (f", then {joined_words(words)}" if words else "") + "."
    descriptions = [whole]
    if words and base.words not in _PATTERN_WORDS:
        descriptions.append(f"Fragment stage that {joined_words(words)}")
    lines = [line for line in _seen_once("\n".join(lines)).split("\n") if line]
    stage = _Stage(draws, [*lines, f"return {value};"])
    calls = [call for step in steps for call in step.calls]
    return stage.draft(handles, descriptions, calls)


def _seen_once(text: str) -> str:
    """The direction to the eye has one name in all steps, and the normal is normalized once."""
    head, normalized, tail = text.partition(f" = {_UNIT_NORMAL};")
    name = re.search(r"let (\w+)(?:/\w+)*$", head)
    if name:
        text = head + normalized + tail.replace(_UNIT_NORMAL, name[1])
    first, *more = re.findall(_TO_EYE, text) or [""]
    for name in more:
        text = re.sub(_TO_EYE.replace(r"(\w+)", name) + r"\n", "", text)
        text = re.sub(rf"\b{name}\b", first, text)
    return text


def _plain_value(base: Base, draws: Draws) -> tuple[str, list[str]]:
    """The result without any step, and words for what was done to it."""
    share = draws.random()
    if not base.handles:
        return base.whole, []
    if share < 0.08 and "Sample" in base.whole:
        return f"{base.whole} * $tint:vec4f", ["multiplies the color with the tint"]
    if share < 0.14 and "Sample" in base.whole:
        return f"{base.whole} * %color:vec4f", ["multiplies the color with the vertex color"]
    if share < 0.7:
        return base.whole, []
    value, words = draws.pick(_SAMPLED)
    return value, list(words)


class _Stage:
    """Inputs, settings and result around the statements."""

    def __init__(self, draws: Draws, lines: list[str]) -> None:
        self.draws, self.needs = draws, Needs()
        self.body = self.needs.met("\n".join(lines), "uniforms.{}", "fin.{}")
        self.result = "@location(0) vec4f"
        self.context: list[str] = []

    def draft(self, handles: list[str], descriptions: list[str], calls: list[str]) -> Draft:
        settings, handles = self._settings(), list(dict.fromkeys(handles))
        self.context = settings + handles if self.draws.chance(0.5) else handles + settings
        parameters = self._inputs()
        self._result()
        return composed(
            self.draws, "fragment", FRAGMENT_NAMES, parameters, self.result, [self.body],
            attributes="@fragment", context=self.context, descriptions=descriptions, calls=calls,
        )  # fmt: skip

    def _settings(self) -> list[str]:
        members = [f"{name}: {kind}" for name, kind in self.needs.settings.items()]
        if not members:
            return []
        if self.draws.chance(0.3):
            self.draws.shuffle(members)
        kind, name = _SETTINGS if self.draws.chance(0.7) else _MATERIALS
        return [struct(kind, members), f"uniform {name}: {kind.partition('/')[0]};"]

    def _inputs(self) -> str:
        """The parameters: a struct of what is interpolated, or one parameter for each."""
        draws = self.draws
        inputs = dict(self.needs.inputs)
        position = ["@builtin(position) position: vec4f"] if inputs.pop("position", None) else []
        if (inputs or position) and (draws.chance(0.62) or len(inputs) > 2):
            name, kind = draws.pick(_UNUSED)
            if draws.chance(0.3):
                inputs.setdefault(name, kind)
            if not position and (draws.chance(0.75) or not inputs):
                position = ["@builtin(position) position: vec4f"]
            self.context.append(struct("VertexOutput", position + _located(inputs)))
            return "fin: VertexOutput"
        self.body = re.sub(r"\bfin\.", "", self.body)
        return ", ".join(position + _located(inputs))

    def _result(self) -> None:
        """At times a struct, or a variable, takes the color before it is returned."""
        before, _, value = self.body.rpartition("return ")
        value = value.removesuffix(";")
        if self.draws.chance(0.12):
            self.context.append("struct FragmentOutput { @location(0) outColor: vec4f }")
            declared = f"var fout/output/o: FragmentOutput;\nfout.outColor = {value};"
            self.body, self.result = f"{before}{declared}\nreturn fout;", "FragmentOutput"
        elif before and self.draws.chance(0.1):
            self.body = f"{before}let outCol/finalColor/fragColor = {value};\nreturn outCol;"


def _located(inputs: dict[str, str]) -> list[str]:
    return [f"@location({i}) {name}: {kind}" for i, (name, kind) in enumerate(inputs.items())]
