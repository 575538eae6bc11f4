"""Parts that tests of the service share: a tiny model that knows four functions, a server."""

import http.client
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_harness import child_environment, command, process, tat

from tat.config import resolve
from tat.serve.decoder import Decoder, Service
from tat.serve.engine import Engine
from tat.serve.http import server
from tat.serve.judge import Judge
from tat.serve.opening import open_service
from tat.train.named_checkpoint import load_checkpoint

FUNCTIONS = {
    "area.wgsl": "/// area of a disc\nfn area(r: f32) -> f32 {\n    let square = r * r;\n"
    "    return 3.14159 * square;\n}\n",
    "lift.wgsl": "/// scales a value\nfn lift(x: f32) -> f32 {\n    let k = 2.0;\n"
    "    return k * x;\n}\n",
    "mix2.wgsl": "/// the middle of two points\nfn mix2(a: vec2f, b: vec2f) -> vec2f {\n"
    "    let t = 0.5;\n    return mix(a, b, t);\n}\n",
    "circle.wgsl": "/// signed distance to a circle\nfn circle(p: vec2f, r: f32) -> f32 {\n"
    "    let d = length(p);\n    return d - r;\n}\n",
}
PREFIX = "/// area of a disc\nfn area(r: f32) -> f32 {\n    let square = r * r;\n    "
SUFFIX = "\n}\n"
_SMALL = """\
[model]
layers = 1
width = 32
heads = 2
feed_forward = 64
dropout = 0.0
max_length = 128
[data]
vocabulary = 400
buckets = [[64, 32], [128, 128]]
infill_share = 0.97
validation_share = 0.0
[train]
batch_tokens = 512
micro_batches = 1
warmup_steps = 10
lr = 0.01
schedule_steps = 400
label_smoothing = 0.0
validate_every = 0
save_every = 400
"""


def train_tiny(folder: Path) -> Path:
    """A run whose model has learnt FUNCTIONS by heart, in some seconds."""
    (folder / "shaders").mkdir(parents=True)
    for name, text in FUNCTIONS.items():
        (folder / "shaders" / name).write_text(text)
    (folder / "small.toml").write_text(_SMALL)
    done = process(
        "train", folder / "shaders", "--config", folder / "small.toml", "--run", folder / "run",
        "--steps", 400, "-q", seconds=300,
    )  # fmt: skip
    assert done.code == 0, done.err
    return folder / "run"


_trained_once = cache(train_tiny)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `train_tiny`; each module that imports the fixture gets the same one."""
    return _trained_once(tmp_path_factory.getbasetemp() / "serving")


@pytest.fixture(scope="module")
def tiny_engine(tiny_run: Path) -> Iterator[Engine]:
    """An engine in this process, with the model of `tiny_run` and room for three that wait."""
    config = resolve(environment={}).config

    def load() -> Service:
        return open_service("tiny", *load_checkpoint(tiny_run), config, "cpu")

    engine = Engine(config, Decoder(load, 3), Judge(), None)
    assert engine.decoder.ready(10 * long_enough()), engine.decoder.reason
    yield engine
    engine.close()


@contextmanager
def serving(*arguments: object) -> Iterator[str]:
    """`tat serve` on a free port, while the block lasts: its address."""
    with subprocess.Popen(
        command("serve", "--port", 0, *arguments), env=child_environment({}),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as server:  # fmt: skip
        try:
            yield server.stdout.readline().strip().removesuffix("/")
        finally:
            server.terminate()
            ended = time.monotonic() + 20
            while server.poll() is None and time.monotonic() < ended:
                time.sleep(0.02)
            if server.poll() is None:
                server.kill()
                raise AssertionError("the server did not end when it was told to")
        assert server.returncode == 143  # as `tat --help` has it for SIGTERM


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def json(self):
        return json.loads(self.data)


class Client:
    """Asks one server."""

    def __init__(self, address: str) -> None:
        self.address, self.host = address, address.removeprefix("http://")

    def ask(self, path: str, body: object = None, method: str = "", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, timeout=long_enough())
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method or ("GET" if body is None else "POST"), path, data, named)
        reply = connection.getresponse()
        answer = Answer(reply.status, dict(reply.getheaders()), reply.read())
        connection.close()
        return answer

    def infill(self, **fields: object) -> Answer:
        return self.ask("/infill", {"input_prefix": PREFIX, "input_suffix": SUFFIX, **fields})

    def raw(self) -> socket.socket:
        """A connection, for bytes that are no whole request."""
        host, _, port = self.host.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=long_enough())

    def ready(self) -> "Client":
        until = time.monotonic() + long_enough()
        while self.ask("/health").status != 200:
            assert time.monotonic() < until, self.ask("/health")
            time.sleep(0.02)
        return self


@contextmanager
def opened(engine: Engine) -> Iterator[Client]:
    """A server in this process, while the block lasts."""
    listening, address = server.open_server(engine, 0, "", "", 16)

    def run() -> None:
        with suppress(OSError, ValueError):  # it is closed from outside
            listening.run()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield Client(address.rstrip("/"))
    finally:
        listening.task_dispatcher.shutdown()
        listening.close()


def long_enough() -> float:
    """Seconds that anything may take on a slow and busy machine."""
    return float(os.environ.get("TEST_SECONDS", "60"))


@pytest.fixture(name="client", scope="module")
def client_fixture(tiny_run: Path) -> Iterator[Client]:
    with serving("--run", tiny_run, "--device", "cpu", "-q") as address:
        yield Client(address).ready()


def generated(
    run: Path, folder: Path, *arguments: object, prefix: str = PREFIX, suffix: str = SUFFIX
) -> str:
    """The text that `tat generate` gives for the gap."""
    (folder / "prefix").write_text(prefix)
    (folder / "suffix").write_text(suffix)
    gap = "--prefix", folder / "prefix", "--suffix", folder / "suffix"
    done = tat("generate", *gap, "--run", run, "--device", "cpu", "-q", *arguments)
    assert done.code == 0, done.err
    return done.out.removesuffix("\n")
