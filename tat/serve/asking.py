"""A comment and a signature in a text, as a request for a function, and its answer with origin."""

from collections.abc import Sequence
from typing import NamedTuple

from tat.decode.candidates import Outcome
from tat.decode.choice import Sampling
from tat.decode.prompt import Prompt
from tat.decode.validated import Search
from tat.errors import InvalidShaderError
from tat.serve.engine import Engine, Gone
from tat.wgsl.comments import comments_above, doc_comment
from tat.wgsl.declarations import after_attributes
from tat.wgsl.lexer import Token, tokenize
from tat.wgsl.stubs import with_stubs


class Asked(NamedTuple):
    """A request at a place of a text. Its answer replaces `text[start:end]`, which is the signature
    with its empty body, or nothing behind a comment."""

    description: str
    signature: str
    context: str
    start: int
    end: int


def asked_at(text: str, offset: int) -> Asked | None:
    """The request of the comment, or of the signature without a body, on the line of `offset`.

    None where neither stands, and for a function that has a body already.
    """
    tokens = tokenize(text)
    line_start = text.rfind("\n", 0, offset) + 1
    line_end = text.find("\n", offset)
    line_end = len(text) if line_end < 0 else line_end
    first = next((i for i, t in enumerate(tokens) if t.end > line_start), len(tokens))
    if first == len(tokens) or tokens[first].start > line_end or _depth(tokens[:first]) > 0:
        return None
    while first < len(tokens) and tokens[first].kind == "comment":
        first += 1
    above = comments_above(tokens)
    start = tokens[first].start if first < len(tokens) else len(text)
    comment = doc_comment(text, above.get(start, []), start)
    keyword = after_attributes(tokens, first)
    if keyword < len(tokens) and tokens[keyword].text == "fn":
        return _of_signature(text, tokens, first, keyword, comment)
    return _of_comment(text, tokens, line_start, line_end)


def told_answer(engine: Engine, asked: Asked, gone: Gone) -> tuple[str, str]:
    """The function that answers, under a line that says where it is from; and that place.

    InvalidShaderError where nothing validates.
    """
    prompt = engine.prompted(Prompt(asked.description, asked.signature, context=asked.context))
    settings = engine.settings
    sampling = Sampling.configured(settings)
    search = Search(sampling, settings.candidates, redraws=settings.redraws)
    best = engine.answer(prompt, search, gone)[0]
    if best.problem is not None:
        raise InvalidShaderError(f"no function that validates was found: {best.problem}")
    name = engine.decoder.service.name if engine.decoder.service else ""
    origin = origin_of(best, name)
    return f"// {origin}\n{best.generation.text.rstrip()}", origin


def origin_of(outcome: Outcome, model: str) -> str:
    """Where an answer is from, with its licence."""
    if hit := outcome.origin:
        return f"from {hit.file}:{hit.line}, {hit.name} ({hit.license or 'licence unknown'})"
    return f"written by the model {model}"


def _of_signature(
    text: str, tokens: Sequence[Token], first: int, keyword: int, comment: str
) -> Asked | None:
    start = tokens[first].start
    end = next((i for i in range(keyword, len(tokens)) if tokens[i].text in ("{", ";")), None)
    following = next((i for i in range(keyword + 1, len(tokens))
                      if tokens[i].kind == "keyword" and tokens[i].text in ("fn", "struct")),
                     len(tokens))  # fmt: skip
    if end is None or end > following:
        last = following
        while last > keyword and tokens[last - 1].kind == "comment":
            last -= 1
        stop = signature_end = tokens[last - 1].end
    elif tokens[end].text == ";":
        signature_end, stop = tokens[end].start, tokens[end].end
    else:
        inside = [t for t in tokens[end + 1 : end + 40] if t.kind != "comment"]
        if not inside or inside[0].text != "}":
            return None
        signature_end, stop = tokens[end].start, inside[0].end
    signature = text[start:signature_end].strip()
    return Asked(comment, signature, _context(text, start, stop), start, stop)


def _of_comment(
    text: str, tokens: Sequence[Token], line_start: int, line_end: int
) -> Asked | None:  # fmt: skip
    """The comments that stand together on the line and around it, without a declaration below."""
    comments = [token for token in tokens if token.kind == "comment"]
    here = next((i for i, t in enumerate(comments) if t.start < line_end and t.end > line_start),
                None)  # fmt: skip
    if here is None:
        return None
    last = here
    while last + 1 < len(comments) and _touch(text, comments[last], comments[last + 1]):
        last += 1
    end = comments[last].end
    comment = doc_comment(text, comments[: last + 1], end)
    return Asked(f"{comment}", "", _context(text, end, end), end, end) if comment else None


def _touch(text: str, one: Token, other: Token) -> bool:
    between = text[one.end : other.start]
    return not between.strip() and between.count("\n") == 1


def _context(text: str, start: int, stop: int) -> str:
    """The module without what is to be answered; signatures without a body get none here."""
    rest = f"{text[:start]}\n{text[stop:]}".strip()
    return rest if any(token.kind != "comment" for token in tokenize(with_stubs(rest))) else ""


def _depth(tokens: Sequence[Token]) -> int:
    depth = 0
    for token in tokens:
        if token.kind == "keyword" and token.text in ("fn", "struct"):
            depth = 0
        depth += (token.text == "{") - (token.text == "}")
    return depth
