"""`tat` as a rank that fails: RANKS_FAULT=RANK:STEP:kill|raise|hang, nan (of all) or bits."""

import os
import signal
import sys
import time

import tat  # noqa: F401  sets BLAS up before numpy
from tat.cli import run
from tat.train.trainer import Trainer

_step, _first_gradient = Trainer.step, Trainer.first_gradient


def step(self: Trainer, **how: object):
    rank, at, fault = os.environ["RANKS_FAULT"].split(":")
    now = self.step_count + 1 == int(at)
    if now and fault == "nan":
        flat = self.model.parameters.flat
        self.backend.write(flat, self.backend.read(flat) * float("nan"))
    if now and fault == "hang":
        self.ranks.wait_s = 4.0  # from now on: a busy machine may take long to start
    if now and self.ranks.rank == int(rank):
        if fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "raise":
            raise OSError(28, "No space left on device", "somewhere")
        if fault == "hang":
            time.sleep(1e6)
    return _step(self, **how)


def first_gradient(self: Trainer):
    rank, _, fault = os.environ["RANKS_FAULT"].split(":")
    gradient = _first_gradient(self).copy()
    if fault == "bits" and self.ranks.rank == int(rank):
        gradient[0] += 1e-3
    return gradient


if "RANKS_FAULT" in os.environ:
    Trainer.step, Trainer.first_gradient = step, first_gradient

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
