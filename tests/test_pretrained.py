"""Training from a model: weights and tokenizer are its own, everything else is new."""

import re
from pathlib import Path

import numpy as np
import pytest
from cli_harness import write_shaders
from hypothesis import given
from hypothesis import strategies as st
from test_session import MODULES, latest, metrics, resume, train

from tat import __version__, weights
from tat.checkpoint import load, save
from tat.cli import run as tat
from tat.config import check_stored
from tat.data.tokenizer import Tokenizer
from tat.model.parameters import Parameters
from tat.model.transformer import Transformer


@pytest.fixture(scope="module")
def shaders(tmp_path_factory) -> Path:
    return write_shaders(tmp_path_factory.mktemp("shaders"), MODULES)


@pytest.fixture(scope="module")
def source(shaders, tmp_path_factory) -> Path:
    """A run of three steps."""
    run = tmp_path_factory.mktemp("runs") / "source"
    assert train(shaders, run, 3) == 0
    return run


def exported(source: Path, folder: Path, *more: str) -> Path:
    path = folder / "model.safetensors"
    assert tat(["export", str(source), "-q", "-o", str(path), *more]) == 0
    return path


def tuned(shaders: Path, name: Path, run: Path, steps: int, *more: str) -> int:
    options = ["--run", str(run), "--set", f"train.steps={steps}", "-q", "--device", "cpu",
               "--set", "data.synth=0", *more]  # fmt: skip
    return tat(["train", str(shaders), "--from", str(name), *options])


def test_step_0_has_the_weights_and_the_tokenizer_of_the_run(shaders, source, tmp_path):
    assert tuned(shaders, source, tmp_path / "run", 0) == 0
    before, after = load(source / "latest"), load(tmp_path / "run" / "latest")
    assert after.step == 0 and after.tokenizer == before.tokenizer
    assert after.model_hash == before.model_hash
    for name, values in before.weights.items():
        np.testing.assert_array_equal(after.weights[name], values)
    moments = {name: a for name, a in after.state.items() if not name.startswith("origin/")}
    assert moments and not any(values.any() for values in moments.values())
    assert after.progress["origin"]["step"] == 3
    assert after.progress["version"] == __version__
    assert after.progress["origin"]["name"] == str(source)


def test_settings_are_the_models_and_those_that_suit_tuning(shaders, source, tmp_path):
    assert tuned(shaders, source, tmp_path / "run", 0) == 0
    stored = check_stored(load(tmp_path / "run" / "latest").configuration)
    assert stored.preset == "tuning" and stored.train.patience > 0
    assert stored.train.origin_share == 0.7
    assert stored.model.width == 16 and stored.data.vocabulary == 300
    assert stored.data.buckets == ((96, 64), (192, 128), (256, 256))


def test_int8_weights_are_widened(shaders, source, tmp_path):
    model = exported(source, tmp_path, "--int8")
    assert tuned(shaders, model, tmp_path / "run", 0) == 0
    float32, widened = load(source / "latest"), load(tmp_path / "run" / "latest")
    for name, values in float32.weights.items():
        assert widened.weights[name].dtype == np.float32
        step = np.abs(values).max() / 127
        np.testing.assert_allclose(widened.weights[name], values, atol=step)
    assert tuned(shaders, model, tmp_path / "more", 2) == 0


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1), st.sampled_from([0, 1]))
def test_widening_undoes_rounding_up_to_half_a_step(rows, columns, seed, channels):
    parameters = Parameters(int8=True)
    parameters.declare("w", (rows, columns), None, channels)
    values = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    rounded = weights.quantize(parameters, {"w": values})
    widened = weights.widen(parameters, rounded)
    assert set(widened) == {"w"}
    step = np.expand_dims(rounded["w.scales"], 1 - channels)
    assert (np.abs(widened["w"] - values) <= step / 2 * 1.0001).all()
    again = weights.quantize(parameters, widened)
    np.testing.assert_array_equal(again["w"], rounded["w"])


def test_resuming_a_tuned_run_changes_no_bit(shaders, source, tmp_path):
    assert tuned(shaders, source, tmp_path / "whole", 4) == 0
    assert tuned(shaders, source, tmp_path / "parts", 2) == 0
    assert resume(tmp_path / "parts", 4) == 0
    assert latest(tmp_path / "parts") == latest(tmp_path / "whole")


SHARED = (
    "--set", "train.origin_share=0.25", "--set", "train.validate_every=2",
    "--set", "data.validation_share=0.5", "--set", "train.lr=0.01", "--set", "train.warmup_steps=0",
)  # fmt: skip


