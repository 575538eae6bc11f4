"""The regions of a file that are WGSL, in whatever language the file is written."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import PurePath

from tat.wgsl.embedded import c_family, javascript, markup, python, rust
from tat.wgsl.embedded.guesses import Filled, constants, filled
from tat.wgsl.embedded.literals import Candidate, whole
from tat.wgsl.embedded.neutral import dialect_of
from tat.wgsl.embedded.placed import Host, Placed
from tat.wgsl.embedded.recognition import is_wgsl

Reader = Callable[[Host], Iterator[Candidate]]

SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
SURE = (".wgsl", ".wesl")  # say themselves what they are; others are looked into
SHADERS = (".wesl", ".fx", ".tmpl", ".wgsli")  # whole files of a dialect
READERS: dict[str, Reader] = {
    **dict.fromkeys(SCRIPTS, javascript.strings),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".vue", ".svelte"), markup.html),
    **dict.fromkeys((".md", ".markdown", ".mdx"), markup.markdown),
    ".rs": rust.strings,
    **dict.fromkeys((".py", ".pyi"), python.strings),
    **c_family.READERS,
    **dict.fromkeys((*SHADERS, ".wgsl"), lambda host: iter([whole(host, 0, len(host.text))])),
}
SUFFIXES = tuple(suffix for suffix in READERS if suffix != ".wgsl")
"""Suffixes of files that may hold WGSL, beside .wgsl itself."""
PARTLY = "not read from"
"""The beginning of the reason where only the rest of a file is left out."""

_MAY_HOLD = re.compile(
    rb"fn\s+[A-Za-z_$\x80-\xff{%\\\"'`]|var\s*<|alias\s+\w+\s*=|\\nfn "
    rb"|struct\s+[\w$]+\s*\{[^;{}]{0,200}?(?:\w\s*:|\{)"
)
_DIALECT = re.compile(rb"^[ \t]*#|^[ \t]*import\b|@(?:if|elif|else)\b|::|#\{", re.MULTILINE)
_CALLED, _NEAR = re.compile(r"(?:wgsl|shader)[^\n;,]*\s*$", re.IGNORECASE), 80
_MOST_REFUSED = 2_000  # texts of a file that only seem to be WGSL; then it is left
_MOST_TAKEN = 4_000  # shaders of a file; each costs about a millisecond
_MOST_READ = 20_000  # texts of a file that have a word of WGSL's declarations
_WORDS = (b"fn ", b"struct ", b"var<", b"alias ")


@dataclass(frozen=True)
class Region:
    """WGSL, or a dialect of it, in a host file; `known` has what the host says of its holes."""

    host: Host
    candidate: Candidate
    known: Mapping[str, Candidate | str]

    @property
    def text(self) -> Placed:
        """The text as it stands, holes as the host writes them."""
        return self.candidate.text

    @cached_property
    def dialect(self) -> str:
        """wgsl, wesl, naga_oil, babylon, preprocessor or template."""
        return dialect_of(self.text.text, holes=bool(self.candidate.holes))

    @property
    def place(self) -> tuple[int, int]:
        """Line and column in the host where the text starts."""
        origin = self.text.origin(0)
        return self.host.line_column(origin[1] if origin else self.candidate.start)

    def filled(self, value: str = "1") -> Filled:
        """The region's text with words in the holes."""
        return self._first if value == "1" else filled(self.candidate, self.known, value)

    @cached_property
    def _first(self) -> Filled:
        return filled(self.candidate, self.known)


def suffix_of(name: str) -> str:
    """The suffix that says how a file is read."""
    return PurePath(name).suffix.lower()


def may_hold(data: bytes) -> bool:
    """Whether some bytes hold a word of WGSL's declarations: a quick look before all else."""
    return any(word in data for word in _WORDS) and bool(_MAY_HOLD.search(data))


def is_dialect(data: bytes) -> bool:
    """Whether the bytes of a shader seem to have imports, directives or conditions."""
    return bool(_DIALECT.search(data))


def regions(
    host: Host, suffix: str = "", *, draft: bool = False, left: Callable[[str], object] = len
) -> list[Region]:  # fmt: skip
    """The WGSL in a file, in order; none in a file of another kind. `draft` as in `is_wgsl`.

    Beyond a number of texts a file is not read on; `left` gets the place and the reason.
    """
    reader = READERS.get(suffix or suffix_of(host.name))
    if reader is None:
        return []
    found = list(islice(reader(host), _MOST_READ))
    named = {candidate.name: candidate for candidate in found if candidate.name}
    expressions = [hole.expression for candidate in found for hole in candidate.holes]
    known = {**named, **constants(host.text, expressions)} if expressions else {}
    made = [Region(host, candidate, known) for candidate in found]
    if (suffix or suffix_of(host.name)) in SURE:
        return [region for region in made if region.text.text.strip()]
    taken: list[Region] = []
    for number, region in enumerate(made):
        refused = number - len(taken)
        if len(taken) >= _MOST_TAKEN or refused >= _MOST_REFUSED:
            left(_left_out(region, len(taken), refused))
            return taken
        if is_wgsl(region.filled().text.text, draft=draft, told=draft and _told(region)):
            taken.append(region)
    if len(made) == _MOST_READ:
        left(_left_out(made[-1], len(taken), len(made) - len(taken)))
    return taken


def _left_out(region: Region, taken: int, refused: int) -> str:
    line = region.host.line_column(region.candidate.start)[0]
    texts = f"{taken} shaders and {refused} texts that only seem to be WGSL"
    return f"{PARTLY} line {line} on, behind {texts}"


def _told(region: Region) -> bool:
    """Whether the host calls a text WGSL or a shader right before it."""
    start = region.candidate.start
    return bool(_CALLED.search(region.host.text[max(0, start - _NEAR) : start]))
