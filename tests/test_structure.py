"""House rules: imports go one way, some libraries stay in some rooms, modules stay readable."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import tat
from tat.cli import COMMANDS

PACKAGE = Path(tat.__file__).parent
sys.path.insert(0, str(PACKAGE.parent / "docs"))

from make_tree import PAGE, up_to_date  # noqa: E402

MODULES = sorted(PACKAGE.rglob("*.py"))
BENCHMARKS = sorted((PACKAGE.parent / "bench").glob("*.py"))
MAX_LINES = 300
MAX_LINES_OF_REFERENCES = 700  # one short function after another, each read by itself
MAX_LINES_OF_FUNCTIONS = 60

# Rooms in the order in which data flows. A module imports from its own room and from those of
# earlier lines; the rooms of one line do not know each other.
ROOMS = (
    ("errors", "resources", "flat", "hashing", "tokens", "locks", "machine", "remembered"),
    ("config_layers", "config_tables", "hashing_numba"),
    ("config", "files", "tensor_file", "provenance", "kernel_cache", "draws_numba"),
    ("wgsl",),
    ("retrieval",),
    ("synth",),
    ("data", "ops", "draws"),
    ("model",),
    ("backends",),
    ("checkpoint", "weights"),
    ("stored_model",),
    ("train", "decode"),
    ("evaluation", "cookbook"),
    ("serve", "export"),
    ("checks", "benchmarks"),
    ("reports",),
    ("proofs",),
    ("tuning",),
    ("commands",),
    ("arguments",),
    ("cli",),
    ("__main__",),
)
RANKS = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}

# Where else the order would allow more than is wanted.
FORBIDDEN = {
    ("backends", "model"): "backends replay plans and do not know the model",
    ("model", "data"): "a model knows tokens by their ids alone",
}

# Imports that are reserved to these folders and modules. naga can end its process, so wgpu is for
# the sandbox's child, and only the child imports its own modules.
CHILD = ("wgsl/sandbox_child.py", "wgsl/sandbox_device.py", "wgsl/sandbox_kernel.py")
ONLY_IN = {
    "wgpu": ("backends/gpu", *CHILD),
    "tat.wgsl.sandbox_child": ("__main__.py",),
    "tat.wgsl.sandbox_device": CHILD,
    "tat.wgsl.sandbox_kernel": CHILD,
    "mpi4py": ("train/mpi_library.py",),
    "numba": (
        "kernel_cache.py",
        "backends/cpu/addresses.py",
        "backends/cpu/loops.py",
        "backends/cpu/table_rows.py",
        "backends/cpu/vectors.py",
        "backends/cpu/threads.py",
        "backends/cpu/training_attention.py",
        "backends/cpu/powers.py",
        "backends/cpu/products.py",
        "backends/cpu/attention.py",
        "backends/cpu/copying.py",
        "data/tokenizer_numba.py",
        "draws_numba.py",
        "hashing_numba.py",
    ),
    "pygls": ("serve/lsp",),
    "lsprotocol": ("serve/lsp",),
    "waitress": ("serve/http",),
    "ctranslate2": ("export/ctranslate2.py",),
    "onnx": ("export/onnx",),
}
NEVER_IN = {"numpy": ("ops", "model")}  # these trace, and do not compute
RUNTIME = {
    "numpy", "numba", "rich", "msgspec", "wgpu", "llguidance", "llvmlite", "mpi4py", "pygls",
    "lsprotocol", "waitress", "ctranslate2", "onnx",
}  # fmt: skip


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(module: str) -> str:
    """The room of a dotted name: ops for tat.ops.graph, none for tat, which only sets up."""
    return module.split(".")[1] if "." in module else ""


def imports(tree: ast.AST) -> Iterator[str]:
    """Every name imported anywhere in it, in functions too, such as tat.ops.graph.Tensor."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text("utf-8"))


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Every name that a module of the package imports."""
    return frozenset(imports(tree_of(path)))


def imports_from(path: Path, module: str) -> bool:
    """Whether it imports this module or something in it."""
    return any(name == module or name.startswith(f"{module}.") for name in imports_of(path))


def dotted(path: Path) -> str:
    """The name under which a module is imported, such as tat.ops.graph."""
    return ".".join(("tat", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    )


def modules_imported(path: Path) -> set[str]:
    """The modules of the package that it imports, without those of names in them."""
    names = {dotted(module) for module in MODULES}
    found = {name if name in names else name.rpartition(".")[0] for name in imports_of(path)}
    return (found & names) - {dotted(path), "tat"}


def circles_in(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """The sets of nodes that reach each other, each once."""
    reached = {node: {*edges} for node, edges in graph.items()}
    for middle in graph:  # Warshall's transitive closure
        for node in graph:
            if middle in reached[node]:
                reached[node] |= reached[middle]
    circles: list[set[str]] = []
    for node in graph:
        if node in reached[node] and not any(node in circle for circle in circles):
            circles.append({other for other in reached[node] if node in reached[other]})
    return circles


def allowed(importer: str, imported: str) -> bool:
    """Whether the order of the rooms lets one import from the other."""
    if importer == imported or imported == "":
        return True
    return RANKS[imported] < RANKS[importer] and (importer, imported) not in FORBIDDEN


def is_in(path: Path, places: tuple[str, ...]) -> bool:
    name = name_of(path)
    return any(name == place or name.startswith(f"{place}/") for place in places)


@pytest.fixture(params=MODULES, ids=name_of)
def module(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_every_module_has_a_room():
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert rooms - {"__init__"} <= set(RANKS), "put the new room in its place in ROOMS"


def test_imports_go_one_way(module: Path):
    importer = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    names = imports_of(module) - {"tat.__version__"}
    rooms = {room_of(name) for name in names if name.split(".")[0] == "tat"}
    wrong = {room for room in rooms if importer == "__init__" or not allowed(importer, room)}
    assert not wrong, f"{name_of(module)} may not import from {wrong}"


def test_libraries_and_the_child_stay_where_they_belong(module: Path):
    for name, places in ONLY_IN.items():
        assert is_in(module, places) or not imports_from(module, name), name
    for name, places in NEVER_IN.items():
        assert not is_in(module, places) or not imports_from(module, name), name


def test_only_declared_libraries_are_imported(module: Path):
    used = {name.split(".")[0] for name in imports_of(module)}
    assert used <= RUNTIME | {"tat"} | sys.stdlib_module_names


@pytest.mark.parametrize("script", BENCHMARKS, ids=lambda path: path.stem)
def test_benchmarks_import_tat_before_numpy(script: Path):
    """tat says how many threads BLAS has, which numpy reads once; more would spin against ours."""
    named = re.findall(r"^(?:import|from) (tat|numpy)\b", script.read_text("utf-8"), re.MULTILINE)
    assert not {"tat", "numpy"} <= {*named} or named[0] == "tat"


def test_no_circle_of_imports():
    """Not even of imports inside functions: a circle shows that something is in the wrong place."""
    graph = {dotted(path): modules_imported(path) for path in MODULES}
    circles = list(circles_in(graph))
    assert not circles, f"these import each other: {circles}"


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a", "c"}, "c": set()}, [{"a", "b"}]),
        ({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": {"a"}}, [{"a", "b", "c", "d"}]),
    ],
)
def test_a_circle_is_found(graph: dict[str, set[str]], expected: list[set[str]]):
    assert circles_in(graph) == expected


def test_every_command_has_its_arguments_and_its_work():
    for room in ("arguments", "commands"):
        modules = {path.stem for path in (PACKAGE / room).glob("*.py")} - {"__init__", "common"}
        assert modules == set(COMMANDS), f"tat/{room} holds one module for each command"


def test_modules_are_of_readable_size(module: Path):
    lines = module.read_text("utf-8").count("\n")
    listing = name_of(module).startswith(("cookbook/references/", "ops/kernels.py"))
    most = MAX_LINES_OF_REFERENCES if listing else MAX_LINES
    assert lines <= most, f"{name_of(module)} has {lines} lines; split it by what it holds"


def names_without_a_subject(path: Path) -> Iterator[str]:
    """Docstrings and tests that begin with "what" or "of", although the thing has a name."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text, name = ast.get_docstring(node) or "", getattr(node, "name", "")
            if text.startswith(("What", "Of ")) or name.startswith("test_what"):
                yield f"{path.name}: {name}: {text.partition(chr(10))[0]}"


