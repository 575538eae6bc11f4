"""`tat cookbook`: the bundled WGSL functions, listed, shown, tested and as a page."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from tat.cookbook import html, library, picture
from tat.cookbook.library import Entry
from tat.cookbook.runner import Result, test_entry
from tat.errors import UsageError, did_you_mean
from tat.files import atomic_file, require_place
from tat.wgsl.sandbox import Sandbox


def run(options: argparse.Namespace) -> int:
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list, "show": _show, "test": _test, "html": _html,
    }  # fmt: skip
    return actions[options.action](options)


def _list(options: argparse.Namespace) -> int:
    entries = [
        entry
        for entry in sorted(library.load(options.tag), key=lambda entry: (entry.area, entry.name))
        if options.area in (None, entry.area)
    ]
    if not entries:
        areas = ", ".join(sorted({entry.area for entry in library.load()}))
        raise UsageError(f"no entry has this area and tag; the areas are {areas}")
    if options.json:
        _print_json(entries)
        return 0
    area = ""
    for entry in entries:
        if entry.area != area:
            print(f"{entry.area}" if not area else f"\n{entry.area}")
            area = entry.area
        print(f"  {entry.name:32} {entry.request}")
    return 0


def _show(options: argparse.Namespace) -> int:
    [entry] = _named([options.name])
    print(f"// {entry.request}")
    if entry.source:
        print(f"// source: {entry.source}")
    print(f"\n{entry.code}", end="")
    return 0


def _test(options: argparse.Namespace) -> int:
    began = time.monotonic()
    with Sandbox() as sandbox:
        results = list(_reported(_named(options.names), sandbox, quiet=options.json))
    failed = [result for result in results if result.failure]
    if options.json:
        _print_json(results)
    else:
        seconds = time.monotonic() - began
        print(f"{len(results) - len(failed)} passed, {len(failed)} failed in {seconds:.1f} s")
    return 1 if failed else 0


def _reported(entries: Sequence[Entry], sandbox: Sandbox, quiet: bool) -> Iterator[Result]:
    for entry in entries:
        result = test_entry(entry, sandbox)
        if not quiet and result.failure:
            print(f"FAILED  {entry.name}: {result.failure}", flush=True)
        elif not quiet:
            print(f"ok      {entry.name} ({result.checks} checks)", flush=True)
        yield result


def _html(options: argparse.Namespace) -> int:
    require_place(options.output)
    entries = library.load()
    pictures: dict[str, bytes] = {}
    if not options.no_pictures:
        with Sandbox() as sandbox:
            pictures = {e.name: picture.draw(e, sandbox) for e in entries if e.picture}
    with atomic_file(options.output) as file:
        file.write(html.page(entries, pictures).encode())
    print(f"{options.output}: {len(entries)} functions, {len(pictures)} pictures")
    return 0


def _named(names: Sequence[str]) -> list[Entry]:
    """The entries of these names, or all of them where there are none."""
    entries = {entry.name: entry for entry in library.load()}
    for name in names:
        if name not in entries:
            hint = did_you_mean(name, entries, "; `tat cookbook list` names all")
            raise UsageError(f"the cookbook has no {name!r}{hint}")
    return [entries[name] for name in names] or list(entries.values())


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
