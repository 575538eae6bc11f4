"""The form in which a shader validates: as it stands, resolved, guessed, linked, or in parts."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from tat.errors import FileError, one_line
from tat.wgsl.declarations import Declaration, functions, split_module
from tat.wgsl.embedded.guesses import ALTERNATIVES
from tat.wgsl.embedded.names import uses
from tat.wgsl.embedded.neutral import neutral
from tat.wgsl.embedded.placed import Placed
from tat.wgsl.embedded.project import Project, Shader
from tat.wgsl.sandbox import NOT_WGSL, Diagnostic

Form = Literal["plain", "resolved", "linked", "salvaged", "unusable"]
FORMS: tuple[Form, ...] = ("plain", "resolved", "linked", "salvaged", "unusable")
Validate = Callable[[str], Diagnostic | None]

_UNKNOWN = "no definition in scope"  # naga's words for a name that nothing declares
_NAMED = 3  # of the names from outside
_MOST_SALVAGED = 200  # functions of a text that are tried by themselves


class Judged(NamedTuple):
    """A shader in the best form in which it validates, and where not why not.

    `text` is valid for the forms plain, resolved and linked, and for salvaged holds the functions
    that are; `problem` is naga's word on the whole, at an offset of `whole`. `unjudged` says why
    nobody can know whether it is valid: it takes something from outside the given folders.
    """

    shader: Shader
    form: Form
    text: Placed
    problem: Diagnostic | None
    whole: Placed
    unjudged: str = ""

    @property
    def reason(self) -> str:
        """Why it is not valid, with the names that nobody declares; "" where it is."""
        if self.unjudged:
            return self.unjudged
        if self.problem is None:
            return ""
        lacking = () if self.problem.message.startswith(NOT_WGSL) else self.shader.lacking
        more = f"; nobody declares {', '.join(lacking[:4])}" if lacking else ""
        return f"{self.problem.message}{more}"

    @property
    def where(self) -> tuple[str, int, int]:
        """File, line and column of the problem, or of what asks for something outside."""
        if self.unjudged:
            host = self.shader.region.host
            return (host.name, *host.line_column(self.shader.asks_at))
        at = offset_of(self.whole.text, self.problem) if self.problem else 0
        return place_of(self.whole, at)


def judged(project: Project, validate: Validate) -> Iterator[Judged]:
    """All shaders of a project, in order."""
    for number in range(len(project.regions)):
        yield judged_one(project, number, validate)


def judged_one(project: Project, number: int, validate: Validate) -> Judged:
    """One shader of a project; a hole gets another guess until one validates."""
    shader, problem = project.shader(number), None
    for value in ALTERNATIVES if shader.guessed else ALTERNATIVES[:1]:
        tried = shader if value == ALTERNATIVES[0] else project.shader(number, value)
        form: Form = "plain" if tried.processed.text == tried.filled.text else "resolved"
        form = "linked" if tried.taken else "resolved" if tried.guessed else form
        if not tried.taken and tried.linked.text != tried.filled.text:
            form = "resolved"
        said = validate(tried.linked.text)
        if said is None:
            return Judged(tried, form, tried.linked, None, tried.linked)
        problem = problem or said
    kept = salvaged(shader, validate)
    form = "salvaged" if kept.text.strip() else "unusable"
    if shader.outside and "::" in shader.linked.text:  # paths as names of the same length
        problem = validate(neutral(shader.linked.text)) or Diagnostic(_UNKNOWN)
    unknown = shader.outside and problem and _UNKNOWN in problem.message
    unjudged = f"cannot be judged: {outside(shader)}" if unknown else ""
    return Judged(shader, form, kept, problem, shader.linked, unjudged)


def outside(shader: Shader, absent: str = "no given folder has") -> str:
    """The words that name what a shader takes from files that are not given."""
    names = shader.outside
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    listed = ", ".join(names[:_NAMED])
    return f"imports {one_line(listed, 200)}{more}, which {absent}"


def salvaged(shader: Shader, validate: Validate) -> Placed:
    """Those functions of a shader that validate with the declarations that they use."""
    text = shader.linked
    declared = split_module(text.text)
    try:
        found = functions(text.text)
    except FileError:
        return Placed("", ())
    own = [item for item in declared if item.kind == "fn"]
    if not 0 < len(found) <= _MOST_SALVAGED:
        return Placed("", ())
    named = {item.name: item for item in declared}
    kept: dict[Declaration, None] = {}
    for item in own:
        needed = _needed(text.text, item, named)
        if item.start >= shader.front and validate(_together(text, needed).text) is None:
            kept.update(dict.fromkeys(needed))
    return _together(text, sorted(kept, key=lambda item: item.start))


def _needed(text: str, item: Declaration, named: dict[str, Declaration]) -> list[Declaration]:
    """A function with all declarations that it uses, in order; directives come first."""
    needed, pending = {item: None}, [item]
    while pending:
        code = text[pending[-1].start : pending.pop().end]
        for use in uses(code):
            other = named.get(use.path[0])
            if other is not None and other not in needed:
                needed[other] = None
                pending.append(other)
    enables = [other for other in named.values() if other.kind == "enable"]
    return sorted({*needed, *enables}, key=lambda other: other.start)


def _together(text: Placed, items: list[Declaration]) -> Placed:
    parts = []
    for item in items:
        part = text.slice(item.start, item.end)
        origin = part.origin(len(part.text))
        parts.append(part)
        if origin:
            parts.append(Placed.instead("\n", origin[0], origin[1], origin[1]))
    return Placed.join(parts)


def offset_of(text: str, problem: Diagnostic) -> int:
    """The offset of a diagnostic; its lines and columns count from 1, columns in characters."""
    if not problem.line:
        return 0
    start = 0
    for _ in range(problem.line - 1):
        start = text.find("\n", start) + 1 or len(text)
    stop = text.find("\n", start)
    return min(start + max(0, problem.column - 1), stop if stop >= 0 else len(text))


def place_of(text: Placed, offset: int) -> tuple[str, int, int]:
    """File, line and column of an offset of a text; ("", 0, 0) where it has none."""
    origin = text.origin(offset)
    return (origin[0].name, *origin[0].line_column(origin[1])) if origin else ("", 0, 0)
