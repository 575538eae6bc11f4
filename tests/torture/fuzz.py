"""Mutated bytes to every reader of bytes: a refusal by tat's own errors, or an answer, and soon.

    python tests/torture/fuzz.py [--seconds N] [--each N] [--only NAME ...] [--seed N] [--json FILE]
    python tests/torture/guided.py NAME [LIBFUZZER OPTIONS]      (by coverage, with atheris)

A find is any other exception, more than a second of CPU time for one input, or more than 200 MB
that a reader added to the process. The input of a find is kept in the folder --finds.
"""

import argparse
import atexit
import contextlib
import gzip
import itertools
import json
import random
import resource
import shutil
import sys
import tarfile
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))

from embedded_trees import DIALECTS, trees

from tat.benchmarks.bench_file import Result, Results, encode_results, read_results
from tat.checkpoint import inspect, load
from tat.config import check_stored, resolve
from tat.data.corpus import functions_of
from tat.data.corpus_file import CorpusFile
from tat.data.hosts import READ
from tat.data.prepare import prepare
from tat.data.sources import SourceReader, Sources
from tat.data.tokenizer import Tokenizer
from tat.errors import TatError
from tat.evaluation.functions import read_functions
from tat.evaluation.result_file import Outcome, Report, figures, read_report
from tat.evaluation.selection import read_ids
from tat.proofs.manifest import Manifest, manifest_path, read_manifest, write_manifest
from tat.retrieval.index_file import open_index
from tat.retrieval.query import search
from tat.wgsl import protocol
from tat.wgsl.comments import without_comments
from tat.wgsl.declarations import functions, split_module
from tat.wgsl.given import context_problem, signature_problem
from tat.wgsl.grammar import Grammar, refused_at
from tat.wgsl.holes import first_hole
from tat.wgsl.lexer import plain, tokenize
from tat.wgsl.scope import Scope
from tat.wgsl.signature import parse_signature

ROOT = Path(__file__).parent.parent.parent
MOST_SECONDS, MOST_BYTES = 1.0, 200 << 20
GRAMMAR = Grammar.of_bytes()
MEMORY = Path("/dev/shm")
PLACE = Path(tempfile.mkdtemp(prefix="tat-fuzz-", dir=MEMORY if MEMORY.is_dir() else None))
atexit.register(shutil.rmtree, PLACE, ignore_errors=True)
WGSL = [path.read_bytes() for path in sorted((ROOT / "tat/cookbook/entries").rglob("*.wgsl"))[:60]]
WORDS = [
    b"fn ", b"var<", b"array<", b"((", b"{", b"}", b"/*", b"*/",
    b"//", b"\n", b"\r\n", b"\0", b";", b"\xff", b"\xe2\x80\xa8", b"\xef\xbb\xbf",
    b"@", b"<<<", b"0x", b"1e999", b"-1", b"NaN", b"null", b"[[",
    b'{"', b'"', b"'''", b"\\u0000", b"\\ud800", b"99999999999999999999", b"\xf0\x9f\x98\x80",
]  # fmt: skip


class Target(NamedTuple):
    """A reader, and inputs to begin with; `expected` are its documented refusals."""

    read: Callable[[bytes], object]
    seeds: list[bytes]
    expected: tuple[type[BaseException], ...] = (TatError,)


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode(errors="replace"))


def _file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def whole(data: bytes) -> object:
        path = PLACE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return read(path)

    return whole


def _index(data: bytes) -> object:
    """Opens an index whose checksum holds, so that SQLite meets the damage."""
    path = PLACE / "x.idx"
    path.write_bytes(data + sha256(data).digest())
    index = open_index(path)
    return len(index), search(index, "distance to a box", 3)


def _manifest(data: bytes) -> object:
    path = PLACE / "target" / "manifests" / "architect.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return read_manifest(PLACE / "target", "architect")