@pytest.mark.parametrize("more", [(), ("--set", "train.ema_decay=0.5")])
def test_weights_between_the_first_and_the_last_generate(shaders, source, tmp_path, more):
    assert tuned(shaders, source, tmp_path / "run", 4, *SHARED, *more) == 0
    plain = "--set", "train.origin_share=0", *SHARED[2:]
    assert tuned(shaders, source, tmp_path / "plain", 4, *plain, *more) == 0
    before, shared = load(source / "latest"), load(tmp_path / "run" / "latest")
    plain = load(tmp_path / "plain" / "latest")
    model = load(exported(tmp_path / "run", tmp_path))
    for name, first in before.weights.items():
        np.testing.assert_array_equal(shared.weights[name], plain.weights[name])
        own = plain.state[f"ema/{name}"] if more else plain.weights[name]
        mean = np.float32(0.75) * own + np.float32(0.25) * first
        np.testing.assert_array_equal(model.weights[name], mean)
    assert not model.state


def test_their_loss_is_the_one_that_is_validated(shaders, source, tmp_path):
    assert tuned(shaders, source, tmp_path / "run", 4, *SHARED) == 0
    model = exported(tmp_path / "run", tmp_path)
    still = "--set", "train.lr=1e-30", "--set", "train.validate_every=1", *SHARED[4:6]
    assert tuned(shaders, model, tmp_path / "again", 1, *still) == 0
    losses = [[m["validation_loss"] for m in metrics(tmp_path / run) if "validation_loss" in m]
              for run in ("run", "again")]  # fmt: skip
    assert losses[0][-1] == pytest.approx(losses[1][-1], rel=1e-6)


def test_resuming_between_weights_changes_no_bit(shaders, source, tmp_path):
    assert tuned(shaders, source, tmp_path / "whole", 4, *SHARED) == 0
    assert tuned(shaders, source, tmp_path / "parts", 2, *SHARED) == 0
    assert resume(tmp_path / "parts", 4) == 0
    assert latest(tmp_path / "parts") == latest(tmp_path / "whole")


def test_without_a_model_to_start_from_there_is_nothing_between(shaders, tmp_path, capsys):
    assert train(shaders, tmp_path / "run", 1, "--set", "train.origin_share=0.5") == 3
    assert "train.origin_share is about the weights of --from" in failure(capsys)


def test_generated_functions_are_mixed_in_and_none_of_them_validates(source, tmp_path):
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    options = "--set", "data.synth=20", "--set", "data.validation_share=0.5", "-v"
    assert tuned(tmp_path, source, tmp_path / "run", 1, *options) == 0
    log = (tmp_path / "run" / "log").read_text()
    assert "20 functions by rules" in log
    validation = int(re.search(r"and (\d+) validation samples", log)[1])
    assert 0 < validation < 20


def failure(capsys) -> str:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_another_shape_is_one_line_that_says_which(shaders, source, tmp_path, capsys):
    assert tuned(shaders, source, tmp_path / "run", 1, "--set", "model.width=32") == 3
    said = failure(capsys)
    assert "model.width is 32 here and 16 in that model" in said and str(source) in said
    assert not (tmp_path / "run").exists()


def test_a_preset_is_refused_beside_a_model(shaders, source, tmp_path, capsys):
    assert tuned(shaders, source, tmp_path / "run", 1, "--preset", "small") == 3
    assert "--from brings the shape of its model" in failure(capsys)


def test_from_and_resume_do_not_go_together(shaders, source, tmp_path, capsys):
    assert tuned(shaders, source, source, 1, "--resume") == 2
    assert "--from is for a new run" in failure(capsys)


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


def foreign(path: Path) -> None:
    path.write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def other_shape(path: Path) -> None:
    """Int8 weights whose configuration says another width."""
    checkpoint = load(path)
    configuration = {**checkpoint.configuration}
    configuration["model"] = {**configuration["model"], "width": 32}
    save(path, type(checkpoint)(**{**vars(checkpoint), "configuration": configuration}))


@pytest.mark.parametrize("spoil", [damaged, foreign, cut, other_shape])
@pytest.mark.parametrize("int8", [[], ["--int8"]])
def test_a_file_that_is_no_good_model_is_one_line(spoil, int8, shaders, source, tmp_path, capsys):
    model = exported(source, tmp_path, *int8)
    spoil(model)
    assert tuned(shaders, model, tmp_path / "run", 1) == 4
    assert str(model) in failure(capsys)
    assert not (tmp_path / "run").exists()


def test_a_missing_model_is_one_line(shaders, tmp_path, capsys):
    assert tuned(shaders, tmp_path / "none", tmp_path / "run", 1) == 4
    assert str(tmp_path / "none") in failure(capsys)


def test_of_one_file_functions_are_held_out(source, tmp_path, capsys):
    names = [f"f{number}" for number in range(30)]
    text = "".join(f"fn {n}(x: f32) -> f32 {{ return x * {i}.0; }}\n" for i, n in enumerate(names))
    (tmp_path / "one.wgsl").write_text(text)
    more = "--set", "data.validation_share=0.3"
    arguments = ["train", str(tmp_path / "one.wgsl"), "--from", str(source), "--run",
                 str(tmp_path / "run"), "--set", "train.steps=1", "--set", "data.synth=0",
                 "--set", "train.validate_every=1", "--device", "cpu", *more]  # fmt: skip
    assert tat(arguments) == 0
    said = capsys.readouterr().err
    assert "at step 1 (" in said and "s of training); generate with" in said
    assert "functions are held out, not files" in said and " 0 validation" not in said
    assert load(tmp_path / "run" / "latest").configuration["data"]["split"] == "function"
    assert (tmp_path / "run" / "best").exists()
    assert tat(["train", "--run", str(tmp_path / "run"), "--resume", "--steps", "2", "-q"]) == 0


