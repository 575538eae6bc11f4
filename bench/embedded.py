"""How fast WGSL is found in other files: 100 MB of mixed sources, hostile hosts, and their memory.

    python bench/embedded.py                # writes bench/results/embedded.json
    python bench/embedded.py --megabytes 10 # less of it

Every row runs in a process of its own, so that its peak memory is its own. Seconds are of a
processor: the machine may have other work.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tat.data.shaders import Shaders
from tat.data.sources import read_sources
from tat.errors import CorpusError

LIMIT = 1_000_000  # data.max_file_bytes
FILE = 100_000  # characters of a file of the mixed tree
SHADER = (
    "@group(0) @binding(0) var<storage, read_write> items{0}: array<vec4f>;\n"
    "fn turn{0}(v: vec4f, by: f32) -> vec4f {{\n    return v * cos(by) + v.yxwz * sin(by);\n}}\n"
    "@compute @workgroup_size(64) fn main{0}(@builtin(global_invocation_id) id: vec3u) {{\n"
    "    items{0}[id.x] = turn{0}(items{0}[id.x], {0}.5);\n}}\n"
)

# By suffix: a piece of code without WGSL, and what stands before and behind a shader.
HOSTS: dict[str, tuple[str, str, str]] = {
    "ts": ("// it's {0}\nexport function next{0}(a: number): string {{\n  const at = a / 2;\n"
           "  return `${{at}} of {0}` + \"x\" + 'y{0}'.replace(/[`'\"]/g, '');\n}}\n",
           "export const s{0} = /* wgsl */ `", "`;\n"),
    "js": ("const f{0} = (a, b) => {{ if (a > b) {{ return a % b; }} return [a, 'b{0}']; }};\n",
           "const s{0} = `", "`;\n"),
    "rs": ("/// The `{0}`-th thing.\npub fn thing{0}<'a>(text: &'a str) -> Option<&'a str> {{\n"
           "    let quoted = format!(\"{{}} '{0}'\", text);\n    text.strip_prefix(&quoted)\n}}\n",
           "const S{0}: &str = r#\"", "\"#;\n"),
    "py": ("def thing{0}(text: str) -> str:\n    \"\"\"The {0}-th thing isn't this.\"\"\"\n"
           "    return f'{{text}} {0}' if text else \"none\"\n\n", "S{0} = '''", "'''\n"),
    "html": ("<p class=\"a{0}\" title='it&#39;s'>Number {0} &amp; more</p>\n<!-- {0} -->\n",
             "<script type=\"text/wgsl\">\n", "</script>\n"),
    "md": ("## Part {0}\n\nIt isn't `code{0}`, but *words* of a text about struct and fn.\n\n",
           "```wgsl\n", "```\n"),
    "cc": ("// it's {0}\nstruct Thing{0} {{ int a = {0}; char quote = '\"'; }};\n"
           "static const char* name{0}() {{ return \"thing \\\"{0}\\\"\"; }}\n",
           "const char kShader{0}[] = R\"(", ")\";\n"),
    "go": ("// Thing{0} isn't much.\nfunc Thing{0}(a int) string {{\n\treturn fmt.Sprintf(`%d`, a)"
           " + \"{0}\"\n}}\n", "var shader{0} = `", "`\n"),
    "swift": ("/// It's {0}.\nfunc thing{0}(_ a: Int) -> String {{ \"\\(a) of {0}\" }}\n",
              "let shader{0} = \"\"\"\n", "\"\"\"\n"),
    "java": ("/** It's {0}. */\nclass T{0} {{ String name() {{ return \"thing \" + {0}; }} }}\n",
             "String SHADER{0} = \"\"\"\n", "\"\"\";\n"),
}  # fmt: skip

HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "minified .js of 52 MB": ("a.js", lambda: b"var a=1;function f(){return 'x'+a/2};" * 1_400_000),
    "10,000 nested templates": (
        "a.ts", lambda: b"const a = `fn a( " + b"`${" * 10_000 + b"}`" * 10_000),
    "100,000 open templates": ("a.ts", lambda: b"fn (" + b"`${" * 100_000),
    "quotes that do not end": ("a.js", lambda: b"'\\'\"`" * 200_000 + b" fn a() {"),
    "raw strings that do not end (Rust)": ("a.rs", lambda: b'r#"fn a' * 50_000),
    "raw strings that do not end (C++)": ("a.cc", lambda: b'R"x(fn a() {' * 50_000),
    "text blocks that do not end (Java)": ("a.java", lambda: b'"""\n"fn a() {' * 50_000),
    "quotes that do not end (C#)": ("a.cs", lambda: b'@"fn a() { $"""' * 50_000),
    "interpolations that do not end (Swift)": ("a.swift", lambda: b'"\\(fn a() {' * 50_000),
    "comments in one another (Rust)": ("a.rs", lambda: b"/*" * 200_000 + b" fn a() {}"),
    "triple quotes in one another (Python)": ("a.py", lambda: b'"""\'\'\'fn a() {' * 50_000),
    "fences that do not end": ("a.md", lambda: b"```\n````\nfn a(x)\n" * 50_000),
    "a list of 20,000 strings": ("a.js", lambda: b"f(" + b"'fn a() {'," * 20_000),
    "a sum of 20,000 strings": ("a.js", lambda: b"f(" + b"'fn a() {' + " * 20_000),
    "texts that hold each other twice, 20 deep": ("a.ts", lambda: b"".join(
        b"const a%d = `fn f() {} ${a%d} ${a%d}`;\n" % (n, n + 1, n + 1) for n in range(20))),
    "20,000 #if without #endif": ("a.wgsl", lambda: b"#if A\n" * 20_000 + b"fn a() {}"),
    "50,000 #decl without #enddecl": ("a.wgsl", lambda: b"#decl(A)\n" * 50_000 + b"fn a() {}"),
    "5,000 @if in a row": ("a.wesl", lambda: b"@if(A) " * 5_000 + b"fn a() {}"),
    "binary": ("a.rs", lambda: b"fn a() {}\0" * 100_000),
}  # fmt: skip


