"""Where the code that replays tables comes from, and that little work imports no Numba."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tat.backends.cpu import compiled
from tat.backends.cpu.columns import OPERATIONS, layout
from tat.backends.cpu.compiled import FUNCTIONS, LIBRARY, table_code


def library(made_for: int) -> SimpleNamespace:
    """A loaded library, as ctypes has it, that was compiled for a layout of tables."""

    def function(name):
        def call(*arguments):
            return made_for if name == "layout" else (name, arguments)

        return call

    return SimpleNamespace(**{name: function(name) for name in FUNCTIONS})


@pytest.fixture
def shipped(monkeypatch, tmp_path):
    """Puts a library into a release: a function of what loading it gives."""

    def ship(loaded):
        folder = tmp_path / "v2"
        folder.mkdir()
        (folder / LIBRARY).touch()
        monkeypatch.setenv("NUMBA_CPU_NAME", "x86-64-v2")
        monkeypatch.setattr(compiled, "resource", lambda *parts: tmp_path.joinpath(*parts[1:]))
        monkeypatch.setattr(compiled.ctypes, "CDLL", loaded)
        table_code.cache_clear()
        return folder

    yield ship
    table_code.cache_clear()


def test_a_release_replays_tables_by_its_library(shipped):
    folder = shipped(lambda path: library(layout(*OPERATIONS)))
    code = table_code()
    assert code.folder == str(folder)
    assert code.lead(1, 2, 3, 4, 5, 6) == ("lead", (1, 2, 3, 4, 5, 6))
    assert code.serve(1, 2, 3)[0] == "serve" and code.replay(1, 2, 3, 4)[0] == "replay"


@pytest.mark.parametrize("fault", ["other sources", "no library", "another library"])
def test_a_library_that_does_not_fit_is_left_to_numba(shipped, monkeypatch, fault):
    def load(path):
        if fault == "no library":
            raise OSError("invalid ELF header")
        return library(layout(*OPERATIONS) + 1) if fault == "other sources" else SimpleNamespace()

    shipped(load)
    monkeypatch.setattr(compiled, "_of_numba", lambda: "Numba's")
    assert table_code() == "Numba's"


def test_without_a_level_of_processors_no_library_is_looked_for(monkeypatch):
    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
    monkeypatch.setattr(compiled, "_of_library", pytest.fail)
    monkeypatch.setattr(compiled, "_of_numba", lambda: "Numba's")
    table_code.cache_clear()
    assert table_code() == "Numba's"
    table_code.cache_clear()


def test_code_just_compiled_gives_the_bits_of_code_from_the_cache(tmp_path):
    """A sum that LLVM may reassociate has another order in each function it is inlined into."""
    main = Path(__file__).with_name("bits_main.py")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    hashes = [
        subprocess.run([sys.executable, main], env=environment, capture_output=True, check=True)
        for _ in range(2)
    ]
    assert hashes[0].stdout == hashes[1].stdout != b""


LITTLE = """
import sys
import numpy as np
from tat.data.tokenizer import FIRST_BYTE, Tokenizer
from tat.draws import Draw, drawn
tokenizer = Tokenizer([(FIRST_BYTE + 97, FIRST_BYTE + 98)])
print(tokenizer.encode("abab"), [*map(len, tokenizer.encode_all(["ab", "b"]))])
print(drawn(np.arange(40, dtype=np.float32), 3, Draw(1.0)))
print("numba" in sys.modules)
"""


def test_a_few_tokens_import_no_numba():
    """And are those that compiled code gives."""
    pytest.importorskip("numba")
    said = [
        subprocess.run([sys.executable, "-c", f"{first}\n{LITTLE}"], capture_output=True, text=True)
        for first in ("", "import numba")
    ]
    plain, fast = (done.stdout.splitlines() for done in said)
    assert plain[:2] == fast[:2] and len(plain) == 3, said
    assert plain[2] == "False" and fast[2] == "True"


def test_much_text_is_encoded_in_compiled_code(monkeypatch):
    from tat.data import tokenizer as module

    monkeypatch.setattr(module, "_FEW", 6)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    made = []
    monkeypatch.setattr(module, "_compiled_encoder", lambda tokenizer: made.append(1))
    tokenizer = module.Tokenizer([])
    for count, expected in ((3, 0), (2, 0), (1, 1), (9, 1)):
        tokenizer.encode("a" * count)
        assert len(made) == expected
