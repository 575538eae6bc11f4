"""Calls that only a stage or a device can answer, as calls of functions that any place may make."""

import re
from collections.abc import Mapping

SIDE = 8  # texels of a side of every texture
_CALL = re.compile(r"\b(texture[A-Z]\w*|dpd[xy]\w*|fwidth\w*|arrayLength)\(")

# Texel (x, y) of layer l is a number of its own; samples are bilinear between clamped texels.
HELPERS = (
    "fn tat_unit(n: u32) -> f32 { var h = n * 747796405u + 2891336453u;"
    " h = ((h >> ((h >> 28u) + 4u)) ^ h) * 277803737u; h = (h >> 22u) ^ h;"
    " return f32(h >> 8u) / 16777216.0; }",
    f"fn tat_load(which: u32, at: vec2i, layer: i32) -> vec4f {{"
    f" if (any(at < vec2i(0)) || any(at >= vec2i({SIDE}))) {{ return vec4f(0.0); }}"
    f" let n = u32(at.x) + {SIDE}u * u32(at.y) + 64u * u32(layer + 8) + 4096u * which;"
    " return vec4f(tat_unit(n * 4u), tat_unit(n * 4u + 1u), tat_unit(n * 4u + 2u),"
    " tat_unit(n * 4u + 3u)); }",
    f"fn tat_near(which: u32, at: vec2i, layer: i32) -> vec4f {{"
    f" return tat_load(which, clamp(at, vec2i(0), vec2i({SIDE - 1})), layer); }}",
    f"fn tat_sample(which: u32, uv: vec2f, layer: i32, level: f32) -> vec4f {{"
    f" let p = uv * {SIDE}.0 - 0.5; let i = vec2i(floor(p)); let f = fract(p);"
    " let a = mix(tat_near(which, i, layer), tat_near(which, i + vec2i(1, 0), layer), f.x);"
    " let b = mix(tat_near(which, i + vec2i(0, 1), layer),"
    " tat_near(which, i + vec2i(1, 1), layer), f.x);"
    " return mix(a, b, f.y) + 0.01 * level; }",
    "fn tat_sample3(which: u32, p: vec3f, level: f32) -> vec4f {"
    " return 0.5 + 0.5 * sin(vec4f(p, p.x + p.y + p.z) * 3.0 + p.yzxy + f32(which) + level); }",
    f"fn tat_gather(which: u32, uv: vec2f, layer: i32, c: u32) -> vec4f {{"
    f" let i = vec2i(floor(uv * {SIDE}.0 - 0.5));"
    " return vec4f(tat_near(which, i + vec2i(0, 1), layer)[c],"
    " tat_near(which, i + vec2i(1, 1), layer)[c], tat_near(which, i + vec2i(1, 0), layer)[c],"
    " tat_near(which, i, layer)[c]); }",
)  # fmt: skip


def emulated(text: str, textures: Mapping[str, str], elements: int) -> str:
    """`text` with such calls replaced, innermost last."""
    match = _CALL.search(text)
    if not match:
        return text
    depth, end = 1, match.end()
    while depth:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    inner = _listed(text[match.end() : end - 1])
    arguments = [emulated(part, textures, elements) for part in inner]
    made = _answer(match[1], arguments, textures, elements)
    return text[: match.start()] + made + emulated(text[end:], textures, elements)


def _listed(text: str) -> list[str]:
    """The arguments of a call; here < is no bracket, for shifts are frequent."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def _answer(name: str, given: list[str], textures: Mapping[str, str], elements: int) -> str:
    if name == "arrayLength":
        return f"{elements}u"
    if name.startswith("dpd"):
        return _derivative(name[3], given[0])
    if name.startswith("fwidth"):
        return f"(abs({_derivative('x', given[0])}) + abs({_derivative('y', given[0])}))"
    return _texture(name, given, textures)


def _derivative(axis: str, value: str) -> str:
    """One for each axis; those of a vector are no multiples of each other."""
    return f"(0.37 * ({value}))" if axis == "x" else f"(0.53 * ({value}) - 0.29)"


def _texture(name: str, given: list[str], textures: Mapping[str, str]) -> str:
    channel = ""
    if name == "textureGather" and given[0] not in textures:
        channel, *given = given
    which, kind = list(textures).index(given[0]), textures[given[0]]
    solid, layered = "3d" in kind or "cube" in kind, "array" in kind
    if name == "textureDimensions":
        return f"vec{'3' if '3d' in kind else '2'}u({SIDE}u)"
    if name in ("textureNumLevels", "textureNumLayers", "textureNumSamples"):
        return "4u"
    if name == "textureStore":
        at = f"vec2u({given[1]})"
        return f"{given[0]}_texels[min({at}.x, 7u) + 8u * min({at}.y, 7u)] = vec4f({given[-1]})"
    end = ".x" if "depth" in kind else ""
    if name == "textureLoad":
        if solid:
            return f"tat_sample3({which}u, vec3f({given[1]}), 0.0){end}"
        layer = f"i32({given[2]})" if layered else "0"
        return f"tat_load({which}u, vec2i({given[1]}), {layer}){end}"
    at, *rest = given[2:]
    layer = f"i32({rest.pop(0)})" if layered else "0"
    if name == "textureGather":
        return f"tat_gather({which}u, {at}, {layer}, u32({channel or '0'}))"
    offset = rest.pop() if rest and rest[-1].startswith("vec2i(") else ""
    at = f"({at}) + vec2f({offset}) / {SIDE}.0" if offset else at
    level = rest[0] if rest and name in ("textureSampleLevel", "textureSampleBias") else "0.0"
    at = f"normalize({at})" if "cube" in kind else at
    if solid:
        sampled = f"tat_sample3({which}u, {at}, f32({level})){end}"
    else:
        sampled = f"tat_sample({which}u, {at}, {layer}, f32({level})){end}"
    return f"select(0.0, 1.0, {rest[0]} <= {sampled})" if "Compare" in name else sampled
