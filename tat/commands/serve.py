"""`tat serve`."""

import argparse
import logging
import os
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from tat.checkpoint import Checkpoint
from tat.commands.common.checkpoints import named_checkpoint
from tat.commands.common.indexes import (
    COOKBOOK,
    bundled_library,
    library_index,
    named_index,
)
from tat.config import resolve
from tat.config_tables import Config
from tat.errors import FileError, UsageError, one_line
from tat.resources import BUNDLED
from tat.serve import PORT
from tat.serve.decoder import Decoder, Service
from tat.serve.engine import Engine
from tat.serve.judge import Judge
from tat.serve.library import Library
from tat.serve.opening import open_service
from tat.train.interrupt import StopRequest
from tat.train.named_checkpoint import find_checkpoint, is_bundled

_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
_NONE = Path("none")  # for no model
_WRITTEN = 16  # texts that are written at once where the device decides


def run(options: argparse.Namespace) -> int:
    _check(options)
    logging.getLogger("pygls").setLevel(logging.ERROR)
    if options.lsp:
        with closing(_engine(options)) as engine:
            return _serve_lsp(engine, options)
    with StopRequest() as stop, closing(_engine(options)) as engine:
        return _serve_http(engine, options, stop)


def _check(options: argparse.Namespace) -> None:
    """UsageError for arguments that do not go together, or would open the machine to others."""
    if options.token == "env":
        options.token = os.environ.get("TAT_TOKEN", "")
    if options.tcp and not options.lsp:
        raise UsageError("--tcp is about --lsp; give --port for HTTP")
    if options.lsp and (options.port is not None or options.host or options.token):
        raise UsageError("--port, --host and --token are about HTTP; leave out --lsp, or use --tcp")
    if options.tcp and options.tcp[0] not in _LOOPBACK:
        raise UsageError("--tcp has no password: only 127.0.0.1, ::1 and localhost may be given")
    if options.host and options.host not in _LOOPBACK and not options.token:
        raise UsageError(
            "--host lets other machines in; say with --token what they have to know"
            " (`--token env` reads it from $TAT_TOKEN)"
        )


def _engine(options: argparse.Namespace) -> Engine:
    config = resolve().config
    library = checkpoint = None
    none = options.run == _NONE and not options.run.exists()
    if not (none or is_bundled(options.run)):
        _, checkpoint = _read(options)  # a file that does not exist is refused before all else
    if options.index != "none":
        model = BUNDLED if options.run == _NONE else options.run
        more = bundled_library(config.generate, model, checkpoint)
        load = partial(named_index, options.index)
        if more and options.index == COOKBOOK:  # both as one, as `tat generate` has them
            load, more = library_index, None
        library = Library(options.index, load, more)
        library.require()  # a file that is no index is refused before anything is served
    decoder = Decoder(None) if none else _decoder(options, config)
    return Engine(config, decoder, Judge(), library)


def _decoder(options: argparse.Namespace, config: Config) -> Decoder:
    """The model of --run, which is loaded while the service begins; none where none is bundled."""
    try:
        find_checkpoint(options.run)
    except FileError as error:
        if not is_bundled(options.run):
            raise
        if not options.quiet:
            _say(f"no model is loaded: {error}")
        return Decoder(None)

    def load() -> Service:
        path, checkpoint = _read(options)
        name = options.run.resolve().name.removesuffix(".safetensors")
        return open_service(name, path, checkpoint, config, options.device, options.int8,
                            options.precision or "f32")  # fmt: skip

    return Decoder(load, options.queue)


def _read(options: argparse.Namespace) -> tuple[Path, Checkpoint]:
    return named_checkpoint(options.run, quiet=options.quiet)


def _serve_lsp(engine: Engine, options: argparse.Namespace) -> int:
    from tat.serve.lsp.server import Server

    server = Server(engine)
    if options.tcp:
        server.start_tcp(*options.tcp)
    else:
        # The protocol has standard output for itself: what else is printed goes to standard error.
        replies = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        server.start_io(os.fdopen(os.dup(0), "rb"), replies)
    return 0


def _serve_http(engine: Engine, options: argparse.Namespace, stop: StopRequest) -> int:
    from tat.serve.http.server import serve

    port = PORT if options.port is None else options.port
    threads = options.queue + _more_threads(engine)

    def ready(address: str) -> None:
        print(address, flush=True)
        if not options.quiet:
            _say("ready; Ctrl-C ends it")

    serve(engine, port, options.host or "", options.token or "", threads, ready, lambda: bool(stop))
    return stop.exit_code  # nothing else ends it


def _more_threads(engine: Engine) -> int:
    """Threads besides those of texts that wait: of texts being written, and for the rest."""
    return (engine.settings.batch or _WRITTEN) + 12


def _say(text: str) -> None:
    print(f"tat: {one_line(text)}", file=sys.stderr, flush=True)