@pytest.mark.parametrize("files", [["area.wgsl"], ["area.wgsl", "lift.wgsl"]])
def test_few_files_are_drawn_beside_and_counted_once_for_the_reader(
    files, source, tmp_path, capsys
):
    for number, name in enumerate(files):
        text = f"fn {name[:4]}(x: f32) -> f32 {{ return x * {number}.5; }}\n"
        (tmp_path / name).write_text(text)
    arguments = ["train", *(str(tmp_path / name) for name in files), "--from", str(source),
                 "--run", str(tmp_path / "run"), "--steps", "1", "--synth", "9", "--device", "cpu",
                 "--set", "data.validation_share=0.01"]  # fmt: skip
    assert tat(arguments) == 0
    said = capsys.readouterr().err
    assert "functions are held out, not files" in said
    assert said.count("drawing 9 functions") == said.count("duplicates dropped") == 1


def test_a_missing_path_is_named_before_anything_is_drawn(source, tmp_path, capsys):
    arguments = ["train", str(tmp_path / "none"), "--from", str(source), "--run",
                 str(tmp_path / "run"), "--synth", "9"]  # fmt: skip
    assert tat(arguments) == 4
    assert capsys.readouterr().err == f"tat: {tmp_path / 'none'}: no such file or folder\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), ("// words\n", "no function with a body")]
)
def test_a_file_without_a_function_is_named_before_any_is_drawn(
    text, reason, source, tmp_path, capsys
):
    (tmp_path / "one.wgsl").write_text(text)
    arguments = ["train", str(tmp_path / "one.wgsl"), "--from", str(source), "--run",
                 str(tmp_path / "run"), "--synth", "9"]  # fmt: skip
    assert tat(arguments) == 4
    assert capsys.readouterr().err == f"tat: {tmp_path / 'one.wgsl'}: {reason}\n"


def test_files_that_leave_nothing_to_train_on_are_one_line(source, tmp_path, capsys):
    (tmp_path / "one.wgsl").write_text(MODULES["area.wgsl"])
    options = "--set", "data.validation_share=0.99"
    assert tuned(tmp_path / "one.wgsl", source, tmp_path / "run", 1, *options) == 4
    assert "validation split" in failure(capsys)


def test_the_tokenizer_of_the_model_reads_unseen_text(shaders, source, tmp_path):
    (tmp_path / "new.wgsl").write_text("fn é(ⅷ: f32) -> f32 { return ⅷ; }\n")
    assert tuned(tmp_path, source, tmp_path / "run", 1, "--set", "data.validation_share=0.0") == 0
    stored = load(tmp_path / "run" / "latest")
    model = Transformer(check_stored(stored.configuration).model, 300)
    assert Tokenizer.from_bytes(stored.tokenizer).size == model.vocabulary


@pytest.fixture
def bundle(source, tmp_path, monkeypatch) -> Path:
    """Where the bundled model would lie; nothing is there yet."""
    path = tmp_path / "bundled.safetensors"
    (tmp_path / "bundled.md").write_text("# The bundled model\n")
    for module in ("train.named_checkpoint", "commands.inspect"):
        monkeypatch.setattr(f"tat.{module}.resource", lambda *parts: tmp_path / parts[-1])
    return path


@pytest.mark.parametrize(
    "arguments", [["generate", "area"], ["export", "-o", "x"], ["inspect", "bundled"]]
)
def test_a_checkout_without_the_bundled_model_says_how_to_get_it(arguments, bundle, capsys):
    assert tat(arguments) == 4
    said = failure(capsys)
    assert "tat/models/bundled.safetensors" in said and "make model" in said


def test_without_run_the_bundled_model_answers_and_says_so(source, bundle, tmp_path, capsys):
    exported(source, tmp_path, "--int8").rename(bundle)
    assert tat(["generate", "area", "--stream", "--max-tokens", "3", "--device", "cpu"]) == 0
    assert "model: bundled" in capsys.readouterr().err
    assert tat(["inspect", "bundled"]) == 0
    said = capsys.readouterr().out
    assert "int8" in said and said.endswith("# The bundled model\n")


def test_a_file_of_the_name_comes_before_the_bundled_model(source, bundle, tmp_path, monkeypatch):
    exported(source, tmp_path).rename(tmp_path / "bundled")
    monkeypatch.chdir(tmp_path)
    assert tat(["inspect", "bundled"]) == 0
