"""Runs the application with waitress: one thread takes requests in, others wait for answers.

A client that sends half a request and waits holds a connection, and no thread; after a while it is
closed.
"""

import logging
import threading
import time
from collections.abc import Callable

from waitress import wasyncore
from waitress.server import MultiSocketServer, TcpWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher

from tat.errors import TatError
from tat.serve.engine import Engine
from tat.serve.http.app import MAX_BODY, Application
from tat.serve.http.guard import Guard

_IDLE_SECONDS = 30  # that a connection may be without a request
_SENDING_SECONDS = 60  # that a request may take to come in
_LOOK = 0.1  # seconds between looks at whether to stop
_CLEANUP_SECONDS = 5  # between looks at connections
_CONNECTIONS = 200
_IDLE_THREADS = 4  # that are kept
_HEADERS = 65_536  # bytes of a request's headers


def serve(
    engine: Engine, port: int, host: str, token: str, threads: int, ready: Callable[[str], None],
    stopped: Callable[[], bool],
) -> None:  # fmt: skip
    """Serve until `stopped`; `ready` gets the address once requests are taken.

    Port 0 is any that is free. TatError where the port is taken.
    """
    sockets: dict[int, object] = {}
    server, address = open_server(engine, port, host, token, threads, sockets)
    ready(address)
    try:
        while not stopped():  # between two looks: an exception of a signal may break a held lock
            wasyncore.loop(_LOOK, server.adj.asyncore_use_poll, sockets, 1)
    finally:
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)


def open_server(
    engine: Engine, port: int, host: str, token: str, threads: int,
    sockets: dict[int, object] | None = None,
) -> "tuple[TcpWSGIServer | MultiSocketServer, str]":  # fmt: skip
    """A server that listens already, and its address; `run` answers, or a loop over `sockets`."""
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    application, pool = _Later(), Threads(threads)
    address = host or "127.0.0.1"
    try:
        server = create_server(
            application, sockets, host=address, port=port, _dispatcher=pool, ident="tat",
            connection_limit=_CONNECTIONS, channel_timeout=_IDLE_SECONDS,
            cleanup_interval=_CLEANUP_SECONDS,
            max_request_body_size=MAX_BODY, max_request_header_size=_HEADERS,
            channel_request_lookahead=1,
        )  # fmt: skip
    except OSError as error:
        raise TatError(
            f"cannot listen on {address}:{port}: {error.strerror or error}; choose another --port"
        ) from error
    port = _port_of(server, port)
    _look_after(server)
    application.answer = Application(engine, Guard(port, host, token))
    shown = f"[{address}]" if ":" in address else address
    return server, f"http://{shown}:{port}/"


class Threads(ThreadedTaskDispatcher):
    """Threads that answer: one begins where a request finds none idle, up to `most` in all."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._counting = (
            threading.Lock()
        )  # of those who read how many threads there are, and set it

    def add_task(self, task: object) -> None:
        """Answer a request as soon as a thread is free."""
        with self._counting:
            with self.lock:
                running = len(self.threads) - self.stop_count
                idle = running - self.active_count
                more = len(self.queue) >= idle and running < self._most
            if more:
                self.set_thread_count(running + 1)
        super().add_task(task)

    def rest(self) -> None:
        """End idle threads but for a few."""
        with self._counting:
            with self.lock:
                kept = self.active_count + _IDLE_THREADS
                fewer = not self.queue and len(self.threads) - self.stop_count > kept
            if fewer:
                self.set_thread_count(kept)


class _Later:
    """The application, which needs the port that the server gets."""

    answer: Application

    def __call__(self, environment: dict, start: Callable[..., object]) -> object:
        return self.answer(environment, start)


def _port_of(server: "TcpWSGIServer | MultiSocketServer", port: int) -> int:
    if isinstance(server, MultiSocketServer):
        return server.effective_listen[0][1]
    return int(server.effective_port) or port


def _look_after(server: "TcpWSGIServer | MultiSocketServer") -> None:
    """Also close connections whose request has been coming in for too long, byte by byte; and end
    threads that nobody needs any more."""
    if isinstance(server, MultiSocketServer):
        for each in [each for each in server.map.values() if isinstance(each, TcpWSGIServer)]:
            _look_after(each)
    if not isinstance(server, TcpWSGIServer):
        return
    usual, since = server.maintenance, {}

    def maintenance(now: float) -> None:
        usual(now)
        server.task_dispatcher.rest()
        for number in since.keys() - server.active_channels.keys():
            del since[number]
        for number, channel in list(server.active_channels.items()):
            if channel.request is None or channel.requests:
                since.pop(number, None)
            elif time.monotonic() - since.setdefault(number, time.monotonic()) > _SENDING_SECONDS:
                channel.will_close = True

    server.maintenance = maintenance
