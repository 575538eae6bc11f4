"""`tat train` as a user meets it: bad input, bad folders, full disks, and settings that change."""

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cli_harness import MODULES, child_environment, command, resume, tat, train, write_shaders

from tat.checkpoint import load, save

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def on(path: Path, bench: Path, run: Path, *more: object):
    """Trains one step on a path, with the settings of the bench."""
    small = bench / "small.toml"
    return tat("train", path, "--config", small, "--run", run, "--steps", "1", *more)


def bad_folder(folder: Path) -> dict[str, str]:
    """A folder of everything that is no WGSL: name -> why it is skipped."""
    folder.mkdir()
    (folder / "latin.wgsl").write_bytes(b"// caf\xe9\nfn f() {}\n")
    (folder / "binary.wgsl").write_bytes(b"fn f() {}\0\0\0")
    (folder / "empty.wgsl").touch()
    (folder / "large.wgsl").write_text("(" * 2_000_000)
    (folder / "parentheses.wgsl").write_text("fn f() {" + "(" * 200_000)
    os.mkfifo(folder / "fifo.wgsl")
    (folder / "device.wgsl").symlink_to("/dev/zero")
    (folder / "gone.wgsl").symlink_to("nowhere")
    (folder / "circle.wgsl").symlink_to("circle.wgsl")
    (folder / "again").symlink_to(".")
    (folder / "broken.jsonl").write_text('{"wgsl": 3}\n')
    return {
        "latin.wgsl": "not UTF-8", "binary.wgsl": "binary", "empty.wgsl": "empty",
        "large.wgsl": "larger than 1000000 bytes", "parentheses.wgsl": "no function with a body",
        "fifo.wgsl": "a FIFO", "device.wgsl": "a device", "gone.wgsl": "no such file",
        "circle.wgsl": "symbolic links", "again": "loop of symbolic links",
        "broken.jsonl:1": "broken JSON",
    }  # fmt: skip


def test_bad_files_are_named_and_counted_and_training_goes_on(bench, tmp_path):
    reasons = bad_folder(tmp_path / "shaders")
    (tmp_path / "shaders" / "good.wgsl").write_text(MODULES["area.wgsl"])
    (tmp_path / "shaders" / "same.wgsl").write_text(MODULES["area.wgsl"])
    done = on(tmp_path / "shaders", bench, tmp_path / "run")
    assert done.code == 0 and "1 functions" in done.err and "step 1/1" in done.err
    assert "skipped: duplicate" in done.err and "skipped: binary" in done.err
    log = (tmp_path / "run" / "log").read_text()
    for name, reason in reasons.items():
        [line] = [ln for ln in log.splitlines() if f"skipped {tmp_path / 'shaders' / name}: " in ln]
        assert reason in line


def test_invalid_modules_are_counted_once_and_the_first_is_named(bench, tmp_path):
    folder = write_shaders(tmp_path / "shaders")
    for name in ("x.wgsl", "y.wgsl"):
        (folder / name).write_text(f"fn {name[0]}() -> f32 {{\n    return missing;\n}}\n")
    (folder / "z.wgsl").write_text("fn z() {" + "(" * 9)  # no whole function: named as skipped
    done = on(folder, bench, tmp_path / "run")
    [line] = [line for line in done.err.splitlines() if "are invalid" in line]
    assert done.code == 0 and line.startswith("2 of 6 modules are invalid, and used as they are")
    assert f"first {folder / 'x.wgsl'}:2:12: no definition in scope" in line
    prepared = tat("prepare", folder, "--config", bench / "small.toml", "-o", tmp_path / "c.tat")
    assert prepared.code == 0 and line in prepared.err.splitlines()
    for quiet in (on(folder, bench, tmp_path / "quiet", "-q"), resume(tmp_path / "run", 2),
                  on(tmp_path / "c.tat", bench, tmp_path / "of")):  # fmt: skip
        assert quiet.code == 0 and "are invalid" not in quiet.err


