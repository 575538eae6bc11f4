"""Functions that call another, which is known by its signature and by what its family says."""

import re
from collections.abc import Callable, Sequence

from tat.synth import places
from tat.synth.compose.meanings import Way, Ways, called_so
from tat.synth.draft import Argument, Draft
from tat.synth.draws import Draws, Weighted
from tat.synth.dress import PLAIN, about, dressed
from tat.synth.family import Family, Helper, parse_header, parse_parameters, with_type
from tat.synth.places import substituted
from tat.synth.words import RESERVED, begins_with_verb, titled, word_list

_DECLARED = re.compile(r"\b(?:let|var) (\w+)")
_SAME = ("time", "t", "dt", "resolution")  # parameters that are the same in both of a chain
_OF_OCTAVES = re.compile("fbm|Fbm|turbulence|ridged|billow|marble|Warp|cloud")
_POINTS = (
    "points/positions/places", "nearest/best/least", "Smallest value of %s over an array of points",
)  # fmt: skip
_COUNTED = {  # meanings: names of an array, those of what becomes of it, and words for that
    "loss": ("probabilities/p/predictions", "sum/total/acc", "Sum of %s over an array"),
    "energy": ("velocities/vels/v", "sum/total/acc", "Sum of %s over an array"),
    "distance": _POINTS, "distance3": _POINTS,
}  # fmt: skip
_ZERO = {"f32": "0.0", "i32": "0", "u32": "0u"}


class Callables:
    """The families that others can call: plain, few parameters; and ways to put them together."""

    def __init__(self, families: Sequence[Family]) -> None:
        self.all = [
            f for f in families
            if f.plain and len(f.parameters) <= 4 and not f.result.startswith(("bool", "mat"))
            and not any(p.type == "bool" or p.type.startswith("mat") or "«" in p.type
                        for p in f.parameters)
        ]  # fmt: skip
        known = set(map(id, self.all))
        self.ways = Ways([f for f in families if f.plain])
        self.starts = [w for w in self.ways.all if w.takes != (w.gives, w.gives)]
        self.simple = [w for w in self.ways.all if w.main == 0 and id(w.family) in known]
        self.again = [w for w in self.simple if w.takes == (w.gives,)]
        self.noises = [
            w for w in self.simple if w.gives.startswith("noise") and w.takes[0].startswith("field")
            and "octaves" not in (p.names[0] for p in w.family.parameters)
            and not _OF_OCTAVES.search(w.family.names[0])
        ]  # fmt: skip
        amounts = word_list("amounts")
        self.scaled = [w for w in self.simple if w.gives in amounts and w.takes[0] not in amounts]
        self.counted = [w for w in self.simple if w.gives in _COUNTED and len(w.takes) == 1]


class Callee:
    """A family as a function that is called."""

    def __init__(self, family: Family, draws: Draws, kind: str = "") -> None:
        kind = kind or (draws.pick(family.types) if family.generic else "")
        self.name = _callee_name(family, kind, draws)
        self.family, self.parameters, self.domain = family, family.parameters, family.domain
        self.originals = [p.names[0] for p in family.parameters]
        self.types = [with_type(p.type, kind) for p in family.parameters]
        self.result = with_type(family.result, kind)
        self.arguments = [f"{p.names[0]}Arg_" for p in family.parameters]
        share = draws.random()
        picked = [p.names[int(share * len(p.names))] for p in family.parameters]
        distinct = len({self.name, *picked}) == len(picked) + 1
        self.formal = picked if distinct else [p.names[0] for p in family.parameters]

    @property
    def signature(self) -> str:
        """The signature as a module declares it."""
        listed = (f"{name}: {kind}" for name, kind in zip(self.formal, self.types))
        return f"fn {self.name}({', '.join(listed)}) -> {self.result}"

    @property
    def own(self) -> list[str]:
        """Parameters of the caller that are passed on."""
        return [
            f"{name}/{'/'.join(n for n in p.names if n != self.name) or 'x'}: {kind}"
            for name, p, kind in zip(self.arguments, self.parameters, self.types)
        ]

    @property
    def is_float(self) -> bool:
        """Whether its result can be scaled and summed as floats are."""
        return self.result in ("f32", "vec2f", "vec3f", "vec4f")

    def call(self, first: str = "", rest: Sequence[str] | None = None) -> str:
        """A call with the caller's parameters, the first or all others replaced."""
        arguments = [first or self.arguments[0], *(self.arguments[1:] if rest is None else rest)]
        return f"{self.name}({', '.join(arguments)})"


def _callee_name(family: Family, kind: str, draws: Draws) -> str:
    """A name of a family's function in a dress of its own."""
    plain = draws.pick(family.names)
    name = dressed(plain, about(family, kind), PLAIN, False, draws)
    return plain if name in RESERVED or name in family.used else name


