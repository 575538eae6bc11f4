"""`tat export`: a model without what only training needs, as a checkpoint or for other places."""

import argparse
import os
import sys
from pathlib import Path

from tat.checkpoint import save
from tat.commands.common.checkpoints import named_checkpoint
from tat.commands.common.indexes import named_index
from tat.decode.loading import exported
from tat.errors import FileError, UsageError
from tat.export.ctranslate2 import write_folder
from tat.export.leaving import LeavingModel
from tat.export.tokenizer_json import tokenizer_json
from tat.export.web.library import travelling
from tat.export.web.page import PageOptions, page
from tat.export.web.training import tuning
from tat.files import atomic_file, require_place

_LARGEST_PAGE = (
    64_000_000  # bytes: more takes a phone's browser its memory, and a reader's patience
)


def run(options: argparse.Namespace) -> int:
    for name in ("trainable", "index", "licence"):
        if getattr(options, name) and not options.web:
            raise UsageError(f"--{name} is for --web: nothing but a page has a place for it")
    if options.web:
        _web(options)
    elif options.onnx:
        _onnx(options)
    elif options.ctranslate2:
        _ctranslate2(options)
    else:
        _checkpoint(options)
    return 0


def _checkpoint(options: argparse.Namespace) -> None:
    if options.weights == "f16":
        raise UsageError("--weights f16: a checkpoint holds f32 or int8; f16 is for --web")
    require_place(options.output)
    path, checkpoint = named_checkpoint(options.run, quiet=options.quiet)
    if options.output.exists() and os.path.samefile(path, options.output):
        raise UsageError(f"{options.output} is the checkpoint itself; choose another name for -o")
    int8 = options.int8 or options.weights == "int8"
    if checkpoint.int8 and options.weights == "f32":
        LeavingModel.of(path, checkpoint).kind("f32", "f32")  # which says why not
    save(options.output, exported(path, checkpoint, int8))
    _tell(options, options.output, path)


def _web(options: argparse.Namespace) -> None:
    _require_new(options.web, options.force)
    _require_tokens(options)
    functions = travelling(named_index(options.index)) if options.index else ()
    path, leaving = _leaving(options)
    kind = leaving.kind(_asked(options), "f32" if options.trainable else "f16")
    taught = tuning(leaving) if options.trainable else None
    made = page(leaving, PageOptions(kind, options.tokens, options.licence, functions, taught))
    if len(made) > _LARGEST_PAGE and not options.force:
        smaller = "a smaller preset" if kind == "int8" else "--weights int8"
        raise UsageError(
            f"the page would have {len(made) / 1e6:.0f} MB, and more than"
            f" {_LARGEST_PAGE / 1e6:.0f} MB load slowly and fail on phones; take {smaller}, or"
            " write it all the same with --force"
        )
    with atomic_file(options.web) as file:
        file.write(made)
    _tell(options, options.web, path)


def _onnx(options: argparse.Namespace) -> None:
    if options.weights == "f16":
        raise UsageError("--weights f16: an ONNX file holds f32 or int8; f16 is for --web")
    try:
        from tat.export.onnx.model import onnx_files
    except ImportError:
        raise UsageError(
            "--onnx needs the package onnx; install it with"
            " `pip install 'tiny-agent-trainer[onnx]'`"
        ) from None
    stem = options.onnx.with_suffix("") if options.onnx.suffix == ".onnx" else options.onnx
    ends = ("encoder.onnx", "decoder.onnx", "tokenizer.json")
    places = [stem.with_name(f"{stem.name}.{end}") for end in ends]
    for place in places:
        _require_new(place, options.force)
    _require_tokens(options)
    path, leaving = _leaving(options)
    kind = leaving.kind(_asked(options), "f32")
    files = onnx_files(leaving, options.tokens, int8=kind == "int8")
    tokenizer = tokenizer_json(leaving.tokenizer)
    for place, content in zip(places, (files.encoder, files.decoder, tokenizer), strict=True):
        with atomic_file(place) as file:
            file.write(content)
        _tell(options, place, path)


def _require_tokens(options: argparse.Namespace) -> None:
    if options.tokens < 1:
        raise UsageError(f"--tokens {options.tokens}: a text has 1 token or more")


def _ctranslate2(options: argparse.Namespace) -> None:
    place, asked = options.ctranslate2, _asked(options)
    if asked in ("int8", "f16"):
        raise UsageError(
            f"--weights {asked}: a folder of CTranslate2 is written in f32; it rounds as it loads,"
            " with compute_type='int8'"
        )
    if options.force and place.exists() and not (place / "model.bin").is_file():
        raise FileError(
            f"{place} is no folder of CTranslate2, and --force replaces nothing else; choose"
            " another name"
        )
    if place.exists() and not options.force:
        raise FileError(f"{place} exists; choose another name, or replace it with --force")
    path, leaving = _leaving(options)
    if asked:
        leaving.kind(asked, "f32")
    write_folder(leaving, place)
    _tell(options, place / "model.bin", path)


def _asked(options: argparse.Namespace) -> str | None:
    """The type of weights that the options name."""
    return "int8" if options.int8 else options.weights


def _leaving(options: argparse.Namespace) -> tuple[Path, LeavingModel]:
    """Where the named model lies, and the model."""
    path, checkpoint = named_checkpoint(options.run, quiet=options.quiet)
    return path, LeavingModel.of(path, checkpoint)


def _require_new(path: Path, force: bool) -> None:
    require_place(path)
    if path.exists() and not force:
        raise FileError(f"{path} exists; choose another name, or replace it with --force")


def _tell(options: argparse.Namespace, output: Path, path: Path) -> None:
    if not options.quiet:
        sizes = (f"{os.path.getsize(file) / 1e6:.1f} MB" for file in (output, path))
        print("tat: {}: {}, from {}".format(output, *sizes), file=sys.stderr)
