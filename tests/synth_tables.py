"""Tables of families in tests, and the verdicts on them."""

from tat.synth.family import Family
from tat.synth.tables import parse_table
from tat.synth.verify import Verdict, verify
from tat.wgsl.sandbox import Sandbox


def table(text: str) -> list[Family]:
    return parse_table(text, "trial", "trial.txt")


def verdicts(sandbox: Sandbox, text: str) -> list[Verdict]:
    return list(verify(table(text), sandbox))
