"""Judges a given signature and context before anything is generated.

The grammar judges them: any identifier is a name there, because naga takes some that the
specification reserves. Names that nothing declares are found by themselves.
"""

import re

from tat.wgsl.builtins import ENUMERANTS, NAMES
from tat.wgsl.declarations import split_module
from tat.wgsl.grammar import Grammar, Unexpected, refused_at
from tat.wgsl.lexer import code_of, spliced, tokenize
from tat.wgsl.stubs import with_stubs

_GENERATOR = re.compile("vec[234]|mat[234]x[234]|array|atomic|ptr")
_ATTRIBUTE = re.compile(r"@\s*\w+\s*(?:\([^()]*\))?")


def signature_problem(grammar: Grammar, signature: str) -> Unexpected | None:
    """The problem that keeps a body from following `signature`; None if there is none."""
    offset = refused_at(grammar, _with_any_names(f"{signature} {{ }}"))
    if offset is None:
        return None
    if offset >= len(signature):  # too little is given, or too much, such as a body
        braces = (token.start for token in tokenize(signature) if token.text == "{")
        offset = next(braces, len(signature.rstrip()))
    return Unexpected.at(signature, offset)


def context_problem(grammar: Grammar, context: str) -> Unexpected | None:
    """The problem of `context` as declarations and functions' signatures; None if it is fine.

    Lines and columns count in the whole module, after signatures got bodies.
    """
    module = with_stubs(context)
    offset = refused_at(grammar, _with_any_names(module))
    return None if offset is None else Unexpected.at(module, offset)


def undeclared_names(signature: str, context: str) -> list[str]:
    """The types and constants of `signature` that neither `context` nor the language declares.

    >>> undeclared_names("fn hit(ray: Ray, at: vec3f) -> Hit", "struct Ray { origin: vec3f }")
    ['Hit']
    """
    plain = _ATTRIBUTE.sub(" ", signature)
    tokens = code_of(plain)
    texts = ["", *(token.text for token in tokens), ""]
    named = {
        token.text for token, before, behind in zip(tokens, texts, texts[2:])
        if token.kind == "identifier" and before != "fn" and behind != ":"
    }  # fmt: skip
    declared = {declaration.name for declaration in split_module(context)}
    missing = named - declared - NAMES - ENUMERANTS
    return [text for text in dict.fromkeys(texts) if text in missing]


def bare_generators(signature: str) -> list[str]:
    """The types of `signature` that lack their own types, as `vec3` for `vec3f`.

    >>> bare_generators("fn luma(c: vec3, weights: array<f32, 3>) -> f32")
    ['vec3']
    """
    texts = ["", *(token.text for token in code_of(_ATTRIBUTE.sub(" ", signature))), ""]
    found = (
        text for before, text, behind in zip(texts, texts[1:], texts[2:], strict=False)
        if _GENERATOR.fullmatch(text) and behind not in ("<", ":") and before != "fn"
    )  # fmt: skip
    return list(dict.fromkeys(found))


def _with_any_names(text: str) -> str:
    """`text` with each identifier replaced by an unreserved one of the same length."""
    names = (token for token in tokenize(text) if token.kind == "identifier")
    return spliced(text, ((name.start, name.end, "x" * len(name.text)) for name in names))
