"""Phase 2, optimizer: the CPU path is right, independent of threads, and fast."""

from tat.backends.cpu.executable import CpuBackend
from tat.benchmarks.autobench import AutoBench
from tat.checks.validator import check_decoding, check_lockstep, check_threads, check_tokenizer
from tat.proofs.phase_run import Context, Findings

_BENCHMARKS = ("forward", "attention", "decode", "step", "tokenize")


def run(context: Context, findings: Findings) -> None:
    """Compare all kernels with float64, then time the workloads that users wait for.

    Targets are for the default model; times of another model only inform.
    """
    findings.check("tokenizer", check_tokenizer)
    plain, fastest = CpuBackend(1, numba=False), CpuBackend(1)
    findings.check(f"lockstep, {plain.name}", lambda: check_lockstep(plain))
    if fastest.name != plain.name:
        findings.check(f"lockstep, {fastest.name}", lambda: check_lockstep(fastest))
    findings.check("decoding", lambda: check_decoding(CpuBackend(1)))
    findings.check("threads", check_threads)
    for measurement in AutoBench(context.config).measure(_BENCHMARKS, quick=True):
        findings.measured(measurement)
