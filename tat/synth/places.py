"""Other places for a family's parameters: structs, uniforms, constants, stages, kernels."""

import re
from collections.abc import Callable, Sequence

from tat.synth.draft import Argument, Draft
from tat.synth.draws import Weighted
from tat.synth.literals import VECTOR, constant, plain_name
from tat.synth.renaming import renamed
from tat.synth.seen import is_seen
from tat.synth.words import plural, synonyms, upper_case, word_list

SETTINGS_TYPES = ("Params", "Uniforms", "Settings", "Config", "Options", "Constants", "Globals",
                  "Data", "UBO", "PushConstants")  # fmt: skip
SETTINGS = ("params", "uniforms", "u", "settings", "config", "options", "ubo", "globals", "cfg",
            "uni", "args")  # fmt: skip
_BUNDLE_TYPES = ("Args", "Inputs", "Desc", "Context", "Data", "Info", "Params")
_BUNDLES = ("args", "input", "desc", "ctx", "data", "info", "params")
_VARYINGS = ("VertexOutput", "FragmentInput", "VSOut", "Varyings", "VertexOut", "FSIn", "V2F")
_POSITIONS = ("position", "pos", "clipPosition", "Position", "fragCoord")
KERNEL_NAMES = ("main", "computeMain", "csMain", "cs_main", "run", "kernel", "process", "update",
                "compute")  # fmt: skip
FRAGMENT_NAMES = ("fsMain", "fs_main", "fragmentMain", "main", "fragment_main", "fs",
                  "mainFragment")  # fmt: skip
GROUP_SIZES = ("64", "64", "256", "128", "32", "64, 1, 1", "256, 1, 1")
_SHOWN = {
    "f32": "vec4f(vec3f({0}), 1.0)", "vec2f": "vec4f({0}, 0.0, 1.0)", "vec3f": "vec4f({0}, 1.0)",
    "vec4f": "{0}",
}  # fmt: skip
_KEYWORDS = {"const": "const", "private": "var<private>", "override": "override"}
_HOW_CONSTANT = Weighted(("const", 80), ("private", 12), ("override", 8))
# Of constants these may be errors when the module is made: out of bounds, or out of the domain.
_PICKY = re.compile(r"\[|<<|>>|%|\b(?:log2?|sqrt|inverseSqrt|acos|asin|pow|smoothstep|normalize)\(")
_DERIVATIVE = re.compile(r"\b(?:dpd[xy]|fwidth)\(")
_LAST_RETURN = re.compile(r"^return (.+);\s*$", re.M | re.S)


def substituted(text: str, names: Sequence[str], form: str) -> str:
    """`text` with each of the variables replaced by `form.format(name)`; members stay."""
    return renamed(text, {name: form.format(name) for name in names})


def returned(draft: Draft) -> tuple[str, str] | None:
    """Statements and then the value, of a body that returns once, at its end; None of others."""
    return returned_text(draft.is_expression, draft.body)


def returned_text(is_expression: bool, body: str) -> tuple[str, str] | None:
    """The same of a body's text."""
    if is_expression:
        return "", body
    if body.count("return") != 1:
        return None
    match = _LAST_RETURN.search(body)
    if not match or match.end() < len(body.rstrip()):
        return None
    return body[: match.start()], match[1]


def as_settings(draft: Draft) -> bool:
    """Some parameters become members of a uniform variable."""
    able = [a for a in _bundled(draft) if a in _settings(draft)]
    if not able:
        return False
    moved = _moved(draft, able, len(able))
    declare_settings(draft, moved)
    draft.body = substituted(draft.body, [a.name for a in moved], "bundle_.m_{}")
    draft.arguments = [a for a in draft.arguments if a not in moved]
    buffer = f"the {draft.context[-1].partition(' ')[0]} buffer."  # uniform or storage
    notes = ("Parameters come from", "The settings are read from", "Takes its settings from")
    draft.notes += tuple(f"{note} {buffer}" for note in notes)
    return True


def as_struct(draft: Draft) -> bool:
    """Some parameters become members of one parameter."""
    able = _bundled(draft)
    if len(able) < 2:
        return False
    moved = _moved(draft, able, len(able))
    place = next(i for i, a in enumerate(draft.arguments) if a in moved)
    draft.alternatives |= {"bundleType_": _BUNDLE_TYPES, "bundle_": _BUNDLES}
    draft.context.append(_members("bundleType_", moved))
    draft.body = substituted(draft.body, [a.name for a in moved], "bundle_.m_{}")
    draft.arguments = [a for a in draft.arguments if a not in moved]
    draft.arguments.insert(place, Argument("bundle_", "bundleType_"))
    return True


