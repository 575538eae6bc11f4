"""Replies: JSON without blanks, events of a stream, bytes, and the form of failures."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from tat.errors import TatError, UsageError
from tat.serve.engine import GoneError
from tat.serve.tasks import FullQueueError, NoModelError

Headers = list[tuple[str, str]]

_ALWAYS: Headers = [
    ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"),
]  # fmt: skip
# Python's own module of them is not in the released file.
_PHRASES = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 413: "Content Too Large", 422: "Unprocessable Content",
    500: "Internal Server Error", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip
_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
    404: "not_found_error", 405: "invalid_request_error", 422: "invalid_request_error",
    503: "unavailable_error",
}  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """A whole answer, or with `stream` one that comes in pieces."""

    status: int
    headers: Headers
    body: bytes = b""
    stream: Iterator[bytes] | None = None

    @property
    def line(self) -> str:
        """The status line."""
        return f"{self.status} {_PHRASES.get(self.status, 'Error')}"

    @property
    def all_headers(self) -> Headers:
        """The answer's own headers and those that every answer has."""
        length = [] if self.stream else [("Content-Length", str(len(self.body)))]
        return [*_ALWAYS, *self.headers, *length]


class RefusedError(TatError):
    """A request that is answered by a status other than 200."""

    def __init__(self, status: int, message: str, headers: Headers | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or []


def json_reply(value: object, status: int = 200, headers: Headers | None = None) -> Reply:
    """Compact JSON: llama.vim drops an answer that has a blank behind a colon."""
    kind = [("Content-Type", "application/json; charset=utf-8")]
    return Reply(status, [*kind, *(headers or [])], msgspec.json.encode(value))


def event(value: object) -> bytes:
    """One server-sent event."""
    data = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    return b"data: " + data + b"\n\n"


def events(pieces: Iterator[bytes]) -> Reply:
    """A stream of events."""
    kind = [("Content-Type", "text/event-stream; charset=utf-8"), ("X-Accel-Buffering", "no")]
    return Reply(200, kind, stream=pieces)


def json_lines(pieces: Iterator[bytes]) -> Reply:
    """A stream of JSON, an object each line."""
    return Reply(200, [("Content-Type", "application/x-ndjson")], stream=pieces)


def failure(error: Exception) -> Reply:
    """An error as llama.cpp and OpenAI write it."""
    headers: Headers = []
    if isinstance(error, RefusedError):
        status, headers = error.status, error.headers
    elif isinstance(error, FullQueueError):
        status, headers = 503, [("Retry-After", str(error.seconds))]
    elif isinstance(error, NoModelError):
        status, headers = 503, [("Retry-After", "2")]
    elif isinstance(error, GoneError):
        status = 504
    else:
        status = 400 if isinstance(error, UsageError) else 500
    said = {"code": status, "message": str(error), "type": _TYPES.get(status, "server_error")}
    return json_reply({"error": said}, status, headers)
