"""The state of names after some tokens: open brackets, declarations, calls being written.

A text is refused where a name is used that nothing declares, a name is declared twice in one scope,
or a call has a number of arguments that no overload takes. Types are not looked at, so a text that
passes may still be wrong.

How the line `let n = max(x, 1);` moves the state, in a block that knows x:

    let   declaring "let": the next name is a declaration
    n     pending "n", owner Declared("let", "n"): n is not in scope before the semicolon
    =     owner None
    max   owner Used("max"): from here nothing but a call is right
    (     a frame of kind "call" opens, its arity {2}, as builtins.py says
    x     refused unless x is declared; the frame's first argument has begun
    ,     count 1, and no argument has begun
    1     the second argument has begun; a third would be refused
    )     the frame closes with 2 arguments, which its arity allows
    ;     the block's frame gets the name n
"""

from typing import NamedTuple, Self

from tat.wgsl import scope_words
from tat.wgsl.builtins import ARITIES, ENUMERANTS, FUNCTIONS, GENERATORS, NAMES, Arity
from tat.wgsl.lexer import Token
from tat.wgsl.scope_frames import Attribute, Declared, Frame, Frames, Owner, Used, block
from tat.wgsl.scope_words import begins_any, begins_one

_CLOSERS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_BLANKS = [blank.encode() for blank in "\u0085\u200e\u200f\u2028\u2029"]
_DECLARING = frozenset(("fn", "struct", "alias", "let", "const", "var", "override"))
_BEFORE_A_STATEMENT = frozenset("{};")  # there a value may be assigned to _
_FREE = frozenset(("enable", "requires", "diagnostic"))  # directives: their names are not declared
_BEFORE_NAMES = _DECLARING | _FREE
_make = tuple.__new__  # takes half the time of _replace, which took a third of all