def _settings(draft: Draft) -> list[Argument]:
    """The arguments that stay the same for many values of the others.

    The first one is what a function is about, except where its partner in a pair is a setting.
    """
    known, pairs = word_list("settings"), word_list("pairs")
    able = [
        a for a in draft.arguments
        if plain_name(a) in known and not (len(plain_name(a)) == 1 and a.type[-1] in "iu2")
    ]  # fmt: skip
    first, paired = draft.arguments[0], [a for a in draft.arguments if plain_name(a) in pairs]
    together = len(paired) > 1 and len(able) < len(draft.arguments)
    if able[:1] == [first] and not (together and first in paired):
        able = able[1:]
    split = len(paired) > 1 and any(a not in able for a in paired)  # high does not go without low
    return [a for a in able if not (split and a in paired)]


def _bundled(draft: Draft) -> list[Argument]:
    return [a for a in draft.arguments if a.type != "bool" and "ptr" not in a.type]


def _moved(draft: Draft, able: list[Argument], count: int) -> list[Argument]:
    chosen = draft.draws.sample(able, count)
    if draft.draws.chance(0.3):
        return chosen
    return [a for a in draft.arguments if a in chosen]


def _members(name: str, arguments: Sequence[Argument], more: Sequence[str] = ()) -> str:
    members = [f"m_{a.name}: {a.type}" for a in arguments]
    return f"struct {name} {{ {', '.join([*members, *more])} }}"


def declare_settings(draft: Draft, arguments: Sequence[Argument], more: Sequence[str] = ()) -> None:
    """A uniform variable `bundle_` with the arguments as members."""
    draft.alternatives |= {"bundleType_": SETTINGS_TYPES, "bundle_": SETTINGS}
    draft.context.append(_members("bundleType_", arguments, more))
    space = "uniform" if draft.draws.chance(0.93) else "storage"
    draft.context.append(f"{space} bundle_: bundleType_;")


def as_constants(draft: Draft) -> bool:
    """One or two parameters become constants, overrides or private variables of the module."""
    draws = draft.draws
    able = [
        a for a in _settings(draft)
        if plain_name(a) not in word_list("pairs")
        and (a.type in ("f32", "i32", "u32") or (VECTOR.match(a.type) and draws.chance(0.2)))
    ]  # fmt: skip
    if not able or _PICKY.search(draft.body):
        return False
    count = min(len(able), draws.pick((1, 1, 2)))
    how = draws.weighted(_HOW_CONSTANT)
    moved = draws.sample(able, count)
    for a in moved:
        upper = upper_case(draft.word(a.name))
        capital = how != "private" and len(upper) > 1 and draws.chance(0.85)
        if capital and upper not in draft.family.used:
            draft.alternatives[a.name] = (upper,)
        value = constant(draft, a)
        use = "const" if how == "override" and VECTOR.match(a.type) else how
        needed = use != "const" or a.type != "f32" or draws.chance(0.7)
        kind = f": {a.type}" if needed else ""
        draft.constants.append(f"{_KEYWORDS[use]} {a.name}{kind} = {value};")
    draft.arguments = [a for a in draft.arguments if a not in moved]
    return True


def as_pointer(draft: Draft) -> bool:
    """The result is written through a pointer."""
    parts = returned(draft)
    if not parts:
        return False
    draft.alternatives["outPtr_"] = ("out", "result", "dst", "outValue", "res", "output")
    draft.arguments.append(Argument("outPtr_", f"ptr<function, {draft.result}>"))
    draft.is_expression, draft.body = False, f"{parts[0]}*outPtr_ = {parts[1]};"
    draft.result = ""
    return True


def as_variable(draft: Draft) -> bool:
    """The result is written to a variable of the module."""
    parts = returned(draft)
    if not parts:
        return False
    draft.alternatives["kept_"] = ("result", "state", "current", "shared0", "lastValue", "cached")
    draft.context.append(f"var<private> kept_: {draft.result};")
    draft.is_expression, draft.body = False, f"{parts[0]}kept_ = {parts[1]};"
    draft.result = ""
    return True


