"""Practice functions: chains of steps in words, and statements of no purpose."""

import re
from collections.abc import Collection

from tat.synth.compose.parts import struct
from tat.synth.draft import Draft
from tat.synth.draws import Draws, Weighted
from tat.synth.family import Family, Parameter
from tat.synth.literals import NICE
from tat.synth.places import as_constants, as_settings, as_struct
from tat.synth.practice.chains import Chain
from tat.synth.practice.scope import Scope
from tat.synth.practice.statements import statements
from tat.synth.words import listed

_VERBS = listed("""compute evaluate calc process apply transform adjust derive combine value get f
    shape response curve mapValue convert prepare update func""")
_ENDINGS = listed("Value Color Term Factor Result 1 2 3 A B Weight Step")
_RESULTS = Weighted(
    ("f32", 34), ("vec3f", 22), ("vec4f", 14), ("vec2f", 12), ("u32", 7), ("i32", 7), ("bool", 4)
)
_KINDS = Weighted(
    ("f32", 40), ("vec3f", 20), ("vec2f", 16), ("vec4f", 8), ("i32", 6), ("u32", 7), ("bool", 3)
)
_MEMBER_KINDS = Weighted(("f32", 45), ("vec3f", 20), ("vec2f", 15), ("vec4f", 12), ("u32", 8))
_CONSTANTS = ("SCALE", "LIMIT", "FACTOR", "STRENGTH", "RADIUS", "THRESHOLD", "SIZE")
_BUNDLE_TYPES = "bundleT_/Params/Uniforms/Settings/Config/Info/Material/Light/Item/State"
_CALL = re.compile(r"\b(?!vec\d|[fiu]32\b|if\b|for\b)([a-z]\w*)\(")
_WORD = re.compile(r"[A-Za-z_]\w*")


def described(draws: Draws) -> Draft | None:
    """A chain of steps that the comment tells one by one."""
    chain = Chain(draws)
    parameters = list(chain.parameters.items())
    if len(parameters) > 1 and draws.chance(0.25):
        draws.shuffle(parameters)
    draft = _draft(draws, chain.scope, parameters, chain.kind, "\n".join(chain.lines), chain.words)
    share = draws.random()
    if share < 0.1:
        as_settings(draft)
    elif share < 0.18:
        as_struct(draft)
    elif share < 0.23:
        as_constants(draft)
    return draft


def freestyle(draws: Draws) -> Draft | None:
    """Random well-typed statements over parameters, members and constants."""
    scope = Scope(draws)
    result = draws.weighted(_RESULTS)
    parameters, context = [], []
    for _ in range(draws.pick((1, 2, 2, 3, 3, 4, 5))):
        kind = draws.weighted(_KINDS)
        name = scope.fresh(kind)
        parameters.append((name, kind))
        scope.add(name, kind)
    if draws.chance(0.3):
        context += _bundle(scope, parameters)
    if draws.chance(0.12):
        name = draws.pick(_CONSTANTS)
        scope.alternatives[name] = (name,)
        context.insert(0, f"const {name}: f32 = {draws.pick(NICE)};")
        scope.add(name, "f32")
    body = statements(scope, result)
    if calls_of_constants(body, scope.alternatives.keys() - set(_CONSTANTS)):
        return None
    return _draft(draws, scope, parameters, result, body, [], context)


def calls_of_constants(body: str, variables: Collection[str]) -> bool:
    """Whether a function is called with constants alone.

    A compiler computes such a call, which may be out of its domain; naga knows no way to compute
    `mix`, `smoothstep` and others so, and refuses the module.
    """
    for match in _CALL.finditer(body):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(body[end], 0)
            end += 1
        if variables.isdisjoint(_WORD.findall(body[match.end() : end])):
            return True
    return False


def _bundle(scope: Scope, parameters: list[tuple[str, str]]) -> list[str]:
    """Variables that are members of a uniform, a buffer or a parameter; its declarations."""
    draws, members = scope.draws, []
    for _ in range(draws.between(2, 5)):
        kind = draws.weighted(_MEMBER_KINDS)
        name = scope.fresh(kind)
        members.append(f"m_{name}: {kind}")
        scope.add(f"bundle_.m_{name}", kind)
    context = [struct(_BUNDLE_TYPES, members)]
    names = "params/uniforms/u/settings/cfg/data/info"
    if draws.chance(0.4):
        scope.alternatives["bundle_"] = listed("params s item info cfg state m0")
        parameters.insert(0, ("bundle_", "bundleT_"))
        return context
    space = "uniform" if draws.chance(0.8) else "storage"
    return [*context, f"{space} bundle_/{names}: bundleT_;"]


def _draft(
    draws: Draws, scope: Scope, parameters: list[tuple[str, str]], result: str, body: str,
    descriptions: list[str], context: list[str] | None = None,
) -> Draft:  # fmt: skip
    name = draws.pick(_VERBS) + ("" if draws.chance(0.15) else draws.pick(_ENDINGS))
    family = Family(
        "practice", (name,), [Parameter((n,), kind) for n, kind in parameters], result,
        descriptions=descriptions, bodies=[(False, body)], context=context or [],
    )  # fmt: skip
    family.finish()
    family.alternatives |= scope.alternatives
    return Draft(family, draws)
