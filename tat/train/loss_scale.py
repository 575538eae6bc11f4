"""Dynamic loss scaling (Micikevicius et al. 2018): gradients times a factor, to fit into f16.

The factor is a power of two. It halves where a gradient was not finite, which skips that step, and
doubles after many steps without.
"""

from dataclasses import dataclass

from tat.config_tables import TrainConfig

_LEAST = 1.0  # below it a gradient that is not finite is not the factor's fault


@dataclass
class LossScale:
    """The factors of the two steps that come next, and what led to them; kept in a checkpoint.

    A step's factor follows from the results up to the last but one: a step that is begun before
    the result of the one before is known gets the same as one that waits.
    """

    next: float
    following: float
    calm: int = 0  # steps since the factor changed last
    skipped: int = 0  # steps, in all

    @classmethod
    def initial(cls, config: TrainConfig) -> "LossScale":
        """The factor that a run starts with."""
        return cls(config.loss_scale, config.loss_scale)

    def judge(self, finite: bool, patience: int) -> bool:
        """Takes note of the gradient of the step that used `next`; False if there is no way on.

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
