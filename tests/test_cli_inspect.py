"""`tat inspect` as a user meets it: runs, files, damage, and a plan whose figures agree."""

import json
import os

import pytest
from cli_harness import resume, tat, train

from tat.checkpoint import load


def inspected(path, *more: str) -> dict:
    done = tat("inspect", path, "--json", *more)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def test_a_run_and_its_newest_file_say_the_same(bench):
    of_run = inspected(bench / "run")
    file = (bench / "run" / "latest").resolve()
    assert of_run | {"file": ""} == inspected(file) | {"file": ""}
    stored = load(file)
    assert of_run["step"] == stored.step == 3 and of_run["intact"] is True
    assert of_run["weights"] == sum(values.size for values in stored.weights.values())
    assert of_run["bytes"] == file.stat().st_size
    assert of_run["configuration"] == stored.configuration
    assert of_run["vocabulary"] == len(stored.weights["embedding.table"])


def test_tables_have_the_figures_of_json(bench):
    report, shown = inspected(bench / "run", "--plan"), tat("inspect", bench / "run", "--plan").out
    plan = report["plan"]
    assert plan["persistent_bytes"] == sum(plan["persistent"].values())
    assert plan["arena_bytes"] < plan["unplanned_bytes"]
    assert set(plan["buckets"]) == {"96+64", "192+128", "256+256"}
    assert plan["arena_bytes"] >= plan["lanes"] * max(plan["buckets"].values())
    weights = 4 * report["weights"]
    assert plan["persistent"]["weights"] >= weights
    assert plan["persistent"]["adamw.m"] == plan["persistent"]["adamw.v"] >= weights
    assert plan["flops"] > 0 and plan["moved_bytes"] > plan["persistent"]["weights"]
    figures = ("persistent_bytes", "arena_bytes", "unplanned_bytes", "moved_bytes")
    for figure in (plan[name] for name in figures):
        assert f"{figure / 1e6:.2f} MB" in shown
    saving = 1 - plan["arena_bytes"] / plan["unplanned_bytes"]
    assert f"{saving:.0%} under" in shown and plan["hash"][:16] in shown
    for resident in plan["largest"]:
        assert resident["name"] in shown
        assert 0 <= resident["first_call"] <= resident["last_call"] < plan["calls"]
        assert resident["offset"] + resident["bytes"] <= plan["arena_bytes"]


@pytest.mark.parametrize("options", [[], ["--json"], ["--plan"]])
def test_a_flipped_bit_is_exit_4_wherever_it_is(bench, tmp_path, options):
    data = bytearray((bench / "run" / "latest").read_bytes())
    path = tmp_path / "file"
    for position in (0, 9, 200, len(data) // 2, len(data) - 1):
        data[position] ^= 4
        path.write_bytes(data)
        data[position] ^= 4
        done = tat("inspect", path, *options)
        assert done.code == 4 and ("damaged" in done.out + done.err)
        assert "Traceback" not in done.err


def test_damage_in_a_tensor_is_named_and_the_rest_still_shown(bench, tmp_path):
    data = bytearray((bench / "run" / "latest").read_bytes())
    data[-1] ^= 1
    (tmp_path / "file").write_bytes(data)
    done = tat("inspect", tmp_path / "file", "--json")
    report = json.loads(done.out)
    assert done.code == 4 and report["intact"] is False and report["step"] == 3
    assert "does not match its checksum" in report["damage"]
    assert "does not match its checksum" in tat("inspect", tmp_path / "file").out


def test_files_that_are_no_checkpoints_are_one_line(bench, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "text").write_text("fn f() {}\n")
    (tmp_path / "empty").touch()
    (tmp_path / "short").write_bytes((bench / "run" / "latest").read_bytes()[:-10])
    for name in ("fifo", "text", "empty", "short", "nosuch", "."):
        done = tat("inspect", tmp_path / name)
        assert done.code == 4 and str(tmp_path) in done.failure()
    assert tat("inspect", "/dev/zero").code == 4


def test_a_damaged_newest_checkpoint_is_refused_and_the_last_good_one_offered(bench, tmp_path):
    assert train(bench, tmp_path / "run", "-q", "--set", "train.save_every=1", steps=3).code == 0
    newest = (tmp_path / "run" / "latest").resolve()
    data = bytearray(newest.read_bytes())
    data[-1] ^= 1
    newest.write_bytes(data)
    for done in (resume(tmp_path / "run", 4), tat("generate", "x", "--run", tmp_path / "run")):
        assert done.code == 4
        assert "delete it to go on from step-00000002.safetensors" in done.failure()
    newest.unlink()
    assert resume(tmp_path / "run", 3).code == 0
    assert inspected(tmp_path / "run")["intact"]