def test_nothing_but_bad_files_is_an_error_with_the_reasons(bench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad_folder(Path("bad"))
    done = on(Path("bad"), bench, tmp_path / "run", "-q")
    assert done.code == 4
    message = done.failure()
    assert message.startswith("bad: nothing usable: ") and "not UTF-8" in message


@pytest.mark.parametrize(("name", "reason"), [
    ("folder", "no WGSL and no .jsonl is there"), ("nosuch", "nosuch: no such file or folder"),
    ("fifo", "a FIFO, not a regular file"),
])  # fmt: skip
def test_a_path_that_offers_nothing_is_one_line(bench, tmp_path, name, reason):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    done = on(tmp_path / name, bench, tmp_path / "run", "-q")
    assert done.code == 4 and reason in done.failure()


@pytest.mark.in_process
def test_files_may_vanish_while_they_are_read(bench, tmp_path, monkeypatch):
    shaders = write_shaders(tmp_path / "shaders")
    (shaders / "zz.wgsl").write_text("fn zz() -> f32 { return 1.0; }")
    real = os.open

    def vanish(path, *arguments, **more):
        if str(path).endswith(".wgsl"):
            (shaders / "zz.wgsl").unlink(missing_ok=True)
        return real(path, *arguments, **more)

    monkeypatch.setattr("tat.data.input_files.os.open", vanish)
    done = on(shaders, bench, tmp_path / "run")
    assert done.code == 0 and "1 skipped: no such file or folder; first" in done.err


def test_names_that_are_not_utf_8_can_be_trained_on_and_resumed(bench, tmp_path):
    shaders = write_shaders(Path(os.fsdecode(os.fsencode(tmp_path) + b"/sh\xff\n")))
    assert on(shaders, bench, tmp_path / "run", "-q").code == 0
    assert resume(tmp_path / "run", 2).code == 0


def test_a_second_writer_is_locked_out_and_learns_by_whom(bench, tmp_path):
    endless = ["--set", "train.micro_batches=60000", "--run", tmp_path / "run", "--steps", "9"]
    words = command("train", bench / "shaders", "--config", bench / "small.toml", *endless)
    child = subprocess.Popen(words, env=child_environment({}), stderr=subprocess.DEVNULL)
    try:
        while not (tmp_path / "run" / "config.toml").exists():
            assert child.poll() is None
            time.sleep(0.05)
        done = resume(tmp_path / "run", 1)
        assert done.code == 2 and f"written by process {child.pid}" in done.failure()
        assert train(bench, tmp_path / "run", "-q").code == 2
    finally:
        child.kill()
        child.wait()


def test_a_run_without_a_name_goes_below_runs(bench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = "--config", bench / "small.toml", "--steps", "1", "-q"
    assert tat("train", bench / "shaders", *files).code == 0
    [run] = (tmp_path / "runs").iterdir()
    assert (run / "latest").exists()


@pytest.mark.parametrize("place", ["/proc/nowhere/run", "file/run"])
def test_a_run_that_cannot_be_made_is_one_line(bench, tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    done = train(bench, place, "-q")
    assert done.code == 4 and f"cannot write {place}" in done.failure()


@root_only
def test_a_full_disk_is_one_line_and_the_last_checkpoint_stays(bench, tmp_path):
    size = (bench / "run" / "latest").stat().st_size
    mounted = tmp_path / "small"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size * 3 // 2}", "tmpfs", mounted]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        done = train(bench, mounted / "run", "-q", "--set", "train.save_every=1", steps=5)
        assert done.code == 4 and "No space left on device; free some space" in done.failure()
        assert load((mounted / "run" / "latest").resolve()).step == 1
        assert not list(mounted.rglob("*.tmp"))
    finally:
        subprocess.run(["umount", mounted], check=True)


@root_only
def test_a_folder_that_may_not_be_written_is_one_line(bench, tmp_path):
    mounted = tmp_path / "readonly"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", mounted]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        done = train(bench, mounted / "run", "-q")
        assert done.code == 4 and "Read-only file system" in done.failure()
    finally:
        subprocess.run(["umount", mounted], check=True)


def test_every_stop_saves_even_one_before_the_first_step(bench, tmp_path):
    done = tat("train", bench / "shaders", "--config", bench / "small.toml",
               "--run", tmp_path / "run", "--set", "train.steps=0")  # fmt: skip
    assert done.code == 0 and "nothing to do: step 0 is done" in done.err
    assert load((tmp_path / "run" / "latest").resolve()).step == 0
    whole = train(bench, tmp_path / "whole", "-q", steps=2)
    assert whole.code == 0 and resume(tmp_path / "run", 2).code == 0
    assert (tmp_path / "run" / "latest").resolve().name == "step-00000002.safetensors"
    weights = [load((tmp_path / n / "latest").resolve()).weights for n in ("run", "whole")]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])


def test_a_run_keeps_its_preset_even_one_that_is_gone(bench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tat.toml").write_text("[presets.mine]\ntrain = { lr = 0.02 }\n")
    assert train(bench, "run", "-q", "--preset", "mine").code == 0
    Path("tat.toml").unlink()
    assert resume(Path("run"), 2).code == 0
    assert resume(Path("run"), 2, "--preset", "mine").code == 0
    done = resume(Path("run"), 3, "--preset", "tiny")
    assert done.code == 3 and "started with 'mine' and keeps it" in done.failure()
    monkeypatch.setenv("TAT_PRESET", "tiny")
    assert "TAT_PRESET" in resume(Path("run"), 3).failure()


@pytest.mark.parametrize("setting", [
    "model.dropout=0", "model.heads=16", "model.feed_forward=1", "data.vocabulary=265",
    "data.infill_share=0", "data.description_words=0", "train.schedule=constant",
    "train.schedule=inverse_square_root", "train.warmup_steps=0", "train.batch_tokens=1",
    "train.micro_batches=1", "train.micro_batches=5", "train.clip_norm=0", "train.weight_decay=0",
    "train.beta1=0", "train.beta2=0", "train.validate_every=0", "train.keep=1", "threads=3",
    "memory.alignment=4", "memory.chunk_bytes=4096", "data.buckets=[[256,64],[64,256]]",
])  # fmt: skip
def test_every_setting_trains_at_its_edge(bench, tmp_path, setting):
    done = train(bench, tmp_path / "run", "-q", "--set", setting, steps=2)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("setting", ["train.ema_decay=0.9", "model.dropout=0", "train.beta1=0"])
def test_an_allowed_change_is_made_and_can_be_taken_back(bench, tmp_path, setting):
    key = setting.partition("=")[0]
    train(bench, tmp_path / "run", "-q")
    old = load((tmp_path / "run" / "latest").resolve()).configuration
    before = old[key.partition(".")[0]][key.partition(".")[2]]
    for step, value in ((2, setting), (3, f"{key}={before}")):
        assert resume(tmp_path / "run", step, "--set", value).code == 3
        assert resume(tmp_path / "run", step, "--set", value, "--allow-change", key).code == 0


def test_a_changed_model_is_another_run(bench, tmp_path):
    train(bench, tmp_path / "run", "-q")
    change = "--set", "model.width=32", "--allow-change", "model.width"
    done = resume(tmp_path / "run", 2, *change)
    assert done.code == 4 and "start another run" in done.failure()
    assert "no such key" in resume(tmp_path / "run", 2, "--allow-change", "modle.width").failure()


def _without(named: dict, start: str) -> dict:
    return {name: value for name, value in named.items() if not name.startswith(start)}


HOSTILE = {
    "heads": lambda c: {"configuration": c.configuration | {
        "model": c.configuration["model"] | {"heads": 3}}},
    "width": lambda c: {"configuration": c.configuration | {
        "model": c.configuration["model"] | {"width": 65536, "layers": 256}}},
    "batch": lambda c: {"configuration": c.configuration | {
        "train": c.configuration["train"] | {"batch_tokens": 1 << 62}}},
    "buckets": lambda c: {"configuration": c.configuration | {
        "data": c.configuration["data"] | {"buckets": [[1 << 40, 1 << 40]]}}},
    "alignment": lambda c: {"configuration": c.configuration | {
        "memory": c.configuration["memory"] | {"alignment": 1 << 62}}},
    "no configuration": lambda c: {"configuration": {}},
    "tokenizer": lambda c: {"tokenizer": b"junk"},
    "weight": lambda c: {"weights": _without(c.weights, "decoder.0.attention.query")},
    "state": lambda c: {"state": _without(c.state, "adamw.m/")},
    "progress": lambda c: {"progress": {"corpus": 3, "paths": 5}},
    "no progress": lambda c: {"progress": {}},
    "hash": lambda c: {"model_hash": "0" * 64},
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_forged_checkpoint_is_one_line_wherever_it_is_used(bench, tmp_path, what):
    """Its checksums are right, as anyone can make them, and what it says is not."""
    assert train(bench, tmp_path / "run", "-q").code == 0
    path = (tmp_path / "run" / "latest").resolve()
    stored = load(path)
    save(path, replace(stored, **HOSTILE[what](stored)))
    done = resume(tmp_path / "run", 2)
    assert done.code == 4 and path.name in done.failure()
    if what not in ("state", "progress", "no progress"):
        used = tat("generate", "x", "--run", path, "--max-tokens", "1")
        assert used.code == 4 and used.failure()
    planned = tat("inspect", path, "--plan")
    assert planned.code in (0, 4)
    if what in ("heads", "width", "batch", "buckets", "alignment", "no configuration", "weight"):
        assert planned.code == 4 and planned.failure()
