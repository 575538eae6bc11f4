"""The families as documents of an index: what each computes, once for each of its types.

fn sdCircle/circleSdf(p/pos: vec2f, r/radius: f32) -> f32    fn sd_circle(p: vec2f, r: f32) ...
  # Signed distance to a circle                          ->      return length(p) - r;
  = length(p) - r                                            found as circleSdf, too
"""

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from tat.retrieval.chunks import Document
from tat.synth.comments import described
from tat.synth.draft import Draft
from tat.synth.draws import Draws, Weighted
from tat.synth.family import SOURCE, Family
from tat.synth.style import Style
from tat.synth.tables import all_families
from tat.synth.templates import Choice, Template

_LICENSE = "MIT"  # tat's own
_STYLE = Style(
    long_types=False, snake=True, colon=": ", indent="    ", parentheses=False, literal="",
    increment="i++", brace_below=False, compact_arrow=False, comments=True, annotated=True,
    padded=False, one_line=False, inferred=False, last_comma=True,
)  # fmt: skip

Item = TypeVar("Item")


class _Plain(Draws):
    """Draws of the plainest text: always the first of several, and nothing that chance adds."""

    def __init__(self) -> None:
        self.random = lambda: 0.5

    def chance(self, share: float) -> bool:
        return False

    def below(self, count: int) -> int:
        return 0

    def between(self, low: int, high: int) -> int:
        return low

    def pick(self, items: Sequence[Item]) -> Item:
        return items[0]

    def sample(self, items: Sequence[Item], count: int) -> list[Item]:
        return list(items[:count])

    def weighted(self, choices: Weighted[Item]) -> Item:
        return choices[0]


def family_documents(without: Collection[str] = ()) -> Iterator[Document]:
    """A function of each family and type, but for families `without` and those that call others.

    Its file is `synth:AREA/NAME`, its line the family's in its table.
    """
    for family in all_families():
        if family.id not in without and not family.calls:
            for kind in family.types if family.generic else ("",):
                yield _document(family, kind)


def _document(family: Family, kind: str) -> Document:
    draws = _Plain()
    draft = Draft(family, draws, _STYLE, kind)
    draft.names = family.names[:1]
    draft.alternatives = {name: names[:1] for name, names in family.alternatives.items()}
    written = draft.write()
    names = {name: names[0] for name, names in draft.alternatives.items()}
    word = "scalar" if kind == "f32" else "vector"
    comment = described(draft.descriptions[:1], names, word, draws) if draft.descriptions else ""
    said = (*family.names[1:], *map(_all_of, draft.descriptions))
    line = int(family.origin.rpartition(":")[2] or 0)
    return Document(
        SOURCE + family.id, line, written.name, f"{written.signature} {written.body}", _LICENSE,
        embedded=True, signature=written.signature, comment=comment, context=written.context,
        topics="\n".join(said),
    )  # fmt: skip


def _all_of(template: Template) -> str:
    """The words of a text with all its alternatives."""
    if isinstance(template, str):
        return template
    parts = template.alternatives if isinstance(template, Choice) else template
    return (" " if isinstance(template, Choice) else "").join(map(_all_of, parts))
