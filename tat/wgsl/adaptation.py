"""Renames a function's body to the names of another function, so that it can take its place.

Parameters, members of structs and variables of the module are matched by name, then by attributes,
then by type, each in the order of declaration. A plain value of the module takes the place of
another only where its words say the same (`tat.wgsl.meaning`): a near plane is no mass. A name
without a match stays. The result may be invalid, or do something else: callers validate it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tat.wgsl.declarations import declared_names, split_module
from tat.wgsl.lexer import Token, code_of, spliced
from tat.wgsl.meaning import is_plain, means, product_of
from tat.wgsl.typed import Typed, module_of, signature_of

# vec3<f32> and vec3f are one type in two spellings.
_LONG_TYPE = re.compile(r"\b(vec[234]|mat[234]x[234])\s*<\s*(?:([fiu])32|f16)\s*>")


class Place(NamedTuple):
    """The surroundings of a body: its function's signature, and the declarations it may use."""

    signature: str
    context: str


def short_types(code: str) -> str:
    """`code` with vec3<f32> as vec3f, and the like."""
    return _LONG_TYPE.sub(lambda found: found[1] + (found[2] or "h"), code)


def short_type(written: str) -> str:
    """A type in its short spelling, without blanks."""
    return short_types(written).replace(" ", "")


def adapted(body: str, theirs: Place, ours: Place) -> str:
    """`body`, written for `theirs`, with the names that the same things have in `ours`.

    It brings along constants of its module that ours lacks. Its own variables are renamed where
    they have the name of a parameter. No text where an array would become one of another length:
    loops and indices of a body are written for one.
    """
    there, here = _Declarations(theirs), _Declarations(ours)
    types = dict(_struct_pairs(there, here))
    names = types | _matched(there.parameters, here.parameters, types)
    names |= _matched(there.variables, here.variables, types, by_words=True)
    names |= _found_elsewhere(there, here, types, names)
    resized = _resizes_an_array(there.values, here.values, types, names)
    members: dict[str, str] = {}
    for old, new in types.items():
        inside = there.structs[old], here.structs[new]
        alike = new in here.given and sorted(_kinds(inside[0])) == sorted(_kinds(inside[1]))
        members |= (own := _matched(*inside, types, by_words=not alike))
        resized |= _resizes_an_array(*inside, types, own)
    if resized:
        return ""
    body = _with_constants(body, theirs.context, ours.context)
    tokens = code_of(body)
    taken = {item.name for item in here.parameters} | set(names.values())
    words = {token.text for token in tokens}
    for local in taken.intersection(declared_names(tokens)):
        names[local] = _free(local, words | taken)
    return spliced(body, _renamings(tokens, names, members))


def same_types(one: str, other: str) -> bool:
    """Whether two signatures have the same types of parameters, in order, and of the result."""
    sides = [_Declarations(Place(signature, "")) for signature in (one, other)]
    types = [[*(item.type for item in side.parameters), side.result] for side in sides]
    return types[0] == types[1]


class _Declarations:
    """The declarations of a signature and its context, their types as `short_type` spells them."""

    def __init__(self, place: Place) -> None:
        module, signature = module_of(place.context), signature_of(place.signature)
        self.structs = {name: _short(members) for name, members in module.structs.items()}
        self.variables = _short(v for v in module.variables if v.keyword == "var" and v.type)
        self.parameters = _short(signature.parameters)
        kind = short_type(signature.result.type)
        self.given = {kind, *(item.type for item in self.parameters)}
        self.result = signature.result.attributes + kind

    @property
    def values(self) -> list[Typed]:
        """Parameters and variables."""
        return self.parameters + self.variables

    def members_of(self, value: Typed) -> list[Typed]:
        """The members of a value that is a struct, named as `value.member`."""
        members = self.structs.get(value.type, [])
        return [member._replace(name=f"{value.name}.{member.name}") for member in members]

    def paths(self, kind: str, name: str, many: int) -> Iterator[str]:
        """The values of a type that may take the place of one of this name, one of so many."""
        for given, values in ((True, self.parameters), (False, self.variables)):
            paths = [(path, value) for value in values for path in (value, *self.members_of(value))]
            for path, value in paths:
                said = f"{path.name} {value.type if value.type in self.structs else ''}"
                passed = given and (path is value or self._all(path, value, name, many))
                if path.type == kind and (passed or not is_plain(kind) or means(name, said)):
                    yield path.name
            if not given and kind == "mat4x4f":
                matrices = [path.name for path, _ in paths if path.type == kind]
                yield from product_of(name, matrices)

    def _all(self, path: Typed, value: Typed, name: str, many: int) -> bool:
        """Whether a member is asked for whatever it is called: each of a ray's two vectors where
        there are two to find, or the only one of its type for a letter."""
        kinds = _kinds(self.structs[value.type])
        return kinds == [path.type] * many or (len(name) == 1 and kinds.count(path.type) == 1)


