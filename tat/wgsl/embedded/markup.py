"""WGSL in HTML scripts and in fenced blocks of Markdown, also inside strings of their code."""

import re
from collections.abc import Callable, Iterator

from tat.wgsl.embedded import javascript, python, rust
from tat.wgsl.embedded.literals import Candidate, whole
from tat.wgsl.embedded.placed import Host, Placed, with_line_feeds

_SCRIPT = re.compile(
    r"<!--|<(script|style)\b((?:[^>\"']|\"[^\"]*\"|'[^']*'){0,2000}?)>", re.IGNORECASE
)
_TYPE = re.compile(r"""\b(?:type|lang)\s*=\s*["']?([\w./+-]*)""", re.IGNORECASE)
_PROGRAM = re.compile(
    r"(?:text|application)/(?:javascript|ecmascript|typescript|babel|jsx)|module|ts|tsx|js|jsx|",
    re.IGNORECASE,
)
_FENCE = re.compile(
    r"^((?:[ \t]*>)*[ \t]*(?:[-*+] +|\d+[.)] +)?)(`{3,}|~{3,})([^\n`]*)$", re.MULTILINE
)

Strings = Callable[[Host, int, int | None], Iterator[Candidate]]
_HOSTS: dict[str, Strings] = {
    **dict.fromkeys(
        ("js", "javascript", "jsx", "ts", "typescript", "tsx", "mjs"), javascript.strings
    ),
    **dict.fromkeys(("rust", "rs"), rust.strings),
    **dict.fromkeys(("python", "py"), python.strings),
}
_SHADERS = frozenset(("", "wgsl", "wesl", "text", "txt", "plain", "plaintext", "webgpu", "shader"))


def html(host: Host, start: int = 0, end: int | None = None) -> Iterator[Candidate]:
    """Script elements: programs by their strings, others as they stand."""
    text, position = host.text, start
    end = len(text) if end is None else end
    while found := _SCRIPT.search(text, position, end):
        position = found.end()
        close = "-->" if found[1] is None else f"</{found[1].lower()}"
        stop = _find(text, close, position, end)
        if found[1] is not None and found[1].lower() == "script":
            kind = _TYPE.search(found[2])
            if _PROGRAM.fullmatch(kind[1] if kind else ""):
                yield from javascript.strings(host, position, stop)
            else:
                yield whole(host, position, stop)
        position = stop


def _find(text: str, close: str, position: int, end: int) -> int:
    found = re.compile(re.escape(close), re.IGNORECASE).search(text, position, end)
    return found.start() if found else end


def markdown(host: Host, start: int = 0, end: int | None = None) -> Iterator[Candidate]:
    """Fenced blocks: shaders as they stand, programs by their strings."""
    text = host.text
    fences = list(_FENCE.finditer(text, start, len(text) if end is None else end))
    index = 0
    while index < len(fences):
        opening = fences[index]
        index += 1
        while index < len(fences) and not _closes(opening, fences[index]):
            index += 1
        body = opening.end() + 1
        stop = fences[index].start() if index < len(fences) else len(text)
        index += 1
        language = (re.split(r"[\s,{]", opening[3].strip(), maxsplit=1)[0]).lower().lstrip(".")
        if language in _HOSTS:
            yield from _HOSTS[language](host, body, stop)
        elif language == "html":
            yield from html(host, body, stop)
        elif language in _SHADERS or opening[3].strip().startswith("{"):
            block = Candidate(Placed.of(host, body, stop), start=body)
            yield _unquoted(block) if ">" in opening[1] else whole(host, body, stop)


def _closes(opening: re.Match[str], fence: re.Match[str]) -> bool:
    return fence[2].startswith(opening[2]) and not fence[3].strip()


def _unquoted(block: Candidate) -> Candidate:
    """Without the signs of a quotation before each line."""
    marks = re.finditer(r"^(?:[ \t]*>)+", block.text.text, re.MULTILINE)
    placed = block.text.edited((mark.start(), mark.end(), "") for mark in marks)
    return Candidate(with_line_feeds(placed), start=block.start)
