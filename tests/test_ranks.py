"""Training over MPI: bits for any number of ranks, resuming on others, failures, signals.

Over the MPICH of the virtual environment and Debian's Open MPI (packaging/require-test-tools.sh).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import MODULES
from gpu_harness import GPU
from launching import (
    _SILENT,
    LAUNCHERS,
    MAIN,
    Launcher,
    lines,
    mpich,
    open_mpi,
    results,
    words,
)

STEPS = 6


@pytest.fixture(autouse=True, scope="module")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Some ninety processes start here: where none may keep bytecode, these do, in one place."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            patch.delenv("PYTHONDONTWRITEBYTECODE")
            patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        yield


@pytest.fixture(params=LAUNCHERS)
def launcher(request: pytest.FixtureRequest) -> Launcher:
    return LAUNCHERS[request.param]()


@pytest.fixture(scope="module")
def shaders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shaders")
    for number in range(4):
        for name, text in MODULES.items():
            changed = text.replace("fn ", f"fn n{number}_").replace("1.0", f"{number}.5")
            (folder / f"{number}-{name}").write_text(changed)
    return folder


@pytest.fixture(scope="module")
def alone(shaders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one process, without MPI."""
    run = tmp_path_factory.mktemp("runs") / "alone"
    code, output = Launcher("none", ()).run(1, *words(run, STEPS, shaders))
    assert code == 0, output
    return run


@pytest.mark.parametrize(
    ("name", "ranks"), [("mpich", 2), ("mpich", 3), ("mpich", 4), ("openmpi", 3)]
)
def test_any_number_of_ranks_has_the_bits_of_one_process(name, ranks, alone, shaders, tmp_path):
    code, output = LAUNCHERS[name]().run(ranks, *words(tmp_path / "run", STEPS, shaders))
    assert code == 0, output
    assert f"ranks: {ranks}, over {'MPICH' if name == 'mpich' else 'Open MPI'}" in output
    assert output.count(f"done at step {STEPS}") == 1
    assert results(tmp_path / "run") == results(alone)


def test_a_run_goes_on_with_any_other_number_of_ranks(alone, shaders, tmp_path):
    run = tmp_path / "run"
    assert mpich().run(3, *words(run, 2, shaders))[0] == 0
    for steps, ranks, launcher in ((3, 2, open_mpi()), (4, 1, mpich()), (STEPS, 4, mpich())):
        code, output = launcher.run(ranks, "train", "--run", run, "--resume", "--steps", steps)
        assert code == 0 and "resuming" in output, output
    assert results(run) == results(alone)


FAULTS = {
    "1:4:kill": "tat: ",
    "0:4:kill": "tat: ",
    "1:4:raise": "tat: rank 1 of 3: somewhere: No space left on device; all ranks end",
    "1:4:hang": "tat: rank 1 of 3 has not answered for 4 s (train.ranks_wait_s); all ranks end",
    "2:4:nan": "tat: step 4, micro-batch 0: ",
}


@pytest.mark.parametrize(
    ("name", "fault"), [*(("mpich", f) for f in FAULTS), ("openmpi", "1:4:kill"),
                        ("openmpi", "1:4:raise"), ("openmpi", "0:4:kill")],
)  # fmt: skip
def test_a_rank_that_fails_ends_all_with_one_line_and_a_good_checkpoint(
    name, fault, alone, shaders, tmp_path
):
    run = tmp_path / "run"
    code, output = LAUNCHERS[name]().run(3, *words(run, STEPS, shaders), "-q", RANKS_FAULT=fault)
    [line] = [line for line in output.splitlines() if line.startswith("tat:")]
    assert line.startswith(FAULTS[fault]), output
    if fault.endswith("kill"):
        # On a busy machine the watcher may look when the launcher has ended all.
        killed = (f"rank {fault[0]} of 3 was killed", "3 ranks were killed", "of 3 were killed")
        assert any(words in line for words in killed) and "last checkpoint is safe" in line
    # The launcher has to kill one that hangs, and may tell of that instead of rank 0's 1.
    codes = {"kill": {code}, "nan": {6}, "hang": {1, 9, 137}}
    assert code in codes.get(fault.rpartition(":")[2], {1}), output
    assert os.readlink(run / "latest").endswith("step-00000002.safetensors")
    if fault.endswith("kill"):
        more = ("train", "--run", run, "--resume", "--steps", STEPS)
        assert Launcher("none", ()).run(1, *more)[0] == 0
        assert results(run) == results(alone)