def _code(text: str) -> list[str]:
    return [token.text for token in code_of(short_types(text))]


def _short(items: Iterable[Typed]) -> list[Typed]:
    return [item._replace(type=short_type(item.type)) for item in items]


def _kinds(members: Iterable[Typed]) -> list[str]:
    return [member.type for member in members]


def _struct_pairs(there: _Declarations, here: _Declarations) -> Iterator[tuple[str, str]]:
    """Structs in the same place of both signatures, then structs of the same name."""
    if there.result in there.structs and here.result in here.structs:
        yield there.result, here.result
    both = [
        [item.type for item in side.parameters if item.type in side.structs]
        for side in (there, here)
    ]
    yield from zip(*both)
    yield from ((name, name) for name in there.structs if name in here.structs)


def _matched(
    theirs: Sequence[Typed], ours: Sequence[Typed], types: Mapping[str, str], *,
    by_words: bool = False,
) -> dict[str, str]:  # fmt: skip
    """Maps names of `theirs` to names of `ours`; each of ours is taken once.

    With `by_words` a plain value takes the place of one that its words say."""
    left, names = list(ours), dict[str, str]()
    for alike in (_same_name, _same_attributes, _same_type):
        for item in theirs:
            typed = item._replace(type=types.get(item.type, item.type))
            found = next(
                (
                    other for other in left if alike(typed, other)
                    and not (by_words and is_plain(typed.type) and not means(item.name, other.name))
                ),
                None,
            )  # fmt: skip
            if item.name not in names and found:
                names[item.name] = found.name
                left.remove(found)
    return names


def _found_elsewhere(
    there: _Declarations, here: _Declarations, types: Mapping[str, str], known: Mapping[str, str]
) -> dict[str, str]:
    """Maps further values at `there`, and their members, to any value of the same type.

    A value of the same name comes first, then one that nothing maps to yet: of two vectors of ours,
    origin and direction of theirs are not both the first. Where all are taken the first is again,
    but not for a parameter: smax(a, b) is not smax(x, x). Of plain values of the module only those
    count whose words say the same, and of view and projection their product.
    """
    names: dict[str, str] = {}
    for value in there.values:
        if value.name not in known:
            for item in (value, *there.members_of(value)):
                wanted = types.get(item.type, item.type)
                many = sum(v.type == value.type for v in there.values if v.name not in known)
                fitting = [*here.paths(wanted, _last(item.name), many)]
                taken = {*known.values(), *names.values()}
                alike = [name for name in fitting if _last(name) == _last(item.name)]
                free = [name for name in fitting if name not in taken]
                again = [] if item in there.parameters else fitting
                if best := [*alike, *free, *again]:
                    names[item.name] = best[0]
    return names


def _resizes_an_array(
    theirs: Sequence[Typed], ours: Sequence[Typed], types: Mapping[str, str],
    names: Mapping[str, str],
) -> bool:  # fmt: skip
    """Whether an array takes the place of another type, or another type that of an array."""
    here = {item.name: item.type for item in ours}
    for item in theirs:
        wanted = types.get(item.type, item.type)
        taken = here.get(names.get(item.name, item.name), wanted)
        if wanted != taken and "array<" in wanted + taken:
            return True
    return False


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _same_name(one: Typed, other: Typed) -> bool:
    return one.name == other.name


def _same_attributes(one: Typed, other: Typed) -> bool:
    return bool(one.attributes) and one.attributes == other.attributes and _same_type(one, other)


def _same_type(one: Typed, other: Typed) -> bool:
    return one.type == other.type


def _with_constants(body: str, theirs: str, ours: str) -> str:
    """`body` with the constants of `theirs` that it needs and `ours` does not declare."""
    declared = {item.name for item in split_module(ours)}
    needed, kept = set(_code(body)), []
    for item in reversed(split_module(theirs)):  # most are declared before their use
        if item.kind == "const" and item.name in needed - declared:
            text = theirs[item.start : item.end]
            needed.update(_code(text))
            kept.append(text)
    constants = "".join(f"\n    {text}" for text in reversed(kept))
    return f"{{{constants}{body.removeprefix('{')}" if kept else body


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _renamings(
    tokens: Sequence[Token], names: Mapping[str, str], members: Mapping[str, str]
) -> Iterator[tuple[int, int, str]]:
    """Edits that change names and paths `name.member`, and other members by `members`."""
    texts = ["", *(token.text for token in tokens), "", ""]
    end = 0
    for place, token in enumerate(tokens, 1):
        if token.start < end or token.kind != "identifier":
            continue
        path = "".join(texts[place : place + 3])
        last, new = token, names.get(token.text, token.text)
        if texts[place - 1] == ".":
            new = members.get(token.text, token.text)
        elif path in names:
            last, new = tokens[place + 1], names[path]
        end = last.end
        yield token.start, end, new
