"""llama.vim's requests, byte for byte as curl sends them, and the plugin's reading of the replies.

tests/recordings holds what curl 7.88 sent for bodies that Neovim encoded with the plugin's fields;
only the port in the Host header is the test's own.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Client, long_enough, serving, tiny_run  # noqa: F401  a fixture

WARM, AT_RETURN, BLANK_LINE, UNICODE = sorted(Path(__file__).parent.glob("recordings/*.http"))
NEEDED = ("prompt_n", "prompt_ms", "prompt_per_second", "predicted_n", "predicted_ms",
          "predicted_per_second")  # fmt: skip


@pytest.fixture(scope="module")
def port(tiny_run: Path) -> Iterator[int]:  # noqa: F811
    with serving("--run", tiny_run, "--device", "cpu", "-q") as address:
        Client(address).ready()
        yield int(address.rpartition(":")[2])


def exchanged(port: int, data: bytes) -> bytes:
    """The bytes that come back for a request, up to the end of the body."""
    data = data.replace(b"Host: 127.0.0.1:8012", b"Host: 127.0.0.1:%d" % port)
    with socket.create_connection(("127.0.0.1", port), timeout=long_enough()) as raw:
        raw.sendall(data)
        got = b""
        while b"\r\n\r\n" not in got:
            got += raw.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        size = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(body) < size:
            body += raw.recv(65536)
    return head + b"\r\n\r\n" + body


def replied(port: int, recording: Path) -> str:
    head, _, body = exchanged(port, recording.read_bytes()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), (head, body)
    return body.decode()


def test_warming_up_writes_nothing(port):
    assert replied(port, WARM) == "{}"


@pytest.mark.parametrize("recording", [AT_RETURN, BLANK_LINE, UNICODE], ids=lambda path: path.stem)
def test_a_reply_is_one_that_the_plugin_shows(port, recording):
    raw = replied(port, recording)
    assert re.search(r'"content"\s*:"', raw)  # others are dropped
    reply = json.loads(raw)
    assert all(isinstance(reply[f"timings/{name}"], int | float) for name in NEEDED)
    assert reply["truncated"] is False and reply["tokens_cached"] == 0
    assert reply["content"].strip()


def test_a_blank_line_gets_its_indentation_too(port):
    content = json.loads(replied(port, BLANK_LINE))["content"]
    assert content.startswith("    ") and content.strip().endswith(";")


def test_the_same_request_gets_the_same_text(port):
    assert len({json.loads(replied(port, AT_RETURN))["content"] for _ in range(4)}) == 1


PLUGIN = os.environ.get("LLAMA_VIM", "")
NEOVIM = shutil.which("nvim", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(not (PLUGIN and NEOVIM), reason="LLAMA_VIM names no copy of the plugin")
def test_the_plugin_itself_shows_and_takes_lines(tmp_path):
    """In Neovim, by keys. No package registry has the plugin, so its folder has to be given."""
    script = Path(__file__).parent / "editors" / "llama_vim.lua"
    head = "/// area of a disc\nfn area(r: f32) -> f32 {\n    let square = r * r;\n"
    file, blank, told = (tmp_path / name for name in ("disc.wgsl", "blank.wgsl", "told.json"))
    file.write_text(head + "    return\n}\n")
    blank.write_text(head.split("\n", 1)[1] + "    \n}\n")
    home = {name: str(tmp_path) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
    talk = {"EDITOR_TOLD": str(told), "EDITOR_BLANK": str(blank), "LLAMA_VIM": PLUGIN}
    with serving("--run", "bundled", "--device", "cpu", "-q") as address:
        Client(address).ready()
        subprocess.run(
            [NEOVIM, "--headless", "-u", script, "-n", file],
            env=os.environ | home | talk | {"EDITOR_ADDRESS": address},
            timeout=4 * long_enough(), stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
    said = json.loads(told.read_text())
    assert said["errors"] == [] and "failed" not in said["messages"], said
    assert said["hint"].strip() and said["line"] == f"    return {said['hint']}", said
    assert "t/s" in said["info"]
    assert said["blank_hint"].strip() and said["blank"] == f"    {said['blank_hint']}", said
