"""Answers that follow from the text alone: hover, definition, references, symbols, completion."""

from collections.abc import Sequence

from lsprotocol import types

from tat.serve.language.completion import Candidate, candidates, word_before
from tat.serve.language.declared import Symbol
from tat.serve.language.lookup import facts_at, symbol_at, uses
from tat.serve.language.symbols import MODULE_KINDS
from tat.serve.lsp.documents import View
from tat.serve.regions import Region

_MOST = 1000  # completions that are sent at once
_K, _C = types.SymbolKind, types.CompletionItemKind
_SYMBOLS = {
    "fn": _K.Function, "struct": _K.Struct, "alias": _K.TypeParameter, "const": _K.Constant,
    "override": _K.Constant, "var": _K.Variable, "member": _K.Field,
}  # fmt: skip
_COMPLETIONS = {
    "fn": _C.Function, "function": _C.Function, "struct": _C.Struct, "alias": _C.Class,
    "const": _C.Constant, "override": _C.Constant, "var": _C.Variable, "let": _C.Variable,
    "parameter": _C.Variable, "member": _C.Field, "swizzle": _C.Field, "type": _C.Class,
    "keyword": _C.Keyword, "attribute": _C.Property, "enumerant": _C.EnumMember,
}  # fmt: skip


def hover(view: View, position: types.Position) -> types.Hover | None:
    """Signature, doc comment and origin of the name at a position."""
    if not (found := view.at(position)):
        return None
    region, analysis, offset = found
    known = facts_at(analysis, offset)
    if known is None:
        return None
    words = f"\n\n{known.words}" if known.words else ""
    text = f"```wgsl\n{known.code}\n```{words}\n\n*{known.origin}*"
    place = view.range(known.start, known.end, region)
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), place)


def definition(view: View, position: types.Position) -> types.Location | None:
    """Where the name at a position is declared."""
    if not (found := view.at(position)):
        return None
    region, analysis, offset = found
    symbol = symbol_at(analysis, offset)
    return _location(view, region, symbol.start, symbol.end) if symbol else None


def references(view: View, position: types.Position, declaration: bool) -> list[types.Location]:
    """Where what is named at a position is used."""
    if not (found := view.at(position)):
        return []
    region, analysis, offset = found
    symbol = symbol_at(analysis, offset)
    tokens = uses(analysis, symbol) if symbol else ()
    return [
        _location(view, region, token.start, token.end)
        for token in tokens if declaration or token.start != symbol.start
    ]  # fmt: skip


def document_symbols(view: View) -> list[types.DocumentSymbol]:
    """The declarations of a document, members inside their structs."""
    found = []
    for region in view.regions:
        analysis = view.analysis(region)
        for symbol in analysis.symbols:
            if symbol.of_module and symbol.kind in MODULE_KINDS:
                members = analysis.members.get(symbol.name, ()) if symbol.kind == "struct" else ()
                item = _document_symbol(view, region, symbol)
                item.children = [_document_symbol(view, region, member) for member in members]
                found.append(item)
    return found


def workspace_symbols(views: Sequence[View], query: str) -> list[types.WorkspaceSymbol]:
    """Declarations of open documents whose name holds the query."""
    wanted = query.lower()
    return [
        types.WorkspaceSymbol(
            location=_location(view, region, symbol.start, symbol.end), name=symbol.name,
            kind=_SYMBOLS[symbol.kind],
        )
        for view in views for region in view.regions
        for symbol in view.analysis(region).module.values() if wanted in symbol.name.lower()
    ]  # fmt: skip


def completions(view: View, position: types.Position) -> list[Candidate]:
    """The candidates for completion at a position."""
    found = view.at(position)
    return candidates(found[1], found[2]) if found else []


def completion_list(
    view: View, position: types.Position, found: Sequence[Candidate], *, snippets: bool
) -> types.CompletionList:  # fmt: skip
    """The candidates in their order, each replacing the word before the position."""
    offset = view.offset(position)
    start = offset - len(word_before(view.text, offset))
    place = view.range(start, offset)
    items = [_item(candidate, place, number, snippets=snippets)
             for number, candidate in enumerate(found[:_MOST])]  # fmt: skip
    return types.CompletionList(len(found) > _MOST, items)


def snippets_are_known(capabilities: types.ClientCapabilities) -> bool:
    """Whether the client can fill in the places of a snippet."""
    text = capabilities.text_document
    item = text and text.completion and text.completion.completion_item
    return bool(item and item.snippet_support)


def _item(
    candidate: Candidate, place: types.Range, number: int, *, snippets: bool
) -> types.CompletionItem:  # fmt: skip
    filled = bool(candidate.insert) and snippets
    text = candidate.insert if filled else candidate.name
    kind = types.InsertTextFormat.Snippet if filled else types.InsertTextFormat.PlainText
    return types.CompletionItem(
        candidate.name, kind=_COMPLETIONS[candidate.kind], detail=candidate.detail or None,
        documentation=candidate.words or None, sort_text=f"{number:04}", insert_text_format=kind,
        filter_text=candidate.name, text_edit=types.TextEdit(place, text),
    )  # fmt: skip


def _location(view: View, region: Region, start: int, end: int) -> types.Location:
    return types.Location(view.uri, view.range(start, end, region))


def _document_symbol(view: View, region: Region, symbol: Symbol) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        symbol.name, _SYMBOLS[symbol.kind], view.range(*symbol.span, region),
        view.range(symbol.start, symbol.end, region), detail=symbol.detail,
    )  # fmt: skip