def _scope(text: str) -> object:
    scope = Scope.given(text[: len(text) // 2])
    for piece in text[len(text) // 2 :].encode(errors="replace").split():
        scope = scope and scope.after(piece + b" ")
    return scope


def _corpus() -> bytes:
    modules, out = PLACE / "modules", PLACE / "seed.tat"
    modules.mkdir(exist_ok=True)
    (modules / "a.wgsl").write_bytes(WGSL[0])
    config = resolve(files=[], assignments=["data.vocabulary=270"]).config
    prepare([modules], out, config.data, 0)
    return out.read_bytes()


def _host(data: bytes) -> object:
    """A file of the language that the first byte says, as training reads it."""
    path = PLACE / f"host{READ[(data or b'0')[0] % len(READ)]}"
    path.write_bytes(data[1:])
    found = SourceReader(1 << 20, ["FAST", "N=4"]).stream([path])
    return functions_of(Sources(tuple(found), (), (), 1))


def _hosts() -> list[bytes]:
    """Files of all languages, each with its language in front."""
    files = [(made.path, made.data) for made in itertools.islice(trees(), 0, None, 2)]
    files += [(name, text.encode()) for name, text in DIALECTS.items()]
    known = {suffix: bytes([number]) for number, suffix in enumerate(READ)}
    return [known[Path(n).suffix] + data for n, data in files if Path(n).suffix in known]


def _evaluations() -> dict[str, Target]:
    """The files that `tat eval` and `tat bench` read."""
    timed = {"replay": Result("replay", (0.1, 0.2), (0.1, 0.1), {"unit": "second"})}
    outcome = Outcome("a", {"valid": 1.0, "exact": 0.0}, ("standalone",), "why")
    report = Report("functions", "f", {"int8": True}, ("valid",), figures([outcome]), (outcome,))
    function = {"id": "a", "signature": "fn a()", "body": "{}", "calls": ["fn b()"]}
    return {
        "bench": Target(_file("x.json", read_results), [encode_results(Results(timed, {}))]),
        "report": Target(_file("r.json", read_report), [msgspec.json.encode(report)]),
        "functions": Target(
            _file("f.jsonl", read_functions), [json.dumps(function).encode() + b"\n"]
        ),
        "ids": Target(
            _file("ids.json", read_ids), [b"a\nb\n", b'{"overlapping": ["a"]}', b'["a"]']
        ),
    }


def targets() -> dict[str, Target]:
    """All readers; some files to begin with are those that 1.0.0 wrote."""
    old = ROOT / "tests" / "old"
    with tarfile.open(old / "run-1.0.0.tar.gz") as archive:
        tensors = [archive.extractfile(n).read() for n in ("int8.safetensors", "f32.safetensors")]
    path = PLACE / "seed.safetensors"
    path.write_bytes(tensors[0])
    kept = load(path)
    index = gzip.decompress((old / "index-1.0.0.gz").read_bytes())
    toml = (ROOT / "config/default.toml").read_bytes()
    pairs = [{"signature": "fn f(x: f32) -> f32", "body": "{ return x; }", "comment": "same"}]
    lines = [json.dumps(pair).encode() + b"\n" for pair in pairs] + [b'{"text": "fn f() {}"}\n']
    empty = Manifest(
        version=1, phase="architect", status="verified", reason="", standalone=True, started="",
        seconds=1.0, commit="", machine={}, configuration={}, inputs={}, outputs={}, checks=[],
        benchmarks=[],
    )  # fmt: skip
    write_manifest(PLACE / "target", empty)
    sealed = manifest_path(PLACE / "target", "architect")
    asks = [protocol.Verdict("x", 1, 2), protocol.Outputs([b"ab"]), protocol.Opened(["seccomp"])]
    replies = [msgspec.msgpack.encode(ask) for ask in asks]
    reads = lambda path: list(SourceReader(1 << 20).read_file(path))  # noqa: E731
    return {
        "tensors": Target(_file("x.safetensors", load), tensors),
        "inspect": Target(_file("y.safetensors", inspect), tensors),
        "tokenizer": Target(Tokenizer.from_bytes, [kept.tokenizer]),
        "metadata": Target(
            lambda data: check_stored(msgspec.json.decode(data, type=dict)),
            [json.dumps(kept.configuration).encode()], (TatError, ValueError),
        ),
        "json_lines": Target(_file("x.jsonl", reads), lines),
        "modules": Target(_file("x.wgsl", reads), WGSL),
        "toml": Target(_file("x.toml", lambda path: resolve(files=[path])), [toml[:3000], toml]),
        "lexer": Target(_text(lambda text: (tokenize(text), plain(text))), WGSL),
        "declarations": Target(_text(lambda text: (split_module(text), functions(text))), WGSL),
        "comments": Target(_text(lambda text: (without_comments(text), first_hole(text))), WGSL),
        "grammar": Target(_text(lambda text: refused_at(GRAMMAR, text)), [w[:800] for w in WGSL]),
        "given": Target(
            _text(lambda text: (signature_problem(GRAMMAR, text), context_problem(GRAMMAR, text))),
            [b"fn f(x: f32) -> f32", b"const a = 1;", *(w[:300] for w in WGSL)],
        ),
        "signature": Target(_text(parse_signature), [b"fn f(x: vec3f, m: mat2x3<f32>) -> bool"]),
        "scope": Target(_text(_scope), [w[:600] for w in WGSL]),
        "index": Target(_index, [index[:-32]]),
        "index_file": Target(_file("y.idx", open_index), [index]),
        "corpus": Target(_file("x.tat", lambda path: CorpusFile(path).check()), [_corpus()]),
        "manifest": Target(_manifest, [sealed.read_bytes()]),
        "hosts": Target(_host, _hosts()),
        "reply": Target(protocol.decode_reply, replies, (TatError, ValueError)),
        **_evaluations(),
    }  # fmt: skip


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
