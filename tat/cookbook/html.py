"""The cookbook as one self-contained HTML page: contents, search, pictures and highlighted code."""

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from string import Template

from tat.cookbook.library import Entry
from tat.resources import resource
from tat.wgsl.lexer import Token, tokenize

_LEVELS = {1: "basic", 2: "intermediate", 3: "advanced"}
_CLASSES = {"comment": "c", "keyword": "k", "number": "n"}
_TYPE = re.compile(
    r"bool|[fiu]32|f16|vec[234][fiuh]?|mat[234]x[234][fh]?|array|atomic|ptr|sampler\w*|texture_\w+"
    r"|[A-Z]\w*"
)


def page(entries: Sequence[Entry], pictures: Mapping[str, bytes]) -> str:
    """The whole page; `pictures` holds PNG files by name of entry."""
    areas = Counter(entry.area for entry in entries)
    by_area = sorted(entries, key=lambda entry: (entry.area, entry.name))
    groups = [(area, list(group)) for area, group in groupby(by_area, lambda entry: entry.area)]
    return Template(_part("page.html")).substitute(
        count=len(entries),
        areas=len(areas),
        style=_part("style.css"),
        script=_part("script.js"),
        contents="".join(_contents(area, group) for area, group in groups),
        sections="".join(_section(area, group, pictures) for area, group in groups),
    )


def highlight(code: str) -> str:
    """`code` as HTML, its tokens in <i> elements by class.

    c comment, k keyword, n number, t type, f function where it is declared or called, a attribute.
    """
    tokens = tokenize(code)
    parts, end = [], 0
    for i, token in enumerate(tokens):
        parts.append(escape(code[end : token.start], quote=False))
        kind, text = _class(tokens, i), escape(token.text, quote=False)
        parts.append(f"<i class={kind}>{text}</i>" if kind else text)
        end = token.end
    return "".join(parts) + escape(code[end:], quote=False)


def _class(tokens: Sequence[Token], i: int) -> str:
    kind, text = tokens[i].kind, tokens[i].text
    if kind != "identifier":
        return "a" if text == "@" else _CLASSES.get(kind, "")
    if i and tokens[i - 1].text == "@":
        return "a"
    if _TYPE.fullmatch(text):
        return "t"
    called = i + 1 < len(tokens) and tokens[i + 1].text == "("
    return "f" if called or text == "bitcast" else ""  # the only function with a template list


def _part(name: str) -> str:
    return resource("cookbook", "page", name).read_text(encoding="utf-8")


def _title(area: str) -> str:
    return area.replace("_", " ").capitalize()


def _contents(area: str, entries: Sequence[Entry]) -> str:
    items = "".join(
        f'<li data-name="{e.name}"><a href="#{e.name}">{e.name}</a></li>\n' for e in entries
    )
    summary = f"<summary>{_title(area)} <span>{len(entries)}</span></summary>"
    return f'<details data-area="{area}">{summary}\n<ul>\n{items}</ul>\n</details>\n'


def _section(area: str, entries: Sequence[Entry], pictures: Mapping[str, bytes]) -> str:
    articles = "".join(_article(entry, pictures.get(entry.name)) for entry in entries)
    return f'<section id="{area}">\n<h2>{_title(area)}</h2>\n{articles}</section>\n'


def _article(entry: Entry, picture: bytes | None) -> str:
    words = (
        entry.name, entry.name.replace("_", " "), _title(entry.area), entry.family, *entry.tags,
        entry.request, *entry.paraphrases,
    )  # fmt: skip
    text = escape(" ".join(words).lower())
    return f"""<article id="{entry.name}" tabindex="-1" data-text="{text}">
<div class="about"><div>
<h3><a href="#{entry.name}">{entry.name}</a></h3>
<p class="request">{escape(entry.request)}</p>
{_facts(entry)}</div>{_image(entry, picture)}</div>
<figure><button class="copy">Copy</button>
<pre tabindex="0"><code>{highlight(entry.code)}</code></pre></figure>
</article>
"""


def _facts(entry: Entry) -> str:
    level = "●" * entry.difficulty + "○" * (3 - entry.difficulty)
    held_out = ", held out for testing" if entry.split == "test" else ""
    facts = {
        "Also": "".join(f"<p>{escape(said)}</p>" for said in entry.paraphrases),
        "Level": f'<span class="level" aria-hidden="true">{level}</span> '
        f"{_LEVELS[entry.difficulty]}{held_out}",
        "Tags": "".join(f'<button class="tag">{tag}</button>' for tag in entry.tags),
        "Source": escape(entry.source),
    }
    rows = (f"<div><dt>{name}</dt><dd>{fact}</dd></div>\n" for name, fact in facts.items() if fact)
    return f"<dl>\n{''.join(rows)}</dl>\n"


def _image(entry: Entry, picture: bytes | None) -> str:
    if picture is None:
        return ""
    data = base64.b64encode(picture).decode()
    return f'<img alt="Drawn by {entry.name}" loading="lazy" src="data:image/png;base64,{data}">'
