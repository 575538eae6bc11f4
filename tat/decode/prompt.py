"""Requests, as parts of the sources that the model was trained on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from tat.data.given_text import as_read
from tat.data.samples import Source, completion_source, infill_source
from tat.decode.begun import LONGEST, Cursor, with_one_blank
from tat.errors import UsageError
from tat.retrieval.query import Hit
from tat.retrieval.stages import stage_asked
from tat.wgsl.heads import words_and_head
from tat.wgsl.stubs import with_stubs
from tat.wgsl.typed import signature_of


@dataclass(frozen=True)
class Adaptation:
    """A function of an index that may answer a prompt, renamed to the prompt's names."""

    render: Callable[[], str]  # the prompt's signature and a renamed body; called when it is tried
    origin: Hit
    proven: bool = False  # of tat's own, which are run against references


@dataclass(frozen=True)
class Prompt:
    """A request for a function, or for the text of a gap between prefix and suffix.

    >>> prompt = Prompt("area of a circle", signature="fn area(r: f32) -> f32")
    >>> prompt.lead  # the model writes the rest
    'fn area(r: f32) -> f32 '
    >>> gap = Prompt(prefix="fn area(r: f32) -> f32 { return ", suffix=" * r * r; }")
    >>> gap.module("3.14159")  # to validate
    'fn area(r: f32) -> f32 { return 3.14159 * r * r; }'
    >>> Prompt(prefix="fn area(r: f32) -> f32 {\\n    return 3", suffix=";\\n}").begun
    'return 3'

    Texts are taken as training reads them: see `tat.data.given_text`. A function head in a
    description without a signature is its signature.
    """

    description: str = ""
    signature: str = ""
    context: str = ""  # declarations that the function may use
    prefix: str | None = None
    suffix: str | None = None
    line: bool = False  # whether the gap is one line
    neighbours: tuple[str, ...] = ()  # functions to read beside it, found in an index
    adaptations: tuple[
        Adaptation, ...
    ] = ()  # functions of an index that may answer it, the best first
    last_resorts: tuple[Adaptation, ...] = ()  # less fitting ones, for when nothing else validates
    unknown: tuple[str, ...] = ()  # all words of a request, where a library knows none of them

    def __post_init__(self) -> None:
        for name in ("description", "signature", "context", "prefix", "suffix"):
            if text := getattr(self, name):
                object.__setattr__(self, name, as_read(text))
        if self.description and not (self.signature or self.is_gap):
            description, signature = words_and_head(self.description)
            object.__setattr__(self, "description", description)
            object.__setattr__(self, "signature", signature)
        if self.is_gap and (self.description or self.signature or self.context):
            raise UsageError(
                "prompt: a gap has a prefix and a suffix and nothing else; drop the rest"
            )
        if self.line and not self.is_gap:
            raise UsageError("prompt: one line is for a gap; give a prefix, a suffix or both")
        if not self.is_gap and not (self.description.strip() or self.signature.strip()):
            raise UsageError("prompt: empty; describe the function, or give a signature or a gap")

    @property
    def is_gap(self) -> bool:
        """Whether it asks for the text of a gap."""
        return self.prefix is not None or self.suffix is not None

    @property
    def enclosed(self) -> bool:
        """Whether it asks for the text of a gap with text on both sides."""
        return bool((self.prefix or "").strip() and (self.suffix or "").strip())

    @property
    def source(self) -> Source:
        """The marked parts of its source, in the order of training samples."""
        if self.is_gap:
            return infill_source(self.before, self.behind)
        return completion_source(self.description, self.signature, self.context)

    @cached_property
    def _cursor(self) -> Cursor:
        return Cursor.between(self._prefix, self.suffix or "") if self.is_gap else Cursor()

    @cached_property
    def _prefix(self) -> str:
        return with_one_blank(self.prefix or "")

    @property
    def begun(self) -> str:
        """The part of a gap's line that stands there: written again, and no part of the text."""
        return self._cursor.begun

    @property
    def rest(self) -> str:
        """The part of a gap's line that stands behind it: the text ends where it goes on."""
        return self._cursor.rest

    @property
    def rest_read(self) -> str:
        """As much of it as the model is asked about."""
        return self.rest[:LONGEST]

    @property
    def within(self) -> bool:
        """Whether it asks for the text of a gap within a line, which no line end may be in."""
        return bool(self.rest)

    @property
    def before(self) -> str:
        """The text that the model writes behind: the prefix of a gap up to where a line begins."""
        return self._prefix.removesuffix(self.begun) + self._cursor.lead

    @property
    def behind(self) -> str:
        """The text that it writes before: the suffix of a gap from where a line ends."""
        return self._cursor.tail + (self.suffix or "")[len(self.rest) :]

    @cached_property
    def readings(self) -> tuple["Prompt", ...]:
        """The prompt, and it without its description: a signature says much alone, and people
        describe in words that training has not met."""
        if self.is_gap or not (self.description.strip() and self.signature.strip()):
            return (self,)
        return self, replace(self, description="")

    @cached_property
    def stage(self) -> str:
        """The stage of the entry point that its words ask for; "" for none, or with a signature."""
        return "" if self.is_gap or self.signature else stage_asked(self.description).name

    @property
    def lead(self) -> str:
        """The text in front of the generated one: the given signature, or a line's indentation."""
        return f"{self.signature.strip()} " if self.signature.strip() else self._cursor.lead

    @property
    def tail(self) -> str:
        """Blank space behind the whole text of a gap."""
        return self._cursor.tail

    @cached_property  # asked for with each text that is weighed
    def parameters(self) -> tuple[str, ...]:
        """The names of the given signature's parameters."""
        return tuple(item.name for item in signature_of(self.signature).parameters)

    @cached_property  # asked for at the end of each statement
    def head(self) -> str:
        """The text above a generated text in its module.

        It is the context; a function of which only the signature is given gets a stub.
        """
        if self.is_gap:
            return self.prefix or ""
        return f"{with_stubs(self.context)}\n" if self.context.strip() else ""

    def module(self, text: str) -> str:
        """The module to validate for a generated text."""
        return f"{self.head}{text}{self.suffix or ''}"