def _draft(
    draws: Draws, callee: Callee, names: str, parameters: Sequence[str], result: str, body: str,
    descriptions: Sequence[str], more: Sequence[Callee] = (),
) -> Draft:  # fmt: skip
    expression = "return" not in body
    return Draft(
        Family(
            "calls", tuple(names.split("/")), parse_parameters(", ".join(parameters)), result,
            descriptions=list(descriptions), bodies=[(expression, body)],
            calls=[callee.signature, *(other.signature for other in more)],
            domain=[substituted(line, callee.originals, "{}Arg_") for line in callee.domain],
        ).finish(),
        draws,
    )  # fmt: skip


def _scaled(callee: Callee, draws: Draws, gives: str) -> Draft | None:
    if not callee.is_float:
        return None
    title, name = titled(callee.name), callee.name
    body = draws.pick((
        f"{callee.call()} * factorQ_",
        f"let valueQ_/value/v/r = {callee.call()};\nreturn valueQ_ * factorQ_;",
    ))  # fmt: skip
    parameters = [*callee.own, "factorQ_/factor/strength/weight/intensity: f32"]
    names = f"scaled{title}/weighted{title}/{name}Scaled"
    says = [f"{{{name}}} times a factor", f"Scales the result of {{{name}}} by {{factorQ_}}"]
    return _draft(draws, callee, names, parameters, callee.result, body, says)


def _octaves(callee: Callee, draws: Draws, gives: str) -> Draft | None:
    if not callee.is_float or callee.types[0] not in ("f32", "vec2f", "vec3f"):
        return None
    title, name = titled(callee.name), callee.name
    growth, start = draws.pick(("2.0", "1.5", "2.02")), draws.pick(("1.0", "0.5"))
    body = f"""var sumQ_/sum/total/acc = {_zero(callee.result)};
var ampQ_/amp/amplitude/weight/w = {start};
var curQ_/cur/q/point = {callee.arguments[0]};
for (var i = 0; i < octavesQ_; i++) {{
    sumQ_ += ampQ_ * {callee.call("curQ_")};
    curQ_ *= {growth};
    ampQ_ *= 0.5;
}}
return sumQ_;"""
    parameters = [*callee.own, "octavesQ_/octaves/steps/iterations/layers: i32"]
    names = f"fractal{title}/layered{title}/sum{title}/{name}Octaves"
    says = [f"Sums several octaves of {{{name}}}",
            f"Adds {{{name}}} at higher frequencies and halved weights"]  # fmt: skip
    return _draft(draws, callee, names, parameters, callee.result, body, says)


def _zero(kind: str) -> str:
    return _ZERO.get(kind, f"{kind}()")


def _over_array(callee: Callee, draws: Draws, gives: str) -> Draft | None:
    title, name, size = titled(callee.name), callee.name, draws.pick((3, 4, 8, 16))
    items, pools, says = _COUNTED[gives]
    parameters = [f"itemsQ_/{items}: array<{callee.types[0]}, {size}>", *callee.own[1:]]
    each = callee.call("itemsQ_[i]")
    if pools.startswith("sum"):
        word, first = "sum", 0
        start, step = _zero(callee.result), f"accQ_ += {each};"
    else:
        word, first = "min", 1
        start, step = callee.call("itemsQ_[0]"), f"accQ_ = min(accQ_, {each});"
    body = f"""var accQ_/{pools} = {start};
for (var i = {first}; i < {size}; i++) {{
    {step}
}}
return accQ_;"""
    names = f"min{title}OverPoints/{name}OverPoints/{name}MinOverPoints"
    if word == "sum":
        names = f"sum{title}/{name}Sum/total{title}"
    return _draft(draws, callee, names, parameters, callee.result, body, [says % f"{{{name}}}"])


def _placed(callee: Callee, draws: Draws, gives: str) -> Draft | None:
    """A call whose arguments come from settings, a struct, buffers or a stage's inputs."""
    name, title = callee.name, titled(callee.name)
    place, words = draws.weighted(_PLACES)
    verbs = "" if begins_with_verb(name) else f"/eval{title}/get{title}"
    names = f"{name}Of/{name}For{verbs}"
    said = [words % f"{{{name}}}"]
    draft = _draft(draws, callee, names, callee.own, callee.result, callee.call(), said)
    draft.subject = callee.family
    if not place(draft):
        return None
    draft.notes = ()
    return draft


_PLACES: Weighted[tuple[Callable[[Draft], bool], str]] = Weighted(
    ((places.as_settings, "Calls %s with the settings of a buffer"), 20),
    ((places.as_struct, "%s with the values of a struct"), 15),
    ((places.as_constants, "%s with constants of the module"), 10),
    ((places.as_kernel, "Evaluates %s for every element"), 35),
    ((places.as_fragment, "Shows the result of %s as a color"), 20),
)
_WAYS: Weighted[tuple[Callable[[Callee, Draws, str], Draft | None], str]] = Weighted(
    ((_scaled, "scaled"), 10), ((_octaves, "noises"), 12), ((_over_array, "counted"), 12),
    ((_placed, "all"), 66),
)  # fmt: skip


