"""Configuration as a user meets it: which source wins, where values come from, refusals."""

import json
import os
import tomllib
from pathlib import Path

import pytest
from cli_harness import tat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# The sources of one value, each over those before it.
SOURCES = ("default", "user", "project", "first --config", "second --config", "environment",
           "first --set", "second --set")  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in with a user's configuration folder of its own."""
    (tmp_path / "xdg" / "tat").mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def resolved(*arguments: object) -> dict[str, dict]:
    done = tat("config", "--json", *arguments)
    assert (done.code, done.err) == (0, ""), done
    return json.loads(done.out)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.dictionaries(
        st.sampled_from(SOURCES[1:]), st.floats(1e-9, 10, exclude_max=True), min_size=1
    ),
    preset=st.sampled_from(["tiny", "small", "base", None]),
)
def test_the_last_source_with_a_say_wins_and_is_named(home, monkeypatch, values, preset):
    files = {
        "user": home / "xdg" / "tat" / "tat.toml", "project": home / "tat.toml",
        "first --config": home / "1.toml", "second --config": home / "2.toml",
    }  # fmt: skip
    for source, path in files.items():
        path.write_text(f"[train]\nlr = {values[source]!r}\n" if source in values else "")
    if "environment" in values:
        monkeypatch.setenv("TAT_TRAIN_LR", repr(values["environment"]))
    else:
        monkeypatch.delenv("TAT_TRAIN_LR", raising=False)
    sets = [f"--set=train.lr={values[s]!r}" for s in SOURCES if "--set" in s and s in values]
    presets = ["--preset", preset] if preset else []
    found = resolved("--config", "1.toml", "--config", "2.toml", *sets, *presets)["train.lr"]
    winner = max(values, key=SOURCES.index)
    origins = {
        "user": str(files["user"]), "project": "tat.toml", "first --config": "1.toml",
        "second --config": "2.toml", "environment": "TAT_TRAIN_LR",
    }  # fmt: skip
    assert found == {"value": values[winner], "origin": origins.get(winner, "--set train.lr")}


def test_flags_win_over_everything(home, monkeypatch):
    (home / "tat.toml").write_text('preset = "small"\n')
    monkeypatch.setenv("TAT_PRESET", "base")
    everything = resolved("--set", "preset=base", "--preset", "tiny")
    assert everything["preset"] == {"value": "tiny", "origin": "the command line"}
    assert everything["model.width"]["origin"] == "default.toml [presets.tiny]"


def test_a_preset_of_ones_own_lies_under_single_values(home):
    (home / "tat.toml").write_text(
        'preset = "mine"\n[presets.mine]\nmodel = { layers = 2, heads = 4 }\n[model]\nheads = 2\n'
    )
    found = resolved()
    assert found["model.layers"] == {"value": 2, "origin": "tat.toml [presets.mine]"}
    assert found["model.heads"] == {"value": 2, "origin": "tat.toml"}


def test_printed_toml_gives_the_same_configuration_again(home):
    printed = tat("config", "--preset", "tiny", "--set", "seed=7").out
    (home / "again.toml").write_text(printed)
    first = resolved("--preset", "tiny", "--set", "seed=7")
    again = resolved("--config", "again.toml")
    assert all(again[key]["value"] == first[key]["value"] for key in again.keys() | first.keys())
    assert tomllib.loads(printed)["seed"] == 7
    assert all("  # " in line for line in printed.splitlines() if " = " in line)


def test_one_value_or_table_is_looked_up_by_its_key(home):
    (home / "tat.toml").write_text("[train]\nlr = 0.25\n")
    assert tat("config", "train.lr").out == "[train]\nlr = 0.25  # tat.toml\n"
    assert tat("config", "seed", "--set", "seed=7").out == "seed = 7  # --set seed\n"
    assert resolved("train.lr") == {"train.lr": {"value": 0.25, "origin": "tat.toml"}}
    everything = resolved()
    for table in ("train", "model"):
        wanted = {k: v for k, v in everything.items() if k.partition(".")[0] == table}
        assert resolved(table) == wanted != {}