@pytest.mark.parametrize(
    ("name", "number", "codes"),
    [("mpich", signal.SIGINT, {130}), ("mpich", signal.SIGTERM, {143}),
     ("mpich", signal.SIGUSR1, {138}), ("openmpi", signal.SIGUSR1, {138})],
)  # fmt: skip
def test_a_signal_to_the_launcher_saves_and_ends_all(name, number, codes, shaders, tmp_path):
    run = tmp_path / "run"
    process = LAUNCHERS[name]().start(2, *words(run, 100000, shaders, "--set", "seed=1"))
    ended = time.monotonic() + 200
    begun = run / "metrics.jsonl"
    while time.monotonic() < ended and not begun.exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(number)
    output, _ = process.communicate(timeout=400)
    assert process.returncode in codes, output
    assert "continue with `tat train" in output
    steps = len((run / "metrics.jsonl").read_text().splitlines())
    assert os.readlink(run / "latest").endswith(f"step-{steps:08}.safetensors")


def test_a_launcher_of_another_mpi_than_the_library_is_refused(shaders, tmp_path):
    library = Path(sys.prefix, "lib", "libmpi.so.12")
    code, output = open_mpi().run(
        2, *words(tmp_path / "run", 1, shaders), MPI4PY_LIBMPI=str(library)
    )
    [line] = lines(output)
    assert code == 1 and "Open MPI's launcher started 2 processes, but MPICH was loaded" in line
    assert "and sees 1; start with the mpirun of that library" in line
    assert not (tmp_path / "run").exists()


def test_a_launcher_of_another_mpi_is_refused_the_other_way_round_too(shaders, tmp_path):
    open_mpi()
    run = tmp_path / "run"
    code, output = mpich().run(2, *words(run, 1, shaders), TATFILE_MPI_LIBRARY="libmpi.so.40")
    [line] = lines(output)
    assert code == 1 and not run.exists()
    assert "MPICH's launcher started 2 processes, but Open MPI was loaded (libmpi.so.40)" in line
    assert "and sees 1;" in line


def test_slurm_without_mpi_is_refused(shaders, tmp_path):
    run = tmp_path / "run"
    code, output = Launcher("none", ()).run(1, *words(run, 1, shaders), SLURM_NTASKS="4")
    [line] = lines(output)
    assert code == 1 and "Slurm started 4 processes, but " in line and "--mpi=pmi" in line
    assert not run.exists()
    more = ("--ranks", "alone")
    assert Launcher("none", ()).run(1, *words(run, 1, shaders, *more), SLURM_NTASKS="4")[0] == 0


def test_fewer_micro_batches_than_ranks_are_refused(launcher, shaders, tmp_path):
    more = ("--set", "train.micro_batches=1")
    code, output = launcher.run(2, *words(tmp_path / "run", 1, shaders), *more)
    [line] = lines(output)
    assert code == 1 and "2 processes, but train.micro_batches is 1" in line
    assert not (tmp_path / "run" / "config.toml").exists()


def test_a_refusal_of_rank_0_ends_all_ranks_in_one_line(alone, shaders):
    code, output = mpich().run(3, *words(alone, 1, shaders))
    [line] = lines(output)
    assert code == 2 and "is not empty; add --resume" in line


def test_a_rank_with_other_settings_or_files_is_named(shaders, tmp_path):
    given = [sys.executable, str(MAIN), *map(str, words(tmp_path / "run", 1, shaders))]
    both = [*mpich().words, "-n", "1", *given, ":", "-n", "1", *given, "--set", "train.lr=0.5"]
    paths = f"{MAIN.parent.parent}:{MAIN.parent}"
    done = subprocess.run(
        both, env={**os.environ, "PYTHONPATH": paths}, stdin=_SILENT, capture_output=True,
        text=True, timeout=400,
    )  # fmt: skip
    [line] = lines(done.stderr)
    assert done.returncode == 1
    assert "rank 1 has another train.lr (0.5) than rank 0 (0.01)" in line


