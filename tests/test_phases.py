"""The four phases: their proofs, their order, and their refusals."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from micro_phases import (
    config_fixture,  # noqa: F401
    micro_fixture,  # noqa: F401
    quiet,
)

from tat.config import Config
from tat.errors import DeviceError, FileError, TatError, UsageError
from tat.proofs import (
    extensions,
    manifest,
    pipeline,
)
from tat.proofs.manifest import PHASES, manifest_path, read_manifest, require
from tat.proofs.phase_run import Context, Findings
from tat.proofs.pipeline import run_all, run_one


def fake(files: dict[str, str]) -> Callable[[Context, Findings], None]:
    """A phase that writes these files and finds all well."""

    def run(context: Context, findings: Findings) -> None:
        for name, text in files.items():
            path = context.target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            findings.outputs.append(path)
        findings.check("something", lambda: "well")

    return run


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable]:
    """Phases that do next to nothing, by name; tests replace them."""
    bodies = {name: fake({f"{name}/made": name}) for name in PHASES}
    monkeypatch.setattr(pipeline, "find_phase", lambda name: bodies[name])
    monkeypatch.setattr("tat.provenance.commit", lambda: "0123456789ab")
    return bodies


@pytest.fixture
def context(tmp_path: Path, config: Config) -> Context:
    return Context(config, tmp_path / "target", quiet=True)


def edit(path: Path, change: Callable[[dict], None], seal: bool = False) -> None:
    """Changes a manifest as an editor would, or, resealed, as an attacker would."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    if seal:
        decoded = manifest.msgspec.json.decode(path.read_bytes(), type=manifest.Manifest)
        manifest.write_manifest(path.parent.parent, decoded)


def test_all_phases_once_and_then_never_again(faked, context):
    first = run_all(context, [], quiet)
    assert [m.phase for m in first] == list(PHASES)
    assert all(m.status == "verified" and not m.standalone for m in first)
    lines: list[str] = []
    assert run_all(context, [], lines.append) == first
    assert lines == [f"{name} verified already" for name in PHASES]


def test_a_manifest_says_what_it_read_wrote_and_found(faked, context):
    made = run_all(context, [], quiet)[1]
    assert made == read_manifest(context.target, "optimizer")
    assert set(made.inputs) == {"program", "config/default.toml", "manifests/architect.json"}
    assert set(made.outputs) == {"optimizer/made"}
    assert [(c.name, c.status) for c in made.checks] == [("something", "ok")]
    assert made.machine["cores"] >= 1 and made.commit
    assert made.configuration["model"]["width"] == 32


EDITS = {
    "a verdict": lambda content: content["checks"][0].update(status="failed"),
    "a detail": lambda content: content["checks"][0].update(detail="better"),
    "a setting": lambda content: content["configuration"]["model"].update(width=64),
    "a hash": lambda content: content["outputs"].update({"architect/made": "0" * 64}),
    "the schema": lambda content: content.pop("machine"),
    "an extra field": lambda content: content.update(note="trust me"),
    "the version": lambda content: content.update(version=2),
    "the phase": lambda content: content.update(phase="optimizer"),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edited_manifest_is_refused_and_made_again(what, faked, context):
    run_all(context, [], quiet)
    before = read_manifest(context.target, "integrator")
    edit(manifest_path(context.target, "architect"), EDITS[what])
    for name in PHASES:
        with pytest.raises(FileError, match=r"architect\.json.*run `tat phase architect`"):
            require(context.target, name, context.config)
    with pytest.raises(FileError, match=r"architect\.json"):
        run_one("optimizer", context, quiet)
    assert len(run_all(context, [], quiet)) == len(PHASES)
    assert read_manifest(context.target, "integrator") != before


FORGERIES = {
    "failed": (lambda content: content.update(status="failed", reason="x"), "the phase failed: x"),
    "skipped": (lambda content: content.update(status="skipped", reason="x"), "skipped: x"),
    "no input": (lambda content: content.update(inputs={}), "does not name its input"),
    "other program": (lambda content: content["inputs"].update(program="0"), "stale: program"),
    "standalone": (lambda content: content.update(standalone=True), "made standalone"),
    "no end": (lambda content: content["outputs"].update({"/dev/zero": "0"}), "stale: /dev/zero"),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_whole_manifest_that_does_not_hold_is_refused(what, faked, context):
    change, reason = FORGERIES[what]
    run_all(context, [], quiet)
    edit(manifest_path(context.target, "optimizer"), change, seal=True)
    with pytest.raises(FileError, match=f"optimizer.json.*{reason}"):
        require(context.target, "optimizer", context.config)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100000, b"null"])
def test_a_file_that_is_no_manifest_is_refused(content, faked, context):
    run_all(context, [], quiet)
    manifest_path(context.target, "architect").write_bytes(content)
    with pytest.raises(FileError, match="no manifest"):
        require(context.target, "architect", context.config)


