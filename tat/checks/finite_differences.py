"""Compares the gradient of a whole small model with finite differences, in float64."""

from collections.abc import Callable

import numpy as np

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.checks.lockstep import small_step
from tat.errors import TatError
from tat.ops.plan import plan

# Relative to the norm of the weight's gradient, or to a share of the whole gradient's norm if that
# is larger: gradients of the keys' biases are 0 up to rounding. The largest error seen is 1.4e-7.
TOLERANCE = 1e-5
_LEAST_SHARE = 1e-3
_STEP = 1e-5  # along the direction; the error is of its square


def check_gradients(seed: int = 0) -> str:
    """Compare along one direction in each weight; TatError names the first wrong gradient."""
    step = small_step(seed)
    graph, parameters = step.graphs[0], step.parameters
    backend = CpuBackend(1, dtype=np.float64)
    executable = backend.compile(plan(graph, backend.memory))
    step.fill(backend, executable)
    executable.run()
    flat = backend.persistent(parameters.flat, 0)
    values = weights.unpack(parameters, flat)
    flat_gradient = backend.read(executable.plan.persistent["gradients"])
    flat_gradient /= step.feeds["loss_scale"]
    gradients = weights.unpack(parameters, flat_gradient)
    random, worst = np.random.default_rng(seed), 0.0
    least = _LEAST_SHARE * np.linalg.norm(flat_gradient)

    def loss() -> float:
        executable.run()
        return float(executable.read("loss")[0])

    for name, value in values.items():
        gradient, size = gradients[name], np.linalg.norm(gradients[name])
        noise = random.standard_normal(value.shape)
        # A wrong factor shows best along the gradient, a missing part across it.
        direction = noise / np.linalg.norm(noise) + gradient / max(least, size)
        claimed = float((gradient * direction).sum())
        error = abs(_slope(loss, value, direction) - claimed) / max(least, size)
        worst = max(worst, error)
        if not error <= TOLERANCE:
            raise TatError(f"the gradient of {name} differs by {error:.1e} from finite differences")
    return f"{len(values)} weights, the worst within {worst:.1e} of finite differences"


def _slope(loss: Callable[[], float], value: np.ndarray, direction: np.ndarray) -> float:
    """The loss's derivative along `direction`, by central differences; `value` stays as it was."""
    kept, losses = value.copy(), []
    for sign in (1, -1):
        value[...] = kept + sign * _STEP * direction
        losses.append(loss())
    value[...] = kept
    return (losses[0] - losses[1]) / (2 * _STEP)
