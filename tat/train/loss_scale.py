"""Dynamic loss scaling (Micikevicius et al. 2018): a factor lifts gradients into f16's range.

The factor is a power of two. A gradient that is not finite skips its step and halves the factor;
many steps without one double it.
"""

from dataclasses import dataclass

from tat.config_tables import TrainConfig

_LEAST = 1.0  # below it a gradient that is not finite is not the factor's fault


@dataclass
class LossScale:
    """The factors of the next two steps and their history; kept in a checkpoint.

    A step's factor follows from the results up to the last but one. A step that begins before the
    previous result is known therefore has the same factor as one that waits.
    """

    next: float
    following: float
    calm: int = 0  # steps since the factor changed last
    skipped: int = 0  # steps, in all

    @classmethod
    def initial(cls, config: TrainConfig) -> "LossScale":
        """The factor at the start of a run."""
        return cls(config.loss_scale, config.loss_scale)

    def judge(self, finite: bool, patience: int) -> bool:
        """Account for the gradient of the step that used `next`; False if no factor can help.

        patience: steps without a skipped one after which the factor doubles.
        """
        used, after = self.next, self.following
        unchanged = after == used
        self.calm += 1
        if not finite:
            if used <= _LEAST:
                return False
            self.skipped += 1
            after, self.calm = (after / 2 if unchanged else after), 0
        elif unchanged and self.calm >= patience:
            after, self.calm = after * 2, 0
        self.next, self.following = self.following, after
        return True
