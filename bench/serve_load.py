"""`tat serve` under load: several clients, some of whom hang up, a restart, half requests, memory.

    python bench/serve_load.py --run RUN [--clients 8] [--seconds 60] [--requests 10000]

Clients ask for infills of up to 32 tokens, one after another; every fifth is given up after 30 ms.
The server is killed once, when half of the requests or of the time is over, and started again on
its port: clients try again until each request is answered or given up. Two more send half a
request and wait. Prints one JSON object: requests, shares, p50 and p99 in ms of whole
answers, errors outside of the restart, and the server's resident memory after warming up and after
all requests. Only the loopback is used, and everything ends by itself.
"""

import argparse
import http.client
import json
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_PREFIX = "/// area of a disc\nfn area(r: f32) -> f32 {\n    let square = r * r;\n    "
_GIVEN_UP = 0.03  # seconds
_ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Tally:
    """Counts of all clients; `kill` ends the server, once, behind `half` finished requests."""

    half: int = 0
    kill: Callable[[], None] = lambda: None
    killed: threading.Event = field(default_factory=threading.Event)
    answered: list[float] = field(default_factory=list)  # milliseconds
    cancelled: int = 0
    busy: int = 0
    refused: int = 0  # while the server was down
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def finish(self, milliseconds: float | None) -> None:
        """Count a request that was answered, or given up."""
        with self.lock:
            if milliseconds is None:
                self.cancelled += 1
            else:
                self.answered.append(milliseconds)
            if len(self.answered) + self.cancelled == self.half:
                self.kill()
                self.killed.set()


class Server:
    """`tat serve` in a process of its own, always on the same port."""

    def __init__(self, run: Path, port: int = 0) -> None:
        command = [sys.executable, "-m", "tat", "serve", "--run", str(run), "--port", str(port)]
        self._process = subprocess.Popen(
            [*command, "--device", "cpu", "--index", "none", "-q"], cwd=_ROOT,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.port = int(self._process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
        while _ask(self.port, "GET", "/health")[0] != 200:
            time.sleep(0.05)

    def memory(self) -> float:
        """Resident MiB of the server's own process."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def _ask(port: int, method: str, path: str, body: object = None, wait: float = 60) -> tuple:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=wait)
    try:
        connection.request(method, path, json.dumps(body) if body else None)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def client(number: int, server: list[Server], ends: float, most: int, tally: Tally) -> None:
    """Finish `most` requests, or those for which there is time."""
    draws = random.Random(number)
    for count in range(most):
        body = {"input_prefix": f"// {number}/{count}\n{_PREFIX}", "input_suffix": "\n}\n",
                "n_predict": 32, "temperature": draws.choice((0, 0.8)), "seed": count}  # fmt: skip
        leaves = draws.random() < 0.2
        while not _finished(server[0].port, body, leaves, tally):
            time.sleep(0.1)
            if time.monotonic() > ends:
                return
        if time.monotonic() > ends:
            return


def _finished(port: int, body: dict, leaves: bool, tally: Tally) -> bool:
    """Whether a request came to an end; not where the server is down, or says to try again."""
    began = time.monotonic()
    try:
        status, data = _ask(port, "POST", "/infill", body, _GIVEN_UP if leaves else 60)
    except TimeoutError:
        if leaves:
            tally.finish(None)
        else:
            tally.errors.append("no answer in 60 s")
        return True
    except (OSError, http.client.HTTPException):
        with tally.lock:
            tally.refused += 1
        return False
    if status == 200:
        tally.finish(1000 * (time.monotonic() - began))
        return True
    with tally.lock:
        if status == 503:  # it is full, or loads its model anew
            tally.busy += 1
        else:
            tally.errors.append(f"{status}: {data[:200]!r}")
    return status != 503


def load(run: Path, clients: int, seconds: float, requests: int, restart: bool = True) -> dict:
    """The figures of one run: `requests` in all, or as many as there is time for."""
    server = [Server(run)]
    each = -(-requests // clients)
    halves = [socket.create_connection(("127.0.0.1", server[0].port)) for _ in range(2)]
    for half in halves:
        half.sendall(b"POST /infill HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n{")
    client(99, server, time.monotonic() + 60, min(500, requests // 10), Tally())  # warm up
    before = server[0].memory()
    tally = Tally(each * clients // 2, server[0].kill) if restart else Tally()
    ends = time.monotonic() + seconds
    threads = [
        threading.Thread(target=client, args=(number, server, ends, each, tally), daemon=True)
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    if restart:
        tally.killed.wait(seconds / 2)
        port = server[0].port
        server[0].kill()
        server[0] = Server(run, port)
        before = server[0].memory()
    for thread in threads:
        thread.join()
    after = server[0].memory()
    server[0].kill()
    for half in halves:
        half.close()
    return _figures(tally, clients, before, after)


def _figures(tally: Tally, clients: int, before: float, after: float) -> dict:
    times = sorted(tally.answered)
    asked = len(times) + tally.cancelled + len(tally.errors)
    return {
        "clients": clients, "requests": asked, "answered": len(times), "cancelled": tally.cancelled,
        "share_cancelled": round(tally.cancelled / max(1, asked), 3), "busy": tally.busy,
        "while_it_was_down": tally.refused, "errors": tally.errors[:5],
        "ms_p50": round(statistics.median(times), 1),
        "ms_p99": round(times[int(0.99 * (len(times) - 1))], 1),
        "mib_before": round(before, 1), "mib_after": round(after, 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--no-restart", action="store_true")
    asked = parser.parse_args()
    print(json.dumps(load(asked.run, asked.clients, asked.seconds, asked.requests,
                          restart=not asked.no_restart)))  # fmt: skip


if __name__ == "__main__":
    main()
