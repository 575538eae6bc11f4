"""Which functions draw something, and how: an expression of `uv` that gives a colour.

A function of a place, `vec2f` or `vec3f`, and perhaps of further numbers, is drawn over the unit
square (uv, y downwards) or around the origin: a colour as it is, a number as grey, and a signed
distance, which has a negative value somewhere and is named as one, by its lines.
"""

import re

from tat.cookbook.library import Entry
from tat.cookbook.picture import draw as draw_entry
from tat.wgsl.adaptation import short_types
from tat.wgsl.declarations import functions
from tat.wgsl.lexer import tokenize
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.typed import TypedSignature, signature_of

_DISTANCE = re.compile(r"dist|sdf|^sd[A-Z_]|signed|box|circle|sphere|ring|capsule|segment")
_OTHERS = {
    "f32": "0.25", "vec2f": "vec2f(0.45, 0.3)", "vec3f": "vec3f(0.5, 0.35, 0.4)",
    "vec4f": "vec4f(0.3, 0.5, 0.8, 1.0)", "i32": "4", "u32": "4u", "bool": "true",
}  # fmt: skip
_ROUND = "(2.2 * uv - vec2f(1.1)) * vec2f(1.0, -1.0)"  # around the origin, y upwards


def picture_of(code: str) -> str:
    """The expression that draws the last function of a module; "" where nothing is to be seen."""
    found = functions(code)
    if not found or len(tokenize(code)) > 20_000:
        return ""
    signature = signature_of(short_types(found[-1].signature))
    if "@" in found[-1].signature or not signature.parameters:
        return ""
    return _expression(signature)


def draw(code: str, expression: str, sandbox: Sandbox) -> bytes:
    """The picture as a PNG file; FileError if it cannot be drawn."""
    entry = Entry("page", "", "", (), 1, "train", "", (), "", expression, code)
    return draw_entry(entry, sandbox)


def _expression(signature: TypedSignature) -> str:
    name, parameters, result = signature
    first = parameters[0].type
    if first not in ("vec2f", "vec3f") or any(item.type not in _OTHERS for item in parameters):
        return ""
    distance = result.type == "f32" and bool(_DISTANCE.search(name))
    plane = parameters[0].name == "uv"
    place = "uv" if plane else _ROUND if distance else "(4.0 * uv)"
    if first == "vec3f":
        place = f"vec3f({place}, 0.0)"
    others = [_OTHERS[item.type] for item in parameters[1:]]
    call = f"{name}({', '.join([place, *others])})"
    return {
        "vec3f": call, "vec4f": f"{call}.rgb", "vec2f": f"vec3f({call}, 0.0)",
        "f32": _lines(call) if distance else f"vec3f({call})",
    }.get(result.type, "")  # fmt: skip


def _lines(call: str) -> str:
    """A signed distance by its sign, its lines and the edge."""
    return (
        f"mix(vec3f(1.0), mix(vec3f(0.95, 0.62, 0.35), vec3f(0.35, 0.6, 0.9),"
        f" step({call}, 0.0)) * (1.0 - exp(-7.0 * abs({call})))"
        f" * (0.85 + 0.15 * cos(70.0 * {call})), smoothstep(0.0, 0.03, abs({call})))"
    )