@pytest.mark.parametrize(("key", "said"), [
    ("train.lrr", ", did you mean train.lr?"), ("sede", ", did you mean seed?"),
    ("trai", "no such key: trai"), ("", "no such key: "), ("zzz", "; `tat config` lists all keys"),
    ("train.", "no such key: train."), ("a\x1b[31m", "no such key: a\\x1b[31m"),
])  # fmt: skip
def test_a_key_that_there_is_none_of_is_a_wrong_command_line(home, key, said):
    done = tat("config", key)
    assert done.code == 2 and said in done.failure()


@pytest.mark.parametrize(("key", "nearest"), [
    ("model.layres", "model.layers"), ("train.learning_lr", "train.lr"), ("widht", "model.width"),
    ("modle.heads", "model.heads"), ("sede", "seed"),
])  # fmt: skip
def test_an_unknown_key_names_its_nearest_wherever_it_stands(home, key, nearest):
    for done in (tat("config", "--set", f"{key}=1"), _with_file(home, f"{key} = 1")):
        assert done.code == 3
        assert f"unknown key {key}, did you mean {nearest}?" in done.failure()


def test_an_unknown_variable_names_its_nearest(home, monkeypatch):
    monkeypatch.setenv("TAT_TRIAN_LR", "1")
    assert "TAT_TRIAN_LR, did you mean TAT_TRAIN_LR?" in tat("config").failure()


def _with_file(home: Path, text: str):
    (home / "file.toml").write_text(text)
    return tat("config", "--config", "file.toml")


@pytest.mark.parametrize(("assignment", "words"), [
    ("model.layers=abc", "model.layers: Expected a whole number, got 'abc', from --set"),
    ("model.layers=1.5", "a whole number, got 1.5"),
    ("model.layers=true", "a whole number, got True"),
    ("model.copy=maybe", "model.copy: Expected true or false, got 'maybe'"),
    ("model.layers=0", "a whole number >= 1, got 0"),
    ("train.lr=fast", "train.lr: Expected a number, got 'fast'"),
    ("train.lr=nan", "got nan"),
    ("train.lr=inf", "train.lr: Expected a finite number, got inf"),
    ("train.clip_norm=inf", "finite"),
    ("train.schedule=linear", "one of cosine, inverse_square_root, constant, got 'linear'"),
    ("data.buckets=[[64,64],[64]]", "data.buckets: Expected a list of length 2"),
    ("data.buckets=[[64,64", "data.buckets: Expected a list"),
    ("data.buckets=[[9999999,1]]", "<= 65536"),
    ("train.batch_tokens=99999999999", "<= 1048576"),
    ("seed=4294967296", "<= 4294967295"),
    ("model.width=130", "width 130 is not divisible by heads 8; set model.width or model.heads"),
    ("model.max_length=64", "data.buckets has a length of 512, more than model.max_length 64"),
    ("train.warmup_steps=20000", "ends before the warm-up"),
    ("memory.alignment=6", "multiple of 4"),
    ("preset=huge", "preset 'huge' does not exist; choose one of base, small, tiny"),
    ("model=3", "unknown key model, did you mean"),
    ("lonely", "write it as key=value"), ("=3", "write it as key=value"),
])  # fmt: skip
def test_a_wrong_value_is_one_line_and_exit_3(home, assignment, words):
    done = tat("config", "--set", assignment)
    assert done.code == 3 and words in done.failure()


def test_a_wrong_value_names_the_file_that_it_is_in(home):
    done = _with_file(home, '[model]\nlayers = "six"\n')
    assert done.code == 3 and done.failure().endswith("got 'six', from file.toml")


@pytest.mark.parametrize(("content", "words"), [
    (b"nope = [", "not TOML"), (b"\xff\xfe", "not UTF-8 at byte 0"),
    (b"a = " + b"[" * 100_000, "file.toml"), (b"#" * 2_000_000, "larger than"),
    (b"[presets]\nmine = 3\n", "presets are tables"),
])  # fmt: skip
def test_a_broken_file_is_one_line_and_exit_3(home, content, words):
    (home / "file.toml").write_bytes(content)
    done = tat("config", "--config", "file.toml")
    assert done.code == 3 and words in done.failure()


def test_a_path_that_is_no_file_is_refused_without_waiting_for_it(home):
    os.mkfifo(home / "fifo")
    for path in ("fifo", "/dev/zero", "."):
        done = tat("config", "--config", path)
        assert done.code == 3 and "not a regular file" in done.failure()
    assert "No such file" in tat("config", "--config", "nosuch").failure()