def as_kernel(draft: Draft) -> bool:
    """A compute stage does it for every element of buffers."""
    parts, draws = returned(draft), draft.draws
    kinds = [*(a.type for a in draft.arguments), draft.result]
    if parts is None or _DERIVATIVE.search(draft.body) or len(draft.arguments) > 4:
        return False
    if any(kind == "bool" or kind.startswith("mat") for kind in kinds):
        return False
    rest = _settings(draft)
    buffers = [a for a in draft.arguments if a not in rest]
    in_place = len(buffers) == 1 and buffers[0].type == draft.result and draws.chance(0.3)
    counted = bool(rest) and draws.chance(0.3)
    if rest:
        declare_settings(draft, rest, ["total_: u32"] if counted else [])
        draft.alternatives["total_"] = ("count", "n", "numElements", "length_", "size", "total")
    target = _declare_buffers(draft, buffers, in_place)
    size = "bundle_.total_" if counted else f"arrayLength(&{target})"
    lines = ["let index_ = gid.x;"]
    if draws.chance(0.8):
        test = f"index_ >= {size}" if draws.chance(0.9) else f"!(index_ < {size})"
        lines.append(f"if ({test}) {{\n    return;\n}}")
    statements, value = parts
    names = [a.name for a in rest]
    if rest and draws.chance(0.25):
        lines += [f"let {name} = bundle_.m_{name};" for name in names]
    else:
        statements, value = (
            substituted(text, names, "bundle_.m_{}") for text in (statements, value)
        )
    if statements or draws.chance(0.7):
        lines += [f"let {a.name} = ins{a.name}[index_];" for a in buffers]
    else:
        value = substituted(value, [a.name for a in buffers], "ins{}[index_]")
    lines.append(f"{statements}{target}[index_] = {value};")
    draft.attributes = f"@compute @workgroup_size({draws.pick(GROUP_SIZES)})"
    draft.arguments = [Argument("gid", "vec3u", "@builtin(global_invocation_id)")]
    draft.alternatives["gid"] = synonyms()["gid"]
    draft.alternatives["index_"] = ("i", "index", "idx", "id", "tid", "k")
    draft.is_expression, draft.body, draft.result = False, "\n".join(lines), ""
    draft.names = KERNEL_NAMES
    draft.notes += (
        "One invocation for each element.",
        "Runs once for every element of the buffer.",
    )
    return True


def _declare_buffers(draft: Draft, buffers: Sequence[Argument], in_place: bool) -> str:
    """A buffer for each argument and one for the results; its name."""
    alone = len(buffers) == 1
    for a in buffers:
        word = draft.word(a.name)
        others = ("input", "src", "dataIn", "inputs", "data")
        many = plural(word)
        named = (f"{word}In", f"{word}Buffer", f"{word}Data")
        draft.alternatives["ins" + a.name] = (many, many, *others) if alone else (many, *named)
        space = "storage_rw" if in_place else "storage"
        draft.context.append(f"{space} ins{a.name}: array<{a.type}>;")
    if in_place:
        return "ins" + buffers[0].name
    draft.alternatives["outs_"] = ("output", "results", "outputs", "dst", "outData", "dataOut",
                                   "result")  # fmt: skip
    draft.context.append(f"storage_rw outs_: array<{draft.result}>;")
    return "outs_"


def as_fragment(draft: Draft) -> bool:
    """A fragment stage shows it as a color."""
    parts, draws = returned(draft), draft.draws
    kinds = (*(a.type for a in draft.arguments), draft.result)
    if not parts or not all(kind in _SHOWN for kind in kinds):
        return False
    rest = _settings(draft)
    varying = [a for a in draft.arguments if a not in rest]
    if len(varying) != 1 or not is_seen(draft.subject, varying[0].type, draft.result):
        return False
    texts = list(parts)
    if rest:
        declare_settings(draft, rest)
        texts = [substituted(text, [a.name for a in rest], "bundle_.m_{}") for text in texts]
    if draws.chance(0.6):
        names = [a.name for a in varying]
        texts = [substituted(text, names, "in_.m_{}") for text in texts]
        _declare_varyings(draft, varying)
        draft.arguments = [Argument("in_", "inType_")]
    else:
        draft.arguments = [
            Argument(a.name, a.type, f"@location({i})") for i, a in enumerate(varying)
        ]
    show = _SHOWN[draft.result]
    if draws.chance(0.35):
        draft.alternatives["shown_"] = ("value", "result", "c", "color", "v_", "res", "out")
        tail = f"let shown_ = {texts[1]};\nreturn {show.format('shown_')};"
    else:
        tail = f"return {show.format(texts[1])};"
    draft.attributes, draft.result = "@fragment", "@location(0) vec4f"
    draft.is_expression, draft.body = False, texts[0] + tail
    draft.names = FRAGMENT_NAMES
    draft.notes += ("Shows the result as a color.", "Fragment stage.")
    return True


def _declare_varyings(draft: Draft, varying: Sequence[Argument]) -> None:
    draft.alternatives |= {
        "inType_": _VARYINGS, "in_": ("input", "in", "frag", "v", "fsIn", "i", "vsOut"),
        "position_": _POSITIONS,
    }  # fmt: skip
    members = [f"@location({i}) m_{a.name}: {a.type}" for i, a in enumerate(varying)]
    if draft.draws.chance(0.6):
        members.insert(0, "@builtin(position) position_: vec4f")
    draft.context.append(f"struct inType_ {{ {', '.join(members)} }}")


PLACES: Weighted[Callable[[Draft], bool] | None] = Weighted(
    (None, 57), (as_settings, 9), (as_struct, 7), (as_constants, 6), (as_pointer, 4),
    (as_variable, 3), (as_kernel, 8), (as_fragment, 6),
)  # fmt: skip
"""Shares of the places into which plain families are put; one that does not fit stays as it is."""
