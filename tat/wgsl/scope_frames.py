"""Parts of the state in scope_state.py: open brackets, and the word that owns the next one."""

from typing import Literal, NamedTuple

from tat.wgsl.builtins import Arity

Kind = Literal["block", "struct", "header", "loop", "call", "template", "free", "group"]


class Frame(NamedTuple):
    """An open bracket and what is known inside it.

    `kind`: block, struct, header (parameters of a function), loop (header of a for), call,
    template, free (an attribute's, where names are not checked) or group, any other bracket.
    """

    opening: str
    kind: Kind
    name: str = ""  # function or struct that it declares, or generator of a template list
    arity: Arity | None = None  # of a call
    names: frozenset[str] = frozenset()  # declared here
    outer: frozenset[str] = frozenset()  # those of a loop's header, which may be shadowed
    count: int = 0  # whole arguments, parameters or members
    filled: bool = False  # whether another one has begun

    def begins(self, text: str) -> bool:
        """Whether `text` begins another argument, parameter or member."""
        if self.filled or self.kind not in ("call", "struct", "header"):
            return False
        return text not in (",", ")", "}")

    @property
    def full(self) -> bool:
        """Whether no overload of a call takes another argument than the whole ones."""
        return self.kind == "call" and self.arity is not None and self.count >= max(self.arity)

    @property
    def entries(self) -> int:
        """Arguments, parameters or members, the one that has begun included."""
        return self.count + self.filled


Frames = tuple[Frame, ...]  # from the outermost one


class Used(NamedTuple):
    """A name that was used: "(" calls it, and "<" may open its template list."""

    name: str


class Declared(NamedTuple):
    """A name behind its keyword: "fn NAME" opens parameters, "struct NAME" members."""

    keyword: str
    name: str


class Attribute(NamedTuple):
    """The name of an attribute, as in "@size": what its brackets hold is not checked."""


Owner = Used | Declared | Attribute | None  # the word that an opening bracket would belong to


def block(owner: Owner, function: tuple[str, int], incoming: frozenset[str]) -> Frame:
    """The frame of a struct or a block, which starts with the names `incoming`."""
    if isinstance(owner, Declared) and owner.keyword == "struct":
        return Frame("{", "struct", name=owner.name)
    name, count = function
    outer = frozenset() if name else incoming
    return Frame("{", "block", name=name, names=incoming, outer=outer, count=count)
