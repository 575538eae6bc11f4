"""What is known of names after some tokens: open brackets, declarations, calls being written.

A text is refused where a name is used that nothing declares or is declared twice in one scope, or a
call has a number of arguments that no overload takes. What cannot be known for sure passes: types
are not looked at.
"""

from bisect import bisect_left
from typing import NamedTuple, Self

from tat.wgsl.builtins import ARITIES, ENUMERANTS, FUNCTIONS, GENERATORS, NAMES, Arity
from tat.wgsl.lexer import KEYWORDS, Token

_PREDECLARED = sorted(NAMES)
_KEYWORDS = sorted(KEYWORDS)
_ENUMERANTS = sorted(ENUMERANTS)
_CLOSERS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_BLANKS = [blank.encode() for blank in "\u0085\u200e\u200f\u2028\u2029"]
_DECLARING = frozenset(("fn", "struct", "alias", "let", "const", "var", "override"))
_FREE = frozenset(("enable", "requires", "diagnostic"))  # directives: their names are not declared


class Frame(NamedTuple):
    """An open bracket and what is known inside it.

    `kind`: block, struct, header (parameters of a function), loop (header of a for), call,
    template, free (an attribute's, where names are not checked) or group, any other bracket.
    """

    opening: str
    kind: str
    name: str = ""  # function or struct that it declares, or generator of a template list
    arity: Arity | None = None  # of a call
    names: frozenset[str] = frozenset()  # declared here
    outer: frozenset[str] = frozenset()  # of these, the ones of a loop's header: to be shadowed
    count: int = 0  # whole arguments, parameters or members
    filled: bool = False  # whether another one has begun


