"""Readers of bytes that a person or a stranger may give, and inputs for fuzz.py to begin with."""

import atexit
import gzip
import itertools
import json
import shutil
import sys
import tarfile
import tempfile
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
GRAMMAR = Grammar.of_bytes()
MEMORY = Path("/dev/shm")
PLACE = Path(tempfile.mkdtemp(prefix="tat-fuzz-", dir=MEMORY if MEMORY.is_dir() else None))
atexit.register(shutil.rmtree, PLACE, ignore_errors=True)
WGSL = [path.read_bytes() for path in sorted((ROOT / "tat/cookbook/entries").rglob("*.wgsl"))[:60]]


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
