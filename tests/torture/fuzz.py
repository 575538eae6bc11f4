"""Mutated bytes to every reader of bytes: a refusal by tat's own errors, or an answer, and soon.

    python tests/torture/fuzz.py [--seconds N] [--each N] [--only NAME ...] [--seed N] [--json FILE]
    python tests/torture/guided.py NAME [LIBFUZZER OPTIONS]      (by coverage, with atheris)

A find is any other exception, more than a second of CPU time for one input, or more than 200 MB
that a reader added to the process. The input of a find is kept in the folder --finds.
"""

import argparse
import contextlib
import itertools
import json
import random
import resource
import sys
import time
import traceback
from collections import Counter
from hashlib import sha256
from pathlib import Path

from readers import Target, targets

MOST_SECONDS, MOST_BYTES = 1.0, 200 << 20
WORDS = [
    b"fn ", b"var<", b"array<", b"((", b"{", b"}", b"/*", b"*/",
    b"//", b"\n", b"\r\n", b"\0", b";", b"\xff", b"\xe2\x80\xa8", b"\xef\xbb\xbf",
    b"@", b"<<<", b"0x", b"1e999", b"-1", b"NaN", b"null", b"[[",
    b'{"', b'"', b"'''", b"\\u0000", b"\\ud800", b"99999999999999999999", b"\xf0\x9f\x98\x80",
]  # fmt: skip


def mutated(draw: random.Random, seeds: list[bytes]) -> bytes:
    """A seed with a few bytes flipped, cut, doubled, moved, joined with another or put in."""
    data = bytearray(draw.choice(seeds))
    for _ in range(draw.choice((1, 1, 2, 3, 8))):
        kind, at = draw.randrange(7), draw.randrange(len(data) + 1)
        end = min(len(data), at + draw.choice((1, 2, 8, 64, 1000)))
        if kind == 0 and at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:
            data[at:at] = data[at:end] * draw.choice((1, 2, 20))
        elif kind == 3:
            data[at:at] = draw.choice(WORDS) * draw.choice((1, 1, 2, 50))
        elif kind == 4:
            data[at:end] = draw.randbytes(end - at)
        elif kind == 5:
            other = draw.choice(seeds)
            start = draw.randrange(len(other) + 1)
            data[at:end] = other[start : start + end - at]
        else:
            del data[at : len(data) if draw.random() < 0.2 else end]
    return bytes(data)


def _peak() -> int:
    """KB of memory that this process held at most, since _peak_from_here where Linux can say."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _peak_from_here() -> int:
    """Forgets the peak of what ran before, which would hide what a reader takes."""
    with contextlib.suppress(OSError):  # proc(5): 5 resets the peak of resident memory
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def tried(target: Target, data: bytes) -> str:
    """The find that an input is; "" if it is none."""
    before = _peak_from_here()
    began = time.process_time()
    try:
        target.read(data)
    except target.expected:
        pass
    except Exception:
        return traceback.format_exc(limit=-3)
    seconds = time.process_time() - began
    for _ in range(2):  # what else goes on in the machine or this process is no find
        if seconds > MOST_SECONDS:
            began = time.process_time()
            with contextlib.suppress(*target.expected):
                target.read(data)
            seconds = min(seconds, time.process_time() - began)
    if seconds > MOST_SECONDS:
        return f"{seconds:.1f} s"
    grown = (_peak() - before) << 10
    return f"{grown >> 20} MB" if grown > MOST_BYTES else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="for all readers together")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--finds", type=Path, default=Path("build/finds"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inputs", type=int, default=0, help="rounds until so many were read")
    parser.add_argument("--each", type=int, default=0, help="at most so many inputs to a reader")
    options = parser.parse_args()
    known = targets()
    names, counts, finds, began = options.only or [*known], Counter(), {}, time.process_time()
    for number in itertools.count(options.seed):
        for name in names:
            draw = random.Random(f"{name} {number}")
            read, found = fuzzed(known[name], draw, options.seconds / len(names), options.each)
            counts[name] += read
            for find, data in found:
                place = " ".join(find.split("File ")[-1].split()[:6])
                if finds.setdefault((name, place), data) is data:
                    keep(options.finds, name, find, data)
        if options.json:
            seconds = round(time.process_time() - began)
            kept = {"inputs": counts, "cpu_seconds": seconds, "finds": [*map(list, finds)]}
            options.json.write_text(json.dumps(kept, indent=1) + "\n")
        if counts.total() >= options.inputs:
            break
    print(f"{counts.total()} inputs ({dict(counts)}), {len(finds)} finds")
    return bool(finds)


def fuzzed(
    target: Target, draw: random.Random, seconds: float, most: int = 0
) -> tuple[int, list[tuple[str, bytes]]]:
    """How many inputs a reader got in so many seconds, at most `most`, and the finds among them."""
    for seed in target.seeds:  # what is read for the first time also imports
        tried(target, seed)
    count, found, end = 0, [], time.monotonic() + seconds
    while time.monotonic() < end and (not most or count < most):
        data = mutated(draw, target.seeds)
        count += 1
        if find := tried(target, data):
            found.append((find, data))
    return count, found


def keep(folder: Path, name: str, find: str, data: bytes) -> None:
    """A find, on the screen and as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-{sha256(data).hexdigest()[:12]}").write_bytes(data)
    print(f"{name}: {len(data)} bytes: {find}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