def caller(callables: Callables, draws: Draws) -> Draft | None:
    """A function that calls one of the families; None where the draw did not come to one."""
    make, among = draws.weighted(_WAYS)
    chosen = getattr(callables, among)
    if not chosen:
        return None
    one = draws.pick(chosen)
    family, gives = (one.family, one.gives) if isinstance(one, Way) else (one, "")
    return make(Callee(family, draws), draws, gives)


def chain(callables: Callables, draws: Draws) -> Draft | None:
    """One family's function of another's result, where that makes sense."""
    if not callables.simple:
        return None
    first = draws.pick(callables.simple)
    callee = Callee(first.family, draws)
    left = {first.takes[0]} - {first.gives}
    way = callables.ways.next(first.gives, callee.result, left, draws, first.place)
    if way is None or way.main or len(way.takes) > 1 or way.family is first.family:
        return None
    other = Callee(way.family, draws, way.kind(callee.result))
    if other.name == callee.name or {other.name, callee.name} & {*other.formal, *callee.formal}:
        return None
    shared = {
        (p.names[0], kind): argument
        for p, kind, argument in zip(callee.parameters, callee.types, callee.arguments)
        if p.names[0] in _SAME
    }
    rest = [
        shared.get((p.names[0], kind), f"{p.names[0]}B_")
        for p, kind in zip(other.parameters[1:], other.types[1:])
    ]
    known = {n for p in callee.parameters for n in p.names}
    parameters = [*callee.own, *(
        f"{name}/{'/'.join(_second_name(n, draws) if n in known else n for n in p.names)}: {kind}"
        for name, p, kind in zip(rest, other.parameters[1:], other.types[1:]) if name[-2:] == "B_"
    )]  # fmt: skip
    body = draws.pick((
        other.call(callee.call(), rest),
        f"let mid/first/step1/v0 = {callee.call()};\nreturn {other.call('mid', rest)};",
    ))  # fmt: skip
    names = f"{callee.name}Then{titled(other.name)}/{callee.name}{titled(other.name)}"
    says = [f"Applies {{{callee.name}}} and then {{{other.name}}}",
            f"{{{other.name}}} of {{{callee.name}}}"]  # fmt: skip
    return _draft(draws, callee, names, parameters, other.result, body, says, [other])


def _second_name(name: str, draws: Draws) -> str:
    return name + ("B" if name[-1].isdigit() else draws.pick(("2", "B")))


def prepared(callables: Callables, draws: Draws) -> Draft | None:
    """A family's function, of which the main parameter goes through another function before."""
    if not callables.again:
        return None
    before = draws.pick(callables.again)
    meaning = before.takes[0]
    kind = draws.pick(before.family.types) if before.family.generic else ""
    given = with_type(before.family.parameters[0].type, kind)
    way = callables.ways.next(meaning, given, {meaning}, draws, before.place)
    if way is None or way.main or len(way.takes) > 1 or len(way.family.parameters) > 5:
        return None
    draft = Draft(way.family, draws, None, way.kind(given))
    argument, callee = draft.arguments[0], Callee(before.family, draws, kind)
    text = f"return {draft.body};" if draft.is_expression else draft.body
    free = callee.name not in way.family.used and callee.name not in callee.formal
    if not free or argument.name in _DECLARED.findall(text) or callee.name in way.family.names:
        return None
    _, _, formal, result = parse_header(callee.signature)
    draft.helpers = [*draft.helpers, Helper(callee.name, formal, result)]
    draft.alternatives[callee.name] = (callee.name,)
    variables = called_so().get(meaning, ((), ()))[1]
    draft.alternatives["ready_"] = (f"{argument.name}2", "prepared", *variables)
    extra = list(zip(callee.arguments, callee.types, callee.parameters))[1:]
    for name, kind, parameter in extra:
        draft.arguments.append(Argument(name, kind))
        draft.alternatives[name] = parameter.names
    draft.is_expression = False
    rest = substituted(text, [argument.name], "ready_")
    draft.body = f"let ready_ = {callee.call(argument.name)};\n{rest}"
    draft.names = tuple(
        name for n in draft.family.names
        for name in (f"{n}Of{titled(callee.name)}", f"{callee.name}{titled(n)}")
    )  # fmt: skip
    said = [text.rstrip(".") for text in draft.family.descriptions if "«" not in text]
    after = f", after {{{callee.name}}} of {{{argument.name}}}"
    draft.descriptions = [text + after for text in said]
    return draft
