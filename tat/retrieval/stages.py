"""Entry points that a request in words asks for, made of plain functions.

a fragment shader that draws a checkerboard    fragment; the rest asks for `a checkerboard`
fn checker(uv: vec2f, count: f32) -> f32       becomes a @fragment function: uv comes from the
                                               vertex stage, count from a uniform buffer
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tat.retrieval.terms import terms
from tat.wgsl.typed import Typed, signature_of

_KINDS = {
    "fragment": r"(?:fragment|frag|pixel)[ -]+(?:shader|stage|pass|program|function)s?"
                r"|full-?\s?screen (?:pass|effect)|post-?\s?process(?:ing)? (?:pass|effect)",
    "vertex": r"(?:vertex|vert)[ -]+(?:shader|stage|program|function)s?",
    "compute": r"compute[ -]+(?:shader|stage|kernel|pass|pipeline|program)s?|gpu kernel",
}  # fmt: skip
_LINK = r"\b(?:\s+(?:that|which|to|for|with|of|doing|where|in which)\b)?"
_ASKED = re.compile(
    rf"\b(?:an?\s+|the\s+)?(?:{'|'.join(f'(?P<{k}>{v})' for k, v in _KINDS.items())}){_LINK}",
    re.IGNORECASE,
)
_SHOWS = re.compile(
    r"\b(?:draw|show|render|display|paint|apply|applie|produce|output)(?:s|ing)?\b", re.IGNORECASE
)
_OF_EACH = re.compile(  # what an entry point brings: elements of an array, or an image
    r"\b(?:(?:of|over|to|in|on|from|for)\s+)?(?:each|every)\s+"
    r"(?:element|item|entry|value|number|pixel|texel)\b"
    r"(?:\s+(?:of|in|from)\s+(?:an?|the)\s+(?:\w+\s+)?(?:array|buffer|image|texture)s?)?"
    r"|\b(?:of|over|to|in|on|from)\s+(?:an?|the)\s+(?:\w+\s+)?(?:image|texture)\b",
    re.IGNORECASE,
)
_TOGETHER = frozenset(  # work on all of an array, which no function of one element does
    terms("sum total add reduce reduction mean average maximum minimum largest smallest count"
          " prefix scan sort histogram dot softmax norm normalize transpose multiply matrix")
)  # fmt: skip
_DISTANCE = re.compile(r"\bfn (?:sd|ud)(?:_|[A-Z])|[Ss]igned distance")
_OF = re.compile(r"@(vertex|fragment|compute)\b")
_IMAGE = frozenset(terms("image picture texture photo pixel video frame"))
_COLOR = frozenset(terms("color colour rgb rgba pixel texel hdr linear srgb"))
_NORMAL = frozenset(terms("normal n"))
_PLACE = frozenset(terms("position pos point p vertex local model world"))
_SHARED = re.compile(r"(?:f32|i32|u32|vec[234][fiu]|mat[234]x[234]f)")
_LONG = re.compile(r"\b(vec[234]|mat[234]x[234])<([fiu])32>")
_SCALARS = re.compile(r"(?:f32|i32|u32|vec[24][fiu])")  # of which an array has no gaps


class Stage(NamedTuple):
    """The stage that a request asks for, "" for none, the rest of its words, and what these ask of
    each value: an entry point brings the array or the image of them."""

    name: str
    rest: str
    each: str


def stage_asked(request: str) -> Stage:
    """The stage that words ask for, as `fragment shader` does.

    >>> stage_asked("a compute shader that squares each element of an array")
    Stage(name='compute', rest='squares each element of an array', each='squares')
    >>> stage_asked("color of a fragment")
    Stage(name='', rest='color of a fragment', each='color of a fragment')
    """
    found = _ASKED.search(request)
    if found is None:
        return Stage("", request, request)
    rest = _blank_free(f"{request[: found.start()]} {request[found.end() :]}")
    each = _blank_free(_SHOWS.sub(" ", _OF_EACH.sub(" ", rest)))
    return Stage(found.lastgroup or "", rest or request, each or rest or request)


def _blank_free(text: str) -> str:
    return " ".join(text.split())


def stage_of(text: str) -> str:
    """The stage of the first entry point of a text, "" where there is none."""
    found = _OF.search(text)
    return found[1] if found else ""


def entry_point(stage: str, request: str, function: str, module: str) -> str:
    """An entry point of `stage` that calls `function`, below `module`, which holds it; "" where its
    parameters or its result do not suit the stage, or the module has bindings of its own."""
    if "@group" in module:
        return ""
    made = _Entry(request, function, is_distance=bool(_DISTANCE.search(module)))
    text = {"fragment": made.fragment, "compute": made.compute, "vertex": made.vertex}[stage]()
    return f"{module}\n\n{text}" if text else ""


class _Entry:
    """Rules by which the parameters of a function get their values in a stage."""

    def __init__(self, request: str, function: str, *, is_distance: bool) -> None:
        typed = signature_of(function)
        self._name, self._result = typed.name, _short(typed.result.type)
        self._parameters = [item._replace(type=_short(item.type)) for item in typed.parameters]
        said = {*terms(request)}
        self._image, self._together = bool(_IMAGE & said), bool(_TOGETHER & said)
        self._is_distance = is_distance and self._result == "f32"
        self._uniforms: list[Typed] = []

    def fragment(self) -> str:
        """Colours come from a texture, coordinates and normals from the vertex stage."""
        color = self._as_color(self._result)
        inputs: dict[str, str] = {}
        arguments, sampled = [], False
        for item in self._parameters:
            words = {*terms(item.name)}
            if item.type in ("vec3f", "vec4f") and words & _COLOR and not sampled:
                sampled = True
                arguments.append("texel" if item.type == "vec4f" else "texel.rgb")
            elif item.type == "vec2f" and "uv" not in inputs:
                inputs["uv"] = "vec2f"
                arguments.append("uv")
            elif item.type == "vec3f" and words & _NORMAL and "normal" not in inputs:
                inputs["normal"] = "vec3f"
                arguments.append("normalize(normal)")
            else:
                arguments.append(self._uniform(item))
        if not color or not (inputs or sampled) or "" in arguments:
            return ""
        if sampled:
            inputs = {"uv": "vec2f"} | inputs
            color = color.replace("ALPHA", "texel.a")
        given = ", ".join(
            f"@location({place}) {name}: {kind}"
            for place, (name, kind) in enumerate(inputs.items())
        )
        lines = ["let texel = textureSample(source, source_sampler, uv);"] if sampled else []
        if self._is_distance:
            lines += [f"let distance = {self._call(arguments)};"]
            lines += ["let pixel = max(fwidth(distance), 0.00001);"]
            lines += ["let value = clamp(0.5 - distance / pixel, 0.0, 1.0);"]
        else:
            lines += [f"let value = {self._call(arguments)};"]
        lines += [f"return {color.replace('ALPHA', '1.0')};"]
        resources = ["source: texture_2d<f32>", "source_sampler: sampler"] if sampled else []
        head = f"@fragment\nfn fragment_main({given}) -> @location(0) vec4f"
        return self._module(resources, head, lines)

    def compute(self) -> str:
        """Each pixel of an image, or else each element of an array."""
        if self._image:
            return self._image_pass()
        arguments, taken = [], ""
        for item in self._parameters:
            if not taken and _SCALARS.fullmatch(item.type):
                taken = item.type
                arguments.append("input[index]")
            else:
                arguments.append(self._uniform(item))
        fits = taken and not self._together and _SCALARS.fullmatch(self._result)
        if not fits or "" in arguments:
            return ""
        resources = [
            f"<storage, read> input: array<{taken}>",
            f"<storage, read_write> output: array<{self._result}>",
        ]
        head = (
            "@compute @workgroup_size(64)\n"
            "fn compute_main(@builtin(global_invocation_id) id: vec3u)"
        )
        lines = [
            "let index = id.x;", "if index >= arrayLength(&output) {", "    return;", "}",
            f"output[index] = {self._call(arguments)};",
        ]  # fmt: skip
        return self._module(resources, head, lines)

    def vertex(self) -> str:
        """The first position comes from the vertex buffer. A result of four components is in clip
        space; one of three is, too, after a matrix."""
        arguments, taken = [], ""
        for item in self._parameters:
            place = {*terms(item.name)} & _PLACE and item.type in ("vec3f", "vec4f")
            if not taken and place:
                taken = item.type
                arguments.append("position")
            else:
                arguments.append(self._uniform(item))
        call = self._call(arguments)
        if self._result == "vec3f" and taken == "vec3f":
            matrix = self._uniform(Typed("view_projection", "mat4x4f"))
            call = f"{matrix} * vec4f({call}, 1.0)"
        elif self._result != "vec4f":
            taken = ""
        if not taken or "" in arguments:
            return ""
        head = (
            f"@vertex\nfn vertex_main(@location(0) position: {taken}) -> @builtin(position) vec4f"
        )
        return self._module([], head, [f"return {call};"])

    def _image_pass(self) -> str:
        color = self._as_color(self._result).replace("ALPHA", "texel.a")
        arguments, taken = [], False
        for item in self._parameters:
            if item.type in ("vec3f", "vec4f") and {*terms(item.name)} & _COLOR and not taken:
                taken = True
                arguments.append("texel" if item.type == "vec4f" else "texel.rgb")
            else:
                arguments.append(self._uniform(item))
        if not taken or "" in arguments or not color:
            return ""
        resources = [
            "source: texture_2d<f32>", "destination: texture_storage_2d<rgba8unorm, write>",
        ]  # fmt: skip
        head = (
            "@compute @workgroup_size(8, 8)\n"
            "fn compute_main(@builtin(global_invocation_id) id: vec3u)"
        )
        lines = [
            "let pixel = id.xy;", "if any(pixel >= textureDimensions(source)) {", "    return;",
            "}", "let texel = textureLoad(source, pixel, 0);",
            f"let value = {self._call(arguments)};",
            f"textureStore(destination, pixel, {color});",
        ]  # fmt: skip
        return self._module(resources, head, lines)

    def _uniform(self, item: Typed) -> str:
        """A member of the uniform buffer; "" for what cannot be one."""
        if not _SHARED.fullmatch(item.type):
            return ""
        self._uniforms.append(item)
        return f"params.{item.name}"

    def _call(self, arguments: Sequence[str]) -> str:
        return f"{self._name}({', '.join(arguments)})"

    def _as_color(self, kind: str) -> str:
        return {
            "f32": "vec4f(vec3f(value), ALPHA)", "vec3f": "vec4f(value, ALPHA)", "vec4f": "value",
            "vec2f": "vec4f(value, 0.0, ALPHA)",
            "bool": "vec4f(vec3f(select(0.0, 1.0, value)), ALPHA)",
        }.get(kind, "")  # fmt: skip

    def _module(self, resources: Sequence[str], head: str, lines: Sequence[str]) -> str:
        return "\n".join(self._parts(resources, head, lines))

    def _parts(self, resources: Sequence[str], head: str, lines: Sequence[str]) -> Iterator[str]:
        resources = [*resources]
        if self._uniforms:
            yield "struct Params {"
            yield from (f"    {item.name}: {item.type}," for item in self._uniforms)
            yield "}\n"
            resources.append("<uniform> params: Params")
        for place, resource in enumerate(resources):
            blank = "" if resource.startswith("<") else " "
            yield f"@group(0) @binding({place}) var{blank}{resource};"
        if resources:
            yield ""
        yield f"{head} {{"
        yield from (f"    {line}" for line in lines)
        yield "}"


def _short(kind: str) -> str:
    """A type as `vec3f`, however it is written."""
    return _LONG.sub(r"\1\2", kind)