@pytest.mark.parametrize(("share", "code", "said"), [
    (0.8, 0, "functions are held out, not files"), (1 - 1e-9, 4, "every file fell into the"),
])  # fmt: skip
def test_ranks_end_alike_where_all_files_are_held_out(share, code, said, alone, tmp_path):
    """Rank 0 finds nothing to train on and tells the others; then all read functions, or end."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in "ab":
        made = (f"fn {name}{i}(x: f32) -> f32 {{ return x * {i}.5; }}\n" for i in range(12))
        (folder / f"{name}.wgsl").write_text("".join(made))
    given = words(tmp_path / "run", 1, folder, "--from", alone, "--set", "data.synth=0")
    ended, output = mpich().run(2, *given, "--set", f"data.validation_share={share}")
    assert ended == code and said in output, output
    assert len(lines(output)) == (code > 0), output


def test_doctor_names_the_library():
    code, output = Launcher("none", ()).run(1, "doctor", "--json")
    [finding] = [f for f in json.loads(output.splitlines()[-1]) if f["name"] == "mpi"]
    assert code == 0 and finding["status"] == "ok" and "MPICH" in finding["detail"]


def test_processors_that_round_otherwise_are_refused_until_allowed(shaders, tmp_path):
    run = tmp_path / "run"
    code, output = mpich().run(2, *words(run, 1, shaders), RANKS_FAULT="1:0:bits")
    [line] = lines(output)
    assert code == 1 and "rank 1 computes other bits than rank 0" in line
    more = ("--allow-change", "bits")
    shutil.rmtree(run, ignore_errors=True)
    code, output = mpich().run(2, *words(run, 1, shaders, *more), RANKS_FAULT="1:0:bits")
    assert code == 0 and "another processor than rank 0's" in output, output


def test_eval_shares_functions_out_and_says_what_one_process_says(tmp_path):
    functions, bodies = tmp_path / "functions.jsonl", tmp_path / "bodies.jsonl"
    made = [("a", "x + 1.0", "1.0 + x"), ("b", "x * 2.0", "x * 3.0"), ("c", "x", "y")]
    line = {"signature": "", "body": "", "standalone": True, "testable": True}
    with open(functions, "w") as out, open(bodies, "w") as answers:
        for name, body, answer in made:
            output = {"id": name, "signature": f"fn {name}(x: f32) -> f32"}
            text = {"body": f"{{ return {body}; }}"}
            out.write(json.dumps(line | output | text) + "\n")
            answers.write(json.dumps({"id": name, "body": f"{{ return {answer}; }}"}) + "\n")
    results = []
    for ranks, launcher in ((1, Launcher("none", ())), (2, mpich())):
        out = tmp_path / f"{ranks}.json"
        words = ("eval", functions, "--predictions", bodies, "-o", out, "-q")
        code, output = launcher.run(ranks, *words)
        assert code == 0, output
        results.append((out.read_bytes(), output))
    assert results[0] == results[1]


@pytest.mark.parametrize("asked", [
    ("--infill", "line", "--validate", 1),
    pytest.param(("--cookbook", "--limit", 2, "--samples", 1), marks=pytest.mark.slow),
], ids=["gaps", "cookbook"])  # fmt: skip
def test_eval_of_gaps_and_requests_says_what_one_process_says(asked, alone, tmp_path):
    functions = tmp_path / "functions.jsonl"
    made = [{"id": n, "signature": f"fn {n}(x: f32) -> f32", "standalone": True, "testable": True,
             "body": f"{{\n    let a = x;\n    return a + {i}.0;\n}}"}
            for i, n in enumerate("abc")]  # fmt: skip
    functions.write_text("".join(json.dumps(one) + "\n" for one in made))
    reports = []
    for ranks, launcher in ((1, Launcher("none", ())), (2, mpich())):
        out = tmp_path / f"{ranks}.json"
        given = () if "--cookbook" in asked else (functions,)
        words = ("eval", *given, *asked, "--run", alone, "-o", out, "-q", "--no-grammar")
        code, said = launcher.run(ranks, *words, TAT_GENERATE_MAX_TOKENS="4")
        assert code == 0, said
        reports.append((out.read_bytes(), said))
    assert reports[0] == reports[1]


def test_tune_shares_trials_out_and_finds_what_one_process_finds(tmp_path):
    settings = (
        "model.layers=1", "model.width=16", "model.heads=2", "model.feed_forward=24",
        "data.vocabulary=300", "data.buckets=[[96,96]]", "train.batch_tokens=192", "tune.steps=2",
        "threads=1",
    )  # fmt: skip
    few = [word for value in settings for word in ("--set", value)]
    found = []
    for ranks, launcher in ((1, Launcher("none", ())), (3, mpich())):
        out = tmp_path / f"{ranks}.toml"
        words = ("tune", "--preset", "tiny", "--budget", 5, "-o", out, *few)
        code, said = launcher.run(ranks, *words)
        assert code == 0, said
        found.append((out.read_text(), said.replace(str(out), "")))
    assert found[0] == found[1]


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize("precision", ["f32", "f16"])
def test_ranks_with_a_gpu_each_have_the_bits_of_one(precision, shaders, tmp_path):
    """Two on the software GPU; with f16 the first steps overflow, and all ranks skip them."""
    more = ("--device", GPU, "--precision", precision, "-q",
            "--set", "train.loss_scale=1e8")  # fmt: skip
    found = []
    for ranks, launcher in ((1, Launcher("none", ())), (2, mpich())):
        run = tmp_path / str(ranks)
        code, said = launcher.run(ranks, *words(run, 4, shaders, *more))
        assert code == 0, said
        found.append(results(run))
    assert found[0] == found[1]
    scales = [line.get("loss_scale") for line in found[0][1]]
    assert precision == "f32" or scales[-1] < 1e8