class State(NamedTuple):
    """All that is known after some tokens; `module` has the arity of functions and structs."""

    module: dict[str, Arity | None]
    frames: Frames = ()
    previous: str = ""
    owner: Owner = None
    declaring: str = ""  # keyword whose name is to come
    pending: str = ""  # name that the next semicolon declares
    incoming: frozenset[str] = frozenset()  # names that the next block starts with
    function: tuple[str, int] = ("", 0)  # name and number of parameters, its body is to come

    def after(self, token: Token) -> "State | None":
        """The state after one more whole token; None where a name or a count is wrong."""
        if token.kind == "comment":
            return self
        state = self._begun(token.text)
        if state is None or self._has_to_call(token.text):
            return None
        if token.kind == "identifier":
            return state._after_name(token.text)
        if token.text in _CLOSERS and (token.text != "<" or state._is_template()):
            return state._open(token.text)
        if token.text in (")", "]", "}"):
            return state._close(token.text)
        if token.text.startswith(">") and state._kind == "template":
            return state._close_templates(token.text)
        return state._after_other(token)

    def may_begin(self, token: Token) -> bool:
        """Whether a token that starts with `token`, which more text may change, may stand here."""
        if token.kind == "comment" or token.text == "/" or token.text.startswith("/*"):
            return True  # it may become a comment
        word = token.text
        if self._is_too_many(word) or self._has_to_call(word):
            return False
        if word == "_" and self.previous in _BEFORE_A_STATEMENT:
            return True
        if (token.kind != "identifier" and word != "_") or not self._is_use():
            return True
        return self._any_name_begins(word) or begins_any(scope_words.KEYWORDS, word)

    def keywords_only(self, token: Token) -> tuple[str, ...]:
        """The keywords that start with `token`, if it can become nothing else."""
        if token.kind not in ("identifier", "keyword") or not self._is_use():
            return ()
        found = scope_words.keywords(token.text)
        return () if found and self._any_name_begins(token.text) else found

    def may_go_on(self, token: Token | None, partial: bytes) -> bool:
        """Whether a character that starts with the bytes `partial` may follow the open `token`."""
        if token is not None and token.text.startswith(("//", "/*")):
            return True
        if token is not None and (token.kind in ("identifier", "keyword") or token.text == "_"):
            # Exotic blanks may follow a word too, but the grammar's lexer does not look that far.
            return not self._is_use() or self._any_name_begins(token.text, partial)
        state = self.after(token) if token else self
        if state is None:
            return False
        blank = any(blank.startswith(partial) for blank in _BLANKS)
        return blank or not state._is_use() or state._any_name_begins("", partial)

    def words(self, start: str) -> tuple[list[str], tuple[str, ...]] | None:
        """The words that a word which begins with `start` may become here: declared ones, then the
        language's own. None where any may stand, and none of both where no word may."""
        if not self._is_use():
            return None
        if self._is_too_many(start) or self._has_to_call(start):
            return [], ()
        own = scope_words.beginning(start, self._kind == "template")
        return [name for name in self._declared() if name.startswith(start)], own

    def heads(self) -> bytes:
        """The characters one of which the next token begins with, b"" where any others may, too."""
        called = b"(</" if self._has_to_call("x") else b""
        return b",)}/" if self._is_too_many("x") else called

    def _any_name_begins(self, word: str, partial: bytes = b"") -> bool:
        """Whether a name that is in scope starts with `word`, and goes on with `partial`."""
        if partial:
            start = word.encode() + partial
            return any(name.encode().startswith(start) for name in self._declared())
        return (
            begins_any(scope_words.PREDECLARED, word)
            or any(begins_one(frame.names, word) for frame in self.frames)
            or begins_one(self.module, word)
            or (self._kind == "template" and begins_any(scope_words.ENUMERANTS, word))
        )

    def _declared(self) -> list[str]:
        return [*self.module, *(name for frame in self.frames for name in frame.names)]

    @property
    def _kind(self) -> str:
        return self.frames[-1].kind if self.frames else "module"

    def _begun(self, text: str) -> "State | None":
        """The state with an argument begun, if `text` begins one; None if that is one too many."""
        if not self.frames or not self.frames[-1].begins(text):
            return self
        top = self.frames[-1]
        return None if top.full else self._with_top(_make(Frame, (*top[:-1], True)))

    def _is_too_many(self, text: str) -> bool:
        """Whether `text` begins an argument that no overload takes."""
        return bool(self.frames) and self.frames[-1].full and self.frames[-1].begins(text)

    def _has_to_call(self, text: str) -> bool:
        """Whether `text` follows a function's name, which may only be called."""
        if type(self.owner) is not Used or text == "(":
            return False
        name = self.owner.name
        if self._is_local(name) or (text == "<" and self._is_template()):
            return False
        # A struct has the arities 0 and its number of members, which is never 0.
        arity = self.module.get(name)
        return len(arity or ()) == 1 if name in self.module else name in FUNCTIONS

    def _with_top(self, frame: Frame) -> Self:
        return _make(type(self), (self.module, (*self.frames[:-1], frame), *self[2:]))

    def _moved(self, previous: str, owner: Owner = None, frames: Frames | None = None) -> Self:
        module, kept, _, _, *rest = self
        kept = kept if frames is None else frames
        return _make(type(self), (module, kept, previous, owner, *rest))

    def _is_use(self) -> bool:
        """Whether an identifier here uses a name, and neither declares one nor names a member."""
        kind = self._kind
        if self.previous in (".", "@") or kind == "free" or self.declaring in _FREE:
            return False
        if self.declaring and kind != "template":
            return False
        return kind not in ("header", "struct") or self.previous == ":"

    def _after_name(self, name: str) -> "State | None":
        if self._is_use():
            known = self._knows(name)
            return self._moved(name, Used(name)) if known else None
        state = self._moved(name, Attribute() if self.previous == "@" else None)
        if self._kind == "header" and self.previous not in (".", "@"):
            if self._is_declared_here(name):
                return None
            return state._replace(incoming=self.incoming | {name})
        if self.declaring in _DECLARING and self.previous not in (".", "@"):
            if self._is_declared_here(name):
                return None
            return state._replace(
                declaring="",
                pending="" if self.declaring in ("fn", "struct") else name,
                owner=Declared(self.declaring, name),
            )
        return state

    def _knows(self, name: str) -> bool:
        return (
            name in NAMES
            or name in self.module
            or self._is_local(name)
            or (self._kind == "template" and name in ENUMERANTS)
        )

    def _is_local(self, name: str) -> bool:
        return any([name in frame.names for frame in self.frames])  # noqa: C419  (it is faster)

    def _is_declared_here(self, name: str) -> bool:
        """Whether the innermost scope has the name; a function's is that of its parameters too."""
        if not self.frames:
            return name in self.module
        if self._kind == "header":
            return name in self.incoming
        return name in self.frames[-1].names - self.frames[-1].outer

    def _is_template(self) -> bool:
        """Whether a "<" here opens a template list."""
        if self.previous == "var" or not isinstance(self.owner, Used):
            return self.previous == "var"
        name = self.owner.name
        return name in GENERATORS and not self._is_local(name) and name not in self.module

    def _open(self, text: str) -> "State":
        frame = Frame(text, "group")
        if self._kind == "free":
            frame = frame._replace(kind="free")
        elif text == "<":
            generator = self.owner.name if isinstance(self.owner, Used) else ""
            frame = Frame(text, "template", name=generator)
        elif text == "{":
            frame = block(self.owner, self.function, self.incoming)
        elif text == "(":
            frame = self._parenthesis()
        state = self._moved(text, None, (*self.frames, frame))
        return state._replace(incoming=frozenset(), function=("", 0)) if text == "{" else state

    def _parenthesis(self) -> Frame:
        if self.previous == "for":
            return Frame("(", "loop")
        if self.previous == "diagnostic":
            return Frame("(", "free")
        match self.owner:
            case Declared("fn", name):
                return Frame("(", "header", name=name)
            case Attribute():
                return Frame("(", "free")
            case Used(name):
                return Frame("(", "call", arity=self._arity(name))
        return Frame("(", "group")

    def _arity(self, name: str) -> Arity | None:
        """The numbers of arguments that a call of `name` may have, None if they are not known."""
        if self._is_local(name):
            return None
        return self.module[name] if name in self.module else ARITIES.get(name)

    def _close(self, text: str) -> "State | None":
        frames = self.frames
        while frames and frames[-1].kind == "template":  # it was no template list, or it is broken
            frames = frames[:-1]
        state = self if not self.declaring else self._replace(declaring="")
        state = state._moved(text, None, frames[:-1])
        if not frames or _CLOSERS[frames[-1].opening] != text:
            return state
        top, count = frames[-1], frames[-1].entries
        if top.kind == "call" and top.arity is not None and count not in top.arity:
            return None
        if top.kind == "header":
            return state._replace(function=(top.name, count))
        if top.kind == "block" and top.name:  # only now: a function cannot call itself
            return state._declare(top.name, frozenset((count,)))
        if top.kind == "struct":
            return state._declare(top.name, frozenset((0, count)))
        if top.kind == "loop":
            return state._replace(incoming=top.names)
        return state

    def _close_templates(self, text: str) -> "State":
        state = self
        for character in text:
            if character != ">" or state._kind != "template":
                return state._moved(text)
            name = state.frames[-1].name
            state = state._moved(">", Used(name) if name else None, state.frames[:-1])
        return state

    def _after_other(self, token: Token) -> "State":
        text = token.text
        state = self._moved(text)
        if token.kind == "keyword" and text in _BEFORE_NAMES:
            return state._replace(declaring=text)
        if text == "," and self._kind in ("call", "struct", "header"):
            top = self.frames[-1]
            return state._with_top(_make(Frame, (*top[:-2], top.entries, False)))
        if text == ";" and (self.declaring or self.pending):
            state = state._replace(declaring="", pending="")
            return state._declare(self.pending, None) if self.pending else state
        return state

    def _declare(self, name: str, arity: Arity | None) -> "State":
        """The state with `name` declared in the innermost block, or in the module."""
        if not self.frames:
            return self._replace(module=self.module | {name: arity})
        top = self.frames[-1]
        return self._with_top(top._replace(names=top.names | {name}, outer=top.outer - {name}))
