"""Verdicts on modules: naga's, from its child process, or else the grammar's."""

import threading

from tat.decode.prompt import Prompt
from tat.errors import DeviceError
from tat.wgsl.given import context_problem, signature_problem
from tat.wgsl.grammar import Grammar, Unexpected, refused_at
from tat.wgsl.sandbox import Diagnostic, Sandbox

_SECONDS = 5.0  # that naga may take for a module
_NO_REASON = "refused without a reason"


class Judge:
    """One sandbox for several threads, and the grammar where naga is out of reach or says nothing.

    A module that hangs or kills naga is invalid, and the next one meets a new child.
    """

    def __init__(self, seconds: float = _SECONDS) -> None:
        self.sandbox = Sandbox(seconds)
        self.lock = threading.Lock()
        self.without_naga = ""  # why naga is out of reach
        self._grammar: Grammar | None = None

    def validate(self, source: str) -> Diagnostic | None:
        """None where the module is valid; by the grammar alone where there is no naga."""
        with self.lock:
            if not self.without_naga:
                try:
                    return self._told(source, self.sandbox.validate(source))
                except DeviceError as error:
                    self.without_naga = str(error)
            return self._by_grammar(source)

    def by_grammar(self, source: str) -> Diagnostic | None:
        """None where the grammar takes the module, whatever its names mean."""
        with self.lock:
            return self._by_grammar(source)

    def prompt_problem(self, prompt: Prompt) -> str:
        """Why a signature or a context is no WGSL, with its place; "" where both are."""
        with self.lock:
            grammar = self._grammar = self._grammar or Grammar.of_bytes()
        given = prompt.signature if prompt.signature.strip() else ""
        if given and (problem := signature_problem(grammar, given)):
            like = "a signature is like `fn area(r: f32) -> f32`, without a body"
            return f"signature:{problem}; {like}"
        if prompt.context and (problem := context_problem(grammar, prompt.context)):
            return f"context:{problem}; a context is whole declarations and signatures"
        return ""

    def close(self) -> None:
        """End the child process."""
        with self.lock:
            self.sandbox.close()

    def _told(self, source: str, problem: Diagnostic | None) -> Diagnostic | None:
        """The problem with the grammar's place and reason where naga gives neither."""
        if problem is None or problem.line:
            return problem
        found = self._by_grammar(source)
        if found is None:
            return problem
        said = found.message if problem.message == _NO_REASON else problem.message
        return Diagnostic(f"{said} ({found.message})" if said != found.message else said,
                          found.line, found.column)  # fmt: skip

    def _by_grammar(self, source: str) -> Diagnostic | None:
        if self._grammar is None:
            self._grammar = Grammar.of_bytes()
        offset = refused_at(self._grammar, source)
        if offset is None:
            return None
        place = Unexpected.at(source, offset)
        return Diagnostic(place.reason, place.line, place.column)
