"""Headless Chromium, driven by its DevTools protocol over two pipes: nothing else is needed."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = shutil.which("chromium")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip
_WEBGPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")


class Browser:
    """One page of a browser of its own."""

    def __init__(self, *, webgpu: bool = True) -> None:
        self._folder = tempfile.mkdtemp(prefix="tat-browser-")
        commands, self._out = os.pipe()
        self._in, answers = os.pipe()
        flags = [*_FLAGS, *(_WEBGPU if webgpu else ("--disable-gpu",))]
        # The protocol is spoken on descriptors 3 and 4, which a shell puts in place.
        script = f'exec "$@" 3<&{commands} 4>&{answers}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", PROGRAM, *flags, f"--user-data-dir={self._folder}",
             "about:blank"],
            pass_fds=(commands, answers), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self._count, self._session, self._rest = 0, "", b""
        self.requested: list[str] = []  # addresses that the page asked for
        self.errors: list[str] = []  # of scripts

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        until = time.monotonic() + 5  # its own children end a little later, and still write
        while os.path.exists(self._folder) and time.monotonic() < until:
            shutil.rmtree(self._folder, ignore_errors=True)
            time.sleep(0.02)

    def open(self, address: str, width: int = 1280, height: int = 900, scale: float = 1) -> None:
        """Show a page in a window of this size, zoomed by `scale`."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")
        self.size(width, height, scale)
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def size(self, width: int, height: int, scale: float = 1) -> None:
        """The window; a page zoomed by 2 has half the room."""
        self.call("Emulation.setDeviceMetricsOverride", width=int(width / scale),
                  height=int(height / scale), deviceScaleFactor=scale, mobile=False)  # fmt: skip

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, awaited."""
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                          returnByValue=True, userGesture=True)  # fmt: skip
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def wait(self, condition: str, seconds: float = 60) -> None:
        """Until an expression is true."""
        until = time.monotonic() + seconds
        while not self.evaluate(f"!!({condition})"):
            if time.monotonic() > until:
                raise AssertionError(f"never true: {condition}; {self.errors}")
            time.sleep(0.05)

    def type(self, text: str) -> None:
        """Text into what has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, modifiers: int = 0) -> None:
        """A key, with 1 for Alt and 2 for Ctrl held."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9}
        number = codes.get(key, ord(key[0].upper()))
        event = {"key": key, "code": key if key in codes else f"Key{key.upper()}",
                 "windowsVirtualKeyCode": number, "modifiers": modifiers}  # fmt: skip
        self.call("Input.dispatchKeyEvent", type="rawKeyDown", **event)
        if not modifiers and (text := "\r" if key == "Enter" else key if len(key) == 1 else ""):
            self.call("Input.dispatchKeyEvent", type="char", text=text, **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def screenshot(self, path: Path, *, whole: bool = False) -> bytes:
        """The page as a PNG file."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(data["data"]))
        return path.read_bytes()

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            told = self._message()
            if told.get("id") == self._count:
                assert "error" not in told, told
                return told["result"]

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._in, 1 << 16)
            assert data, "the browser ended"
            self._rest += data
        one, _, self._rest = self._rest.partition(b"\0")
        told = json.loads(one)
        if told.get("method") == "Network.requestWillBeSent":
            self.requested.append(told["params"]["request"]["url"])
        if told.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(told["params"]["exceptionDetails"])[:2000])
        if told.get("method") == "Runtime.consoleAPICalled" and told["params"]["type"] == "error":
            self.errors.append(str(told["params"]["args"])[:2000])
        return told
