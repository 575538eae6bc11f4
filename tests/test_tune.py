"""The search for training settings: which it tries, and that none is tried twice."""

import math
import tomllib

import numpy as np
import pytest
from cli_harness import tat
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.config import resolve
from tat.errors import CorpusError, DivergedError
from tat.tuning.annealing import Schedule, gray_level, quantum_annealing, random_search
from tat.tuning.objective import BITS, Objective, Settings
from tat.tuning.tuner import tune

SCHEDULE = Schedule(replicas=3, temperature=0.1, field=2.0)
SMALL = {
    "preset": "tiny", "model.layers": 1, "model.width": 16, "model.heads": 2,
    "model.feed_forward": 24, "data.vocabulary": 300, "data.buckets": [[96, 96]],
    "train.batch_tokens": 192, "tune.steps": 3, "tune.trials": 6,
}  # fmt: skip


def small(**more: object):
    return resolve(flags=SMALL | more, environment={}, files=()).config


def bowl(point: tuple[int, ...]) -> float:
    """0 where all bits are 1."""
    return 1 - sum(point) / len(point)


SEARCHES = {
    "annealing": lambda bits, energy, trials, seed: quantum_annealing(
        bits, energy, trials, SCHEDULE, seed
    ),
    "random": random_search,
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
@given(bits=st.integers(1, 7), trials=st.integers(1, 140), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_a_search_tries_as_many_points_as_it_may_and_none_twice(search, bits, trials, seed):
    asked = []

    def energy(point):
        asked.append(point)
        return bowl(point)

    found = list(search(bits, energy, trials, seed))
    assert len(found) == len(set(asked)) == len(asked) == min(trials, 2**bits)
    assert found == [(point, bowl(point)) for point in asked]
    assert found == list(search(bits, bowl, trials, seed))  # by the seed alone
    assert all(len(point) == bits and set(point) <= {0, 1} for point in asked)


@pytest.mark.parametrize("value", [math.inf, 0.0, 1e300])
def test_energies_without_a_slope_are_searched_as_well(value):
    finite = min(value, 1e300)
    assert len(list(quantum_annealing(5, lambda point: finite, 32, SCHEDULE, 0))) == 32


def test_annealing_finds_a_slope_faster_than_chance():
    def best(search):
        return np.mean([min(e for _, e in search(12, bowl, 60, seed)) for seed in range(40)])

    assert best(SEARCHES["annealing"]) < 0.7 * best(SEARCHES["random"])


@given(st.integers(1, 10).flatmap(lambda n: st.tuples(*[st.integers(0, 1)] * n)))
def test_gray_codes_of_neighbours_differ_in_one_bit(bits):
    level, width = gray_level(bits), len(bits)
    assert 0 <= level < 2**width
    assert tuple(int(c) for c in f"{level ^ (level >> 1):0{width}b}") == bits


def test_the_grid_holds_the_configured_settings_and_all_of_it_can_be_built():
    points = [tuple(int(c) for c in f"{number:0{BITS}b}") for number in range(2**BITS)]
    assert len({Settings.of(point) for point in points}) == 2**BITS
    for preset in ("tiny", "small", "base"):
        config = resolve(flags={"preset": preset}, environment={}, files=()).config
        for point in points[::37]:
            chosen = Settings.of(point)
            flags = {"preset": preset, **chosen.changes(config)}
            tuned = resolve(flags=flags, environment={}, files=()).config
            assert tuned == chosen.applied(config)
            assert tuned.model.width <= config.model.width
    assert Settings(1.0, 0.05, 0.0, 1.0).applied(small()).train.lr == small().train.lr


def test_a_loss_is_that_of_a_short_training_and_falls_with_steps():
    losses = [Objective(small(**{"tune.steps": steps})).loss() for steps in (1, 12)]
    assert losses[1] < losses[0] < 7
    objective, chosen = Objective(small()), Settings(8.0, 0.1, 0.1, 0.5)
    assert objective.loss(chosen) == objective.loss(chosen)
    assert objective.loss() != Objective(small(seed=1)).loss()


def test_tried_settings_are_kept_and_not_tried_again(tmp_path, monkeypatch):
    config, objective = small(), Objective(small())
    sound, done = objective.loss, []
    monkeypatch.setattr(objective, "loss", lambda s: done.append(s) or sound(s))
    whole = tune(config, objective, tmp_path / "whole", lambda line: None)
    assert len(done) == 1 + whole.trials == 7

    def killed(chosen):
        if len(done) == 4:
            raise KeyboardInterrupt
        return done.append(chosen) or sound(chosen)

    done.clear()
    monkeypatch.setattr(objective, "loss", killed)
    with pytest.raises(KeyboardInterrupt):
        tune(config, objective, tmp_path / "parts", lambda line: None)
    monkeypatch.setattr(objective, "loss", lambda s: done.append(s) or sound(s))
    assert tune(config, objective, tmp_path / "parts", lambda line: None) == whole
    assert len(done) == 7  # nothing twice
    other = Objective(small(seed=5))
    monkeypatch.setattr(other, "loss", lambda s: done.append(s) or 3.0)
    tune(small(seed=5), other, tmp_path / "parts", lambda line: None)
    assert len(done) > 7  # another question


def test_training_that_diverges_is_no_answer(tmp_path, monkeypatch):
    config, objective = small(), Objective(small())
    monkeypatch.setattr(objective, "loss", lambda s: 4.0 if s is None else math.inf)
    tuning = tune(config, objective, tmp_path / "a", lambda line: None)
    assert not tuning.better
    tuning.write(tmp_path / "tuned.toml")
    assert resolve(files=[tmp_path / "tuned.toml"], flags=SMALL, environment={}).config == config
    monkeypatch.setattr(objective, "loss", lambda s: math.inf)
    with pytest.raises(DivergedError, match=r"lower train\.lr"):
        tune(config, objective, tmp_path / "b", lambda line: None)


def test_a_corpus_without_validation_is_refused(tmp_path):
    (tmp_path / "one.wgsl").write_text("fn one() -> f32 { return 1.0; }")
    with pytest.raises(CorpusError, match=r"data\.validation_share"):
        Objective(small(**{"data.validation_share": 0.0}), [tmp_path])


def test_the_command_writes_settings_that_train_takes(tmp_path):
    values = [f"{key}={value}" for key, value in SMALL.items() if key != "preset"]
    assignments = [word for value in values for word in ("--set", value)]
    call = "tune", "--preset", "tiny", *assignments, "--budget", 3, "-o", tmp_path / "tuned.toml"
    first = tat(*call)
    assert first.code == 0 and not first.out, first
    assert len(first.err.splitlines()) == 1 + 3 + 1
    text = (tmp_path / "tuned.toml").read_text()
    assert "validation loss" in text and tomllib.loads(text).keys() <= {"model", "train"}
    shown = tat("config", "--preset", "tiny", *assignments, "--config", tmp_path / "tuned.toml")
    assert shown.code == 0
    again = tat(*call)
    assert again.err.count(", known") == 4
    assert tat(*call[:-1], tmp_path).failure().endswith("is a folder; name a file")
