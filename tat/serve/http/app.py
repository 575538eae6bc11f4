"""The application: which request is answered by what, behind the guard and within the limits."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from urllib.parse import parse_qs

from tat.errors import TatError
from tat.serve.engine import Engine, Gone, until
from tat.serve.http import functions, llama, ollama, openai
from tat.serve.http.bodies import (
    Code,
    Completion,
    Function,
    Infill,
    Ollama,
    OpenCompletion,
    Tokenize,
    decoded,
)
from tat.serve.http.guard import Guard
from tat.serve.http.page import page_reply
from tat.serve.http.replies import RefusedError, Reply, failure, json_reply

MAX_BODY = 4_000_000  # bytes of a request
ANSWER_SECONDS = 120.0  # that an answer may take

Environment = Mapping[str, object]
Handler = Callable[[Engine, "Asked"], Reply]


class Asked:
    """A request: its query, its body, and whether anyone still waits for the answer."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        disconnected = environment.get("waitress.client_disconnected", lambda: False)
        self.gone: Gone = until(time.monotonic() + ANSWER_SECONDS, disconnected)

    def body(self, kind: type) -> object:
        """The JSON of the body as this kind of request."""
        with suppress(ValueError):
            size = int(str(self._environment.get("CONTENT_LENGTH") or 0))
            if size > MAX_BODY:
                raise RefusedError(413, f"the body has more than {MAX_BODY} bytes")
            return decoded(self._environment["wsgi.input"].read(size), kind)
        raise RefusedError(400, "the body has no length")

    def query(self, name: str, otherwise: str = "") -> str:
        """A field of the query string."""
        text = str(self._environment.get("QUERY_STRING", ""))
        fields = parse_qs(text, max_num_fields=20, errors="replace")
        return fields.get(name, [otherwise])[0]


def _get(answer: Callable[[Engine], Reply]) -> Handler:
    return lambda engine, asked: answer(engine)


def _post(answer: Callable[..., Reply], kind: type) -> Handler:
    return lambda engine, asked: answer(engine, asked.body(kind), asked.gone)


def _at_once(answer: Callable[..., Reply], kind: type) -> Handler:
    return lambda engine, asked: answer(engine, asked.body(kind))


def _search(engine: Engine, asked: Asked) -> Reply:
    top = asked.query("top", "8")
    most = int(top[:9]) if top.isdecimal() else 8
    return functions.search(engine, asked.query("q"), most, asked.query("kind"))


_INFILL, _COMPLETION = _post(llama.infill, Infill), _post(llama.completion, Completion)
_ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/"): lambda engine, asked: page_reply(),
    ("GET", "/health"): _get(llama.health), ("GET", "/v1/health"): _get(llama.health),
    ("GET", "/props"): _get(llama.props),
    ("GET", "/v1/models"): _get(llama.models), ("GET", "/models"): _get(llama.models),
    ("POST", "/infill"): _INFILL,
    ("POST", "/completion"): _COMPLETION, ("POST", "/completions"): _COMPLETION,
    ("POST", "/tokenize"): _at_once(llama.tokenize, Tokenize),
    ("POST", "/v1/completions"): _post(openai.completions, OpenCompletion),
    ("POST", "/v1/events"): lambda engine, asked: json_reply({}),  # Tabby's, of no use here
    ("POST", "/api/generate"): _post(ollama.generate, Ollama),
    ("GET", "/api/tags"): _get(ollama.tags), ("GET", "/api/version"): _get(ollama.version),
    ("POST", "/generate"): _post(functions.generate, Function),
    ("POST", "/validate"): _at_once(functions.validate, Code),
    ("POST", "/picture"): _at_once(functions.picture, Code),
    ("POST", "/complete"): _at_once(functions.complete, Code),
    ("POST", "/inline"): _post(functions.inline, Code),
    ("GET", "/search"): _search,
}  # fmt: skip
_PATHS = {path for _, path in _ROUTES}


class Application:
    """The WSGI application, which waitress calls for each request."""

    def __init__(self, engine: Engine, guard: Guard) -> None:
        self._engine, self._guard = engine, guard

    def __call__(self, environment: Environment, start: Callable[..., object]) -> Iterable[bytes]:
        reply = self._reply(environment)
        start(reply.line, reply.all_headers)
        if reply.stream is not None:
            return _guarded(reply.stream)
        return [] if environment.get("REQUEST_METHOD") == "HEAD" else [reply.body]

    def _reply(self, environment: Environment) -> Reply:
        try:
            method, path = str(environment["REQUEST_METHOD"]), str(environment["PATH_INFO"])
            self._guard.check(environment, public=path == "/")
            return self._handler(method, path)(self._engine, Asked(environment))
        except TatError as error:
            return failure(error)
        except Exception as error:  # a client that finds a fault gets an answer, too
            return failure(TatError(f"internal error: {type(error).__name__}: {error}"))

    def _handler(self, method: str, path: str) -> Handler:
        handler = _ROUTES.get(("GET" if method == "HEAD" else method, path))
        if handler is not None:
            return handler
        if path in _PATHS:
            allowed = [known for known, at in _ROUTES if at == path]
            raise RefusedError(405, f"{path} takes {allowed[0]}", [("Allow", ", ".join(allowed))])
        raise RefusedError(404, "there is nothing at this path; docs/editors.md lists them")


def _guarded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A stream that has begun can only end: its error is its last event."""
    try:
        yield from pieces
    except TatError as error:
        yield b"data: " + failure(error).body + b"\n\n"
