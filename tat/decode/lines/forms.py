"""Statements that are common in shaders, over the names around a gap; naga says which may stand.

let <uv>          let uv = input.uv;
return            return textureSample(image, linear, uv);
a.y = b.y;        a.z = b.z;
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tat.decode.lines.rows import rows
from tat.decode.lines.site import Callee, Site, Value

_MOST = 300  # statements of a gap
_CALLEES = 8
_DECLARED = re.compile(r"(?:let|var)\s+(\w+)(\s*(?::[^=]*)?(?:=.*)?;)")
_NUMBERS = {
    "f32": ("0.0", "1.0"), "i32": ("0", "1", "-1"), "u32": ("0u", "1u", "0"),
    "bool": ("true", "false"),
}  # fmt: skip
_FILLED = ("0.0", "1.0", "0", "1", "0u", "1u", "")  # arguments of a vector
_OF_ONE = (
    "normalize", "length", "abs", "fract", "floor", "sqrt", "saturate", "f32", "i32", "u32", "exp",
)  # fmt: skip
_OF_TWO = ("dot", "cross", "min", "max", "vec2f", "vec2<f32>", "mix")
_PARTS = {"4": ("xyz", "rgb", "xy", "x", "a", "w"), "3": ("xy", "x", "y", "z"), "2": ("x", "y")}
_BARE = (
    "workgroupBarrier();", "return;", "discard;", "} else {", "storageBarrier();", "break;",
    "continue;",
)  # fmt: skip


def statements(site: Site) -> list[str]:
    """Different statements, the order a matter of taste: they are judged one by one."""
    if site.missing:
        found = _declarations(site)
    elif site.lacks_result:
        found = (f"return {value};" for value in expressions(site))
    else:
        found = _others(site)
    return list(islice(dict.fromkeys((*islice(found, _MOST), *rows(site))), _MOST))


def heads(site: Site) -> list[str]:
    """How the line has to begin, in the order of likelihood; [""] where nothing is known."""
    if not site.missing:
        return ["return ", ""] if site.lacks_result else [""]
    text = site.body + site.behind
    typed = len(re.findall(r"\b(?:let|var)\s+\w+\s*:", text))
    plain = len(re.findall(r"\b(?:let|var)\s+\w+\s*=", text))
    ends = [":", " ="] if typed > plain else [" =", ":"] if typed else [" ="]
    kinds = _kinds(site)
    if len(re.findall(r"\bvar\b", text)) > len(re.findall(r"\blet\b", text)):
        kinds = kinds[::-1]
    return [f"{kind} {site.missing}{end}" for end in ends for kind in kinds]


def _kinds(site: Site) -> Sequence[str]:
    return ("var",) if site.is_changed else ("let", "var")


def _declarations(site: Site) -> Iterator[str]:
    """Declarations of the missing variable."""
    name, kinds = site.missing, _kinds(site)
    for kind in filter(None, dict.fromkeys((site.result, *site.structs))):
        yield f"var {name}: {kind};"
    for value in expressions(site):
        yield from (f"{kind} {name} = {value};" for kind in kinds)
    for line in site.above + site.below:
        found = _DECLARED.fullmatch(line)
        if found and found[1] != name:
            yield from (f"{kind} {name}{found[2]}" for kind in kinds)


def _others(site: Site) -> Iterator[str]:
    """Calls, assignments and the like, for where nothing is known to be missing."""
    changing = re.findall(r"\bvar\s+(\w+)", site.body)[-3:]
    for callee in site.callees[:_CALLEES]:
        for call in _calls(callee, site.values):
            if callee.has_result:
                given = [value.text for value in site.values if value.text in call]
                yield from (f"{name} = {call};" for name in given[:2])
            else:
                yield f"{call};"
    for name in changing:
        for member in site.structs.get(site.variables.get(name, ""), ()):
            own = f"{name}.{member.text}"
            same = [v.text for v in site.values if v.last == member.text and v.text != own]
            yield from (f"{own} = {value};" for value in same)
        others = [other for other in list(site.variables)[-5:] if other != name]
        yield from (f"{name} {sign} {other};" for sign in ("+=", "*=", "-=") for other in others)
        yield from (f"{name}++;", f"{name} += 1;", f"{name} += 1u;")
    yield from _BARE
    if site.result:
        yield from (f"return {value};" for value in expressions(site))


def expressions(site: Site) -> Iterator[str]:
    """Values of names, members, calls of the module and constructors, whatever their type."""
    for value in site.values:
        yield value.text
        yield from _parts(site, value)
    yield from _constructed(site)
    yield from _transformed(site)
    yield from _sampled(site)
    for callee in site.callees[:_CALLEES]:
        if callee.has_result:
            yield from _calls(callee, site.values)
    yield from _of_unused(site)


def _parts(site: Site, value: Value) -> Iterator[str]:
    kind = value.kind
    size = kind[3:4] if kind.startswith("vec") else "4" if value.text in site.locals else ""
    if value.type and not kind.startswith("vec"):
        return
    yield from (f"{value.text}.{part}" for part in _PARTS.get(size, ()))


def _of_unused(site: Site) -> Iterator[str]:
    """Values of the last variables that nothing uses yet, or of those declared last."""
    names = site.fresh[-3:] or site.locals[-2:]
    for one in names:
        yield from (f"{function}({one})" for function in _OF_ONE)
        yield from (f"-{one}", f"1.0 - {one}")
        for other in names:
            if other != one:
                yield from (f"{one} {sign} {other}" for sign in "+*-/")
                yield from (f"{function}({one}, {other})" for function in _OF_TWO)


def _constructed(site: Site) -> Iterator[str]:
    """Values of the type that the function returns."""
    kind = site.result
    yield from _NUMBERS.get(kind, ())
    if kind in _NUMBERS:
        yield from (f"{kind}({value.text})" for value in site.values[-8:])
    if not kind.startswith("vec"):
        return
    yield from (f"{kind}({filled})" for filled in _FILLED)
    size = int(kind[3])
    names = [name for name in site.locals if name in site.fresh] or site.locals
    if len(names) >= size:
        yield f"{kind}({', '.join(names[-size:])})"
    if size == 4:
        yield from _of_four(site, kind)


def _of_four(site: Site, kind: str) -> Iterator[str]:
    yield from (f"{kind}({four})" for four in ("1.0, 1.0, 1.0, 1.0", "0.0, 0.0, 0.0, 1.0",
                                               "0.0, 0.0, 0.0, 0.0"))  # fmt: skip
    for value in site.values:
        size = value.kind[:4]
        if size in ("vec3", ""):
            yield f"{kind}({value.text}, 1.0)"
            alphas = [v for v in site.values if v.type[:4] == "vec4" or v.text in site.locals]
            yield from (f"{kind}({value.text}, {other.text}.a)" for other in alphas[-4:])
        if size in ("vec2", ""):
            yield f"{kind}({value.text}, 0.0, 1.0)"


def _transformed(site: Site) -> Iterator[str]:
    """Matrices times a vector: projection, view, then others."""
    matrices = [value.text for value in site.values if value.type.startswith("mat4")]
    ordered = sorted(matrices, key=lambda m: ("proj" not in m.lower(), "view" not in m.lower()))
    chains = [[matrix] for matrix in matrices[:4]]
    chains += [ordered] if len(ordered) > 1 else []
    chains += [ordered[:2]] if len(ordered) > 2 else []
    short = re.search(r"\bvec[34]f\b", f"{site.module}{site.signature}{site.body}")
    four = "vec4f" if short else "vec4<f32>"
    vectors = [v.text for v in site.values if v.kind[:4] in ("vec3", "vec4", "")]
    for vector in vectors[:4]:
        for chain in chains:
            yield f"{' * '.join(chain)} * {vector}"
            yield f"{' * '.join(chain)} * {four}({vector}, 1.0)"


def _sampled(site: Site) -> Iterator[str]:
    textures = [v.text for v in site.values if v.type.startswith(("texture_2d", "texture_cube"))]
    samplers = [v.text for v in site.values if v.type == "sampler"]
    places = [v.text for v in site.values if v.kind in ("vec2f", "vec3f")]
    for texture in textures[:3]:
        for sampler in samplers[:2]:
            calls = (f"textureSample({texture}, {sampler}, {place})" for place in places[:6])
            yield from calls


def _calls(callee: Callee, values: Sequence[Value]) -> Iterator[str]:
    """A function's calls: arguments of the parameters' names, else of their types."""
    alike = [
        list(dict.fromkeys((*_named(parameter, values), *_typed(parameter, values))))
        for parameter in callee.parameters
    ]
    if not all(alike):
        return
    yield f"{callee.name}({', '.join(texts[0] for texts in alike)})"
    if len(alike) == 1:
        yield from (f"{callee.name}({text})" for text in alike[0][1:2])
    different: list[str] = []
    for parameter in callee.parameters:
        left = [text for text in _typed(parameter, values) if text not in different]
        if not left:
            return
        different.append(left[0])
    yield f"{callee.name}({', '.join(different)})"


def _named(parameter: Value, values: Iterable[Value]) -> list[str]:
    return [value.text for value in values if value.last == parameter.text]


def _typed(parameter: Value, values: Iterable[Value]) -> list[str]:
    return [value.text for value in values if value.kind == parameter.kind]