def long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if lines > MAX_LINES_OF_FUNCTIONS:
                yield f"{path.name}: {node.name}, {lines} lines"


def test_docstrings_name_their_subject(module: Path):
    assert not list(names_without_a_subject(module))


def test_functions_are_of_readable_size(module: Path):
    assert not list(long_functions(module))


def test_tests_keep_to_the_same_rules():
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found = [*names_without_a_subject(path), *long_functions(path)]
        assert not found, "begin with the thing that the name is about; split long functions"


def test_the_generated_parts_of_architecture_md_are_up_to_date():
    page = PAGE.read_text("utf-8")
    assert page == up_to_date(page), "run `python docs/make_tree.py`, which writes them anew"


@pytest.mark.parametrize(
    ("importer", "imported", "expected"),
    [
        ("model", "ops", True),
        ("ops", "model", False),
        ("ops", "data", False),
        ("data", "ops", False),
        ("weights", "backends", True),
        ("checkpoint", "weights", False),
        ("weights", "checkpoint", False),
        ("backends", "ops", True),
        ("backends", "model", False),
        ("train", "decode", False),
        ("cli", "commands", True),
    ],
)
def test_the_order_of_the_rooms(importer: str, imported: str, expected: bool):
    assert allowed(importer, imported) == expected


def test_imports_inside_functions_are_seen():
    lines = ["def f():", "    from tat import weights", "    import numba.core"]
    assert list(imports(ast.parse("\n".join(lines)))) == ["tat.weights", "numba.core"]