class State(NamedTuple):
    """What is known after some tokens; `module` has the arity of functions and structs."""

    module: dict[str, Arity | None]
    frames: tuple[Frame, ...] = ()
    previous: str = ""
    callee: str = ""  # what an opening bracket would belong to: a name, "fn NAME", "@" ...
    declaring: str = ""  # keyword whose name is to come
    pending: str = ""  # name that the next semicolon declares
    incoming: frozenset[str] = frozenset()  # names that the next block starts with
    function: tuple[str, int] = ("", 0)  # name and parameters of the one whose body is to come

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
            return True  # what is no comment yet may become one
        if self._begun(token.text) is None or self._has_to_call(token.text):
            return False
        word = token.text
        if token.kind != "identifier" or not self._is_use():
            return True
        return self._any_name_begins(word) or _begins_any(_KEYWORDS, word)

    def keywords_only(self, token: Token) -> tuple[str, ...]:
        """The keywords that start with `token`, if it can become nothing else."""
        word = token.text
        if token.kind not in ("identifier", "keyword") or not self._is_use():
            return ()
        if self._any_name_begins(word):
            return ()
        return tuple(keyword for keyword in _KEYWORDS if keyword.startswith(word))

    def may_go_on(self, token: Token | None, partial: bytes) -> bool:
        """Whether a character that starts with the bytes `partial` may follow the open `token`."""
        if token is not None and token.text.startswith(("//", "/*")):
            return True
        if token is not None and token.kind in ("identifier", "keyword"):
            # Exotic blanks may follow a word too, but the grammar's lexer does not look that far.
            return not self._is_use() or self._any_name_begins(token.text, partial)
        state = self.after(token) if token else self
        if state is None:
            return False
        blank = any(blank.startswith(partial) for blank in _BLANKS)
        return blank or not state._is_use() or state._any_name_begins("", partial)

    def _any_name_begins(self, word: str, partial: bytes = b"") -> bool:
        """Whether a name that is in scope starts with `word`, and goes on with `partial`."""
        if partial:
            start = word.encode() + partial
            names = [*self.module, *(name for frame in self.frames for name in frame.names)]
            return any(name.encode().startswith(start) for name in names)
        return (
            _begins_any(_PREDECLARED, word)
            or any(name.startswith(word) for name in self.module)
            or any(name.startswith(word) for frame in self.frames for name in frame.names)
            or (self._kind == "template" and _begins_any(_ENUMERANTS, word))
        )

    @property
    def _kind(self) -> str:
        return self.frames[-1].kind if self.frames else "module"

    def _begun(self, text: str) -> "State | None":
        """The state with an argument begun, if `text` begins one; None if that is one too many."""
        if self._kind not in ("call", "struct", "header") or text in (",", ")", "}"):
            return self
        top = self.frames[-1]
        if top.filled:
            return self
        if top.kind == "call" and top.arity is not None and top.count >= max(top.arity):
            return None
        return self._with_top(top._replace(filled=True))

    def _has_to_call(self, text: str) -> bool:
        """Whether `text` follows a function's name, of which nothing but a call can be made."""
        name = self.callee
        if text == "(" or (text == "<" and self._is_template()) or self._is_local(name):
            return False
        # Of a struct the arity has 0 and the number of members, which is never 0.
        arity = self.module.get(name)
        return len(arity or ()) == 1 if name in self.module else name in FUNCTIONS

    def _with_top(self, frame: Frame) -> Self:
        return self._replace(frames=(*self.frames[:-1], frame))

    def _is_use(self) -> bool:
        """Whether an identifier here is the use of a name, and not a declaration or a member."""
        kind = self._kind
        if self.previous in (".", "@") or kind == "free" or self.declaring in _FREE:
            return False
        if self.declaring and kind != "template":
            return False
        return kind not in ("header", "struct") or self.previous == ":"

    def _after_name(self, name: str) -> "State | None":
        if self._is_use():
            known = self._knows(name)
            return self._replace(previous=name, callee=name) if known else None
        state = self._replace(previous=name, callee="@" if self.previous == "@" else "")
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
                callee=f"{self.declaring} {name}",
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
        return any(name in frame.names for frame in self.frames)

    def _is_declared_here(self, name: str) -> bool:
        """Whether the innermost scope has the name; a function's is that of its parameters too."""
        if not self.frames:
            return name in self.module
        if self._kind == "header":
            return name in self.incoming
        return name in self.frames[-1].names - self.frames[-1].outer

    def _is_template(self) -> bool:
        """Whether a "<" here opens a template list."""
        if self.previous == "var":
            return True
        name = self.callee
        return name in GENERATORS and not self._is_local(name) and name not in self.module

    def _open(self, text: str) -> "State":
        frame = Frame(text, "group")
        if self._kind == "free":
            frame = frame._replace(kind="free")
        elif text == "<":
            frame = Frame(text, "template", name=self.callee)
        elif text == "{":
            frame = self._block()
        elif text == "(":
            frame = self._parenthesis()
        incoming = frozenset() if text == "{" else self.incoming
        function = ("", 0) if text == "{" else self.function
        return self._replace(
            frames=(*self.frames, frame), previous=text, callee="", incoming=incoming,
            function=function,
        )  # fmt: skip

    def _block(self) -> Frame:
        word, _, name = self.callee.partition(" ")
        if word == "struct":
            return Frame("{", "struct", name=name)
        name, count = self.function
        outer = frozenset() if name else self.incoming
        return Frame("{", "block", name=name, names=self.incoming, outer=outer, count=count)

    def _parenthesis(self) -> Frame:
        word, _, name = self.callee.partition(" ")
        if word == "fn":
            return Frame("(", "header", name=name)
        if self.previous == "for":
            return Frame("(", "loop")
        if self.previous == "diagnostic" or self.callee == "@":
            return Frame("(", "free")
        return Frame("(", "call", arity=self._arity()) if self.callee else Frame("(", "group")

    def _arity(self) -> Arity | None:
        """How many arguments the callee takes, None if that is not known."""
        if self._is_local(self.callee):
            return None
        if self.callee in self.module:
            return self.module[self.callee]
        return ARITIES.get(self.callee)

    def _close(self, text: str) -> "State | None":
        frames = self.frames
        while frames and frames[-1].kind == "template":  # it was none, or is broken
            frames = frames[:-1]
        state = self._replace(previous=text, callee="", declaring="", frames=frames[:-1])
        if not frames or _CLOSERS[frames[-1].opening] != text:
            return state
        top = frames[-1]
        count = top.count + top.filled
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
                return state._replace(previous=text, callee="")
            name = state.frames[-1].name
            state = state._replace(frames=state.frames[:-1], previous=">", callee=name)
        return state

    def _after_other(self, token: Token) -> "State":
        text = token.text
        state = self._replace(previous=text, callee="")
        if token.kind == "keyword" and text in (_DECLARING | _FREE):
            return state._replace(declaring=text)
        if text == "," and self._kind in ("call", "struct", "header"):
            top = self.frames[-1]
            return state._with_top(top._replace(count=top.count + top.filled, filled=False))
        if text == ";":
            state = state._replace(declaring="", pending="")
            return state._declare(self.pending, None) if self.pending else state
        return state

    def _declare(self, name: str, arity: Arity | None) -> "State":
        """With `name` declared in the innermost block, or in the module."""
        if not self.frames:
            return self._replace(module=self.module | {name: arity})
        top = self.frames[-1]
        return self._with_top(top._replace(names=top.names | {name}, outer=top.outer - {name}))


def _begins_any(names: list[str], word: str) -> bool:
    """Whether one of the sorted `names` starts with `word`."""
    place = bisect_left(names, word)
    return place < len(names) and names[place].startswith(word)


class Given(State):
    """The state in text that was given, where names and calls are taken to be right."""

    def may_begin(self, token: Token) -> bool:
        return True

    def may_go_on(self, token: Token | None, partial: bytes) -> bool:
        return True

    def _has_to_call(self, text: str) -> bool:
        return False

    def _knows(self, name: str) -> bool:
        return True

    def _is_declared_here(self, name: str) -> bool:
        return False

    def _arity(self) -> Arity | None:
        return None
