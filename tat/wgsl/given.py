"""What a person gives of a module, a signature and declarations, judged before anything is written.

Form alone is judged, by the grammar: names may be declared elsewhere, and any identifier is a name
here, for naga takes some of those that the specification reserves.
"""

from tat.wgsl.grammar import Grammar, Unexpected, refused_at
from tat.wgsl.lexer import spliced, tokenize
from tat.wgsl.stubs import with_stubs


def signature_problem(grammar: Grammar, signature: str) -> Unexpected | None:
    """Why no body can follow `signature`; None if one can."""
    offset = refused_at(grammar, _with_any_names(f"{signature} {{ }}"))
    if offset is None:
        return None
    if offset >= len(signature):  # too little is given, or too much: a body, too
        braces = (token.start for token in tokenize(signature) if token.text == "{")
        offset = next(braces, len(signature.rstrip()))
    return Unexpected.at(signature, offset)


def context_problem(grammar: Grammar, context: str) -> Unexpected | None:
    """Why `context` is no list of declarations and functions' signatures; None if it is one.

    Lines and columns are those of the whole module, where a signature has got a body.
    """
    module = with_stubs(context)
    offset = refused_at(grammar, _with_any_names(module))
    return None if offset is None else Unexpected.at(module, offset)


def _with_any_names(text: str) -> str:
    """`text` with identifiers of the same length that nobody reserves."""
    names = (token for token in tokenize(text) if token.kind == "identifier")
    return spliced(text, ((name.start, name.end, "x" * len(name.text)) for name in names))
