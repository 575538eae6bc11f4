"""The modules of the phases, and agents that may follow them, from tat or other packages.

An agent is a function with a phase's signature. Its manifest, made like a phase's on that of the
integrator, has the agent's name. A package offers one by an entry point of the group tat.agents:

    [project.entry-points."tat.agents"]
    census = "my_package.census:run"
"""

from importlib import import_module, metadata

from tat.errors import TatError, UsageError, one_line
from tat.proofs.manifest import PHASES
from tat.proofs.phase_run import Phase

GROUP = "tat.agents"  # of entry points
_PROOFS = {
    "architect": "tat.proofs.training_proof",
    "optimizer": "tat.proofs.cpu_proof",
    "accelerator": "tat.proofs.gpu_proof",
    "integrator": "tat.proofs.generation_proof",
}  # name -> module, whose `run` it is
BUILT_IN = {"tune": "tat.tuning.tuner"}  # the same of agents


def find_phase(name: str) -> Phase:
    """One of the four phases, or an agent; UsageError if there is none of that name.

    Installed packages are searched only for a name that tat does not have.
    """
    if name in PHASES:
        return import_module(_PROOFS[name]).run
    if name in BUILT_IN:
        return import_module(BUILT_IN[name]).run
    installed = metadata.entry_points(group=GROUP)
    if name not in installed.names:
        names = ", ".join(sorted({*BUILT_IN, *installed.names}))
        raise UsageError(f"no agent {one_line(name, 60)}; choose of: {names}")
    try:
        return installed[name].load()
    except Exception as error:  # another package may fail in any way
        reason = one_line(f"{type(error).__name__}: {error}", 200)
        raise TatError(f"agent {name} cannot be loaded: {reason}; repair its package") from error
