"""`POST /infill` where a line was begun: how often its text is right, and the CPU time.

    python bench/serve_begun.py [f32] [--lines N]

`tat serve` runs in a process of its own with the bundled model. Lines of the cookbook are cut
behind some of their characters, the same ones in every run, and asked for one after another as
llama.vim asks: 128 tokens, greedy. `exact`: the first line is the rest of the one that stood there.
`line_valid`: the module with that first line validates. `whole_valid`: it does with all of the
text. `cpu_ms` is the time of the server's threads and children for a request.
"""

import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

from serve_latency import cookbook_lines

_TICK = os.sysconf("SC_CLK_TCK")


def main(*arguments: str) -> None:
    kind = "f32" if "f32" in arguments else "int8"
    count = int(arguments[arguments.index("--lines") + 1]) if "--lines" in arguments else 60
    words = [sys.executable, "-m", "tat", "serve", "--port", "0", "--run", "bundled", "--device",
             "cpu", "-q", *(["--int8"] if kind == "int8" else [])]  # fmt: skip
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            host = server.stdout.readline().strip().removeprefix("http://").removesuffix("/")
            while not _ask(host, "/health", None).get("status"):
                time.sleep(0.1)
            for name in ("whole", "begun"):
                print(
                    json.dumps(
                        {"lines": name, "weights": kind, **_all(host, name, count, server.pid)}
                    )
                )
        finally:
            server.terminate()


def _all(host: str, name: str, count: int, pid: int) -> dict[str, object]:
    draws, found = random.Random(1), []
    for prefix, line, suffix in cookbook_lines()[:count]:
        cut = 0 if name == "whole" else draws.randrange(1, len(line))
        before, spent = prefix + line[:cut], _spent(pid)
        body = {"input_prefix": before, "input_suffix": suffix, "n_predict": 128, "temperature": 0}
        began = time.perf_counter()
        text = _ask(host, "/infill", body)["content"]
        ms = 1000 * (time.perf_counter() - began)
        cpu = 1000 * (_spent(pid) - spent)
        first = text.split("\n")[0]
        valid = [
            _ask(host, "/validate", {"code": before + t + suffix})["valid"] for t in (first, text)
        ]
        found.append((first.rstrip() == line[cut:].rstrip(), *valid, bool(first.strip()), cpu, ms))
    exact, line_valid, whole_valid, some, cpu, ms = zip(*found, strict=True)
    return {
        "requests": len(found), "with_a_text": sum(some), "exact": sum(exact),
        "line_valid": sum(line_valid), "whole_valid": sum(whole_valid),
        "cpu_ms_mean": round(statistics.mean(cpu), 1),
        "cpu_ms_p50": round(statistics.median(cpu), 1),
        "ms_p50": round(statistics.median(ms), 1),
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def _spent(pid: int) -> float:
    """CPU seconds of a process and its children's processes."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == pid or int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total / _TICK


def _ask(host: str, path: str, body: object) -> dict[str, object]:
    connection = http.client.HTTPConnection(host, timeout=300)
    data = None if body is None else json.dumps(body).encode()
    connection.request("GET" if body is None else "POST", path, data)
    return json.loads(connection.getresponse().read())


if __name__ == "__main__":
    main(*sys.argv[1:])