def test_a_fifo_in_place_of_a_manifest_is_refused_at_once(context):
    path = manifest_path(context.target, "architect")
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with pytest.raises(FileError, match="no manifest"):
        require(context.target, "architect", context.config)


def test_a_changed_or_lost_output_makes_all_that_follows_stale(faked, context):
    for spoil in (lambda path: path.write_text("other"), Path.unlink):
        run_all(context, [], quiet)
        spoil(context.target / "optimizer" / "made")
        assert require(context.target, "architect", context.config)
        with pytest.raises(FileError, match="stale: optimizer/made"):
            require(context.target, "integrator", context.config)
        lines: list[str] = []
        run_all(context, [], lines.append)
        assert lines[0] == "architect verified already"
        assert lines[-1].startswith("integrator verified in")


def test_another_configuration_is_another_build(faked, context):
    run_all(context, [], quiet)
    config = context.config
    other = replace(context, config=replace(config, train=replace(config.train, lr=0.5)))
    with pytest.raises(FileError, match=r"train\.lr was 0\.01, now 0\.5"):
        run_one("optimizer", other, quiet)
    lines: list[str] = []
    run_all(other, [], lines.append)
    assert not any("already" in line for line in lines)


def test_a_phase_needs_the_one_before_unless_it_stands_alone(faked, context):
    with pytest.raises(FileError, match="there is none; run `tat phase architect`"):
        run_one("accelerator", context, quiet)
    assert not manifest_path(context.target, "accelerator").exists()
    made = run_one("accelerator", replace(context, standalone=True), quiet)
    assert made.standalone and made.status == "verified"
    assert set(made.inputs) == {"program", "config/default.toml"}
    assert not run_one("architect", replace(context, standalone=True), quiet).standalone


def test_a_failed_phase_stops_the_rest_and_is_tried_again(faked, context):
    sound = faked["optimizer"]
    attempts = []

    def body(context: Context, findings: Findings) -> None:
        attempts.append(context.resuming)
        findings.check("kernels", lambda: 1 / 0)

    faked["optimizer"] = body
    for _ in range(2):
        with pytest.raises(TatError, match="phase optimizer failed: kernels: division by zero"):
            run_all(context, [], quiet)
    assert attempts == [False, False]  # a failure is over: nothing of it is gone on with
    assert read_manifest(context.target, "optimizer").status == "failed"
    assert not manifest_path(context.target, "accelerator").exists()
    faked["optimizer"] = sound
    assert len(run_all(context, [], quiet)) == len(PHASES)


def test_a_phase_that_breaks_off_fails_with_its_own_exit_code(faked, context):
    def body(context: Context, findings: Findings) -> None:
        raise DeviceError("the GPU is gone")

    faked["accelerator"] = body
    with pytest.raises(DeviceError, match="the GPU is gone"):
        run_all(context, [], quiet)
    assert read_manifest(context.target, "accelerator").reason == "the GPU is gone"


def test_a_missed_target_fails_the_phase(faked, context):
    def body(context: Context, findings: Findings) -> None:
        findings.judge("speed-up", 3.0, "times", least=100.0)

    faked["accelerator"] = body
    with pytest.raises(TatError, match="speed-up: 3 times, and the target is 100"):
        run_all(context, [], quiet)


def test_only_the_accelerator_may_be_skipped(faked, context):
    def body(context: Context, findings: Findings) -> None:
        findings.skipped = "no device"

    faked["accelerator"] = body
    assert [m.status for m in run_all(context, [], quiet)][2:] == ["skipped", "verified"]
    faked["optimizer"] = body
    run_one("optimizer", context, quiet)
    with pytest.raises(FileError, match="the phase skipped: no device"):
        run_one("accelerator", context, quiet)


def test_an_interrupted_phase_is_gone_on_with(faked, context):
    seen = []

    def body(context: Context, findings: Findings) -> None:
        seen.append(context.resuming)
        if len(seen) < 3:
            raise KeyboardInterrupt

    faked["optimizer"] = body
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_all(context, [], quiet)
    run_all(context, [], quiet)
    assert seen == [False, True, True]


def test_agents_follow_the_phases_and_installed_ones_are_found(faked, context, monkeypatch):
    point = SimpleNamespace(load=lambda: fake({"census/made": "1"}))

    class Points(dict):
        names = property(lambda self: set(self))

    monkeypatch.setattr(
        extensions.metadata, "entry_points", lambda group: Points({"census": point})
    )
    faked["census"] = extensions.find_phase("census")
    made = run_all(context, ["census"], quiet)
    assert [m.phase for m in made] == [*PHASES, "census"]
    assert "manifests/integrator.json" in made[-1].inputs
    with pytest.raises(UsageError, match="no agent nonsense; choose of: census, tune"):
        extensions.find_phase("nonsense")
    point.load = lambda: 1 / 0
    with pytest.raises(TatError, match="agent census cannot be loaded: ZeroDivisionError"):
        extensions.find_phase("census")