def mixed(folder: Path, size: int) -> int:
    """Write a tree of about `size` bytes, a shader in every fourth file; the number of shaders."""
    written = shaders = number = 0
    while written < size:
        suffix = list(HOSTS)[number % len(HOSTS)]
        filler, before, after = HOSTS[suffix]
        text = "".join(filler.format(n) for n in range(FILE // len(filler)))
        if number // len(HOSTS) % 4 == 0:
            text += before.format(number) + SHADER.format(number) + after
            shaders += 1
        path = folder / f"part{number // 100}" / f"file{number}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        written += path.write_bytes(text.encode())
        number += 1
    return shaders


def read(folder: Path) -> tuple[int, int]:
    """Texts that were found in a folder, and files that were named and skipped."""
    try:
        found = read_sources([folder], LIMIT)
    except CorpusError:
        shaders = Shaders([p for p in folder.rglob("*") if p.is_file()], LIMIT, {})
        return 0, len(shaders.skipped)
    return len(found.modules), len(found.skipped)


def _measured(folder: Path, connection) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    found, skipped = read(folder)
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    connection.send({
        "found": found, "skipped": skipped, "seconds_cpu": round(used, 2),
        "seconds": round(time.perf_counter() - began, 2),
        "megabytes_more": round((after.ru_maxrss - before.ru_maxrss) / 1024, 1),
    })  # fmt: skip


def measured(folder: Path) -> dict:
    """Read a folder in a process of its own."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_measured, args=(folder, theirs))
    process.start()
    found = ours.recv()
    process.join()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("-o", type=Path, default=Path(__file__).parent / "results/embedded.json")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name) / "tree"
        tree.mkdir()
        wanted = mixed(tree, options.megabytes * 1_000_000)
        rows.append({"what": f"{options.megabytes} MB of mixed sources", "wanted": wanted,
                     **measured(tree)})  # fmt: skip
        print(rows[-1], flush=True)
        for what, (file, make) in HOSTILE.items():
            folder = Path(name) / f"hostile{len(rows)}"
            folder.mkdir()
            size = (folder / file).write_bytes(make())
            rows.append({"what": what, "bytes": size, **measured(folder)})
            print(rows[-1], flush=True)
    machine = {"python": platform.python_version(), "cores": os.cpu_count(),
               "load": os.getloadavg()[0]}  # fmt: skip
    options.o.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    return int(rows[0]["found"] != rows[0]["wanted"])


if __name__ == "__main__":
    sys.exit(main())
