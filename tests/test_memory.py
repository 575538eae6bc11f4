"""Memory of a training step against what `tat inspect --plan` promises."""

import subprocess
import sys

import pytest

from tat.commands.inspect import plan_report
from tat.config import resolve

ALLOWANCE = 300e6  # bytes over the plan: the interpreter, libraries and kernels' scratch

# Makes a trainer on random ids, forgets the peak so far, runs two steps and prints the new peak.
SCRIPT = """
import sys
sys.path[:0] = ["bench"]
from step import make_trainer
from tat.config import resolve
flags = eval(sys.argv[1])
trainer = make_trainer(resolve(flags=flags).config, int(sys.argv[2]), 32)
open("/proc/self/clear_refs", "w").write("5")
trainer.step()
trainer.step()
status = open("/proc/self/status").read()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize(("preset", "length"), [("tiny", 256), ("base", 64)])
def test_a_step_stays_within_its_plan(preset, length):
    flags = {
        "preset": preset, "threads": 2, "train.batch_tokens": 256, "train.ema_decay": 0.9,
        "data.buckets": [[length, length]],
    }  # fmt: skip
    config = resolve(flags=flags).config
    command = [sys.executable, "-c", SCRIPT, repr(flags), str(length)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = 1024 * int(done.stdout)
    report = plan_report(config, config.data.vocabulary)
    promised = report["persistent_bytes"] + report["arena_bytes"]
    assert peak <= promised + ALLOWANCE, f"{peak / 1e6:.0f} MB over {promised / 1e6:.0f} MB"
    assert report["arena_bytes"] < 0.6 * report["unplanned_bytes"]
