"""`tat generate`."""

import argparse
import sys
import time
from pathlib import Path

import msgspec

from tat.decode.generator import Generation, Generator
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.errors import FileError, UsageError, one_line
from tat.train.run_folder import load_checkpoint

_MAX_PROMPT_BYTES = 4_000_000  # of a file that becomes part of a prompt


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A line of --input."""

    description: str = ""
    signature: str = ""
    context: str = ""
    prefix: str | None = None
    suffix: str | None = None
    id: str | int | None = None


def run(options: argparse.Namespace) -> int:
    prompts = _prompts(options)
    loaded = load_model(*load_checkpoint(options.run), options.device)
    limit = min(loaded.config.generate.max_tokens, loaded.config.model.max_length)
    generator = Generator(loaded, limit if options.max_tokens is None else options.max_tokens)
    for identity, prompt in prompts:
        began = time.perf_counter()
        if options.input:
            result = generator.generate(prompt)
            record = {"id": identity, "text": result.text, "finished": result.finished}
            _emit(msgspec.json.encode(record).decode() + "\n")
        else:
            result = generator.generate(prompt, _emit)
            _emit("" if result.text.endswith("\n") else "\n")
        _warn(result, identity, options.quiet)
        if options.verbose:
            pace = 1000 * (time.perf_counter() - began) / max(1, result.tokens)
            print(f"tat: {result.tokens} tokens, {pace:.2f} ms each", file=sys.stderr)
    return 0


def _emit(text: str) -> None:
    sys.stdout.write(text.encode("utf-8", "replace").decode("utf-8"))
    sys.stdout.flush()


def _warn(result: Generation, identity: str | int | None, quiet: bool) -> None:
    if not result.finished and not quiet:
        which = "" if identity is None else f"{identity}: "
        print(
            f"tat: {which}cut off after {result.tokens} tokens; --max-tokens allows more",
            file=sys.stderr,
        )


def _prompts(options: argparse.Namespace) -> list[tuple[str | int | None, Prompt]]:
    """The prompt of the arguments, or those of the lines of --input with their ids."""
    given = (
        options.description,
        options.signature,
        options.context,
        options.prefix,
        options.suffix,
    )
    if options.input:
        if any(given):
            raise UsageError("--input: give prompts in the file or in the arguments, not both")
        return _read_requests(options.input)
    prompt = Prompt(
        description=options.description,
        signature=options.signature,
        context=_read(options.context) or "",
        prefix=_read(options.prefix),
        suffix=_read(options.suffix),
    )
    return [(None, prompt)]


def _read_requests(path: Path) -> list[tuple[str | int | None, Prompt]]:
    prompts = []
    for number, line in enumerate((_read(path) or "").splitlines(), 1):
        if not line.strip():
            continue
        try:
            request = msgspec.json.decode(line, type=Request)
            fields = {k: getattr(request, k) for k in Request.__struct_fields__ if k != "id"}
            prompts.append((number if request.id is None else request.id, Prompt(**fields)))
        except (msgspec.MsgspecError, RecursionError) as error:
            raise FileError(f"{path}:{number}: {one_line(str(error))}") from None
        except UsageError as error:
            raise FileError(f"{path}:{number}: {error}") from None
    if not prompts:
        raise FileError(f"{path}: has no prompt; write one JSON object a line")
    return prompts


def _read(path: Path | None) -> str | None:
    if path is None:
        return None
    if not path.is_file():
        raise FileError(f"{path}: not a file that can be read")
    if path.stat().st_size > _MAX_PROMPT_BYTES:
        raise FileError(f"{path}: more than {_MAX_PROMPT_BYTES} bytes; no model reads that much")
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise FileError(f"{path}: not UTF-8 text") from None
