"""Practice functions: chains of steps, described in words."""

from tat.synth.draft import Draft
from tat.synth.draws import Draws
from tat.synth.family import Family, Parameter
from tat.synth.places import as_constants, as_settings, as_struct
from tat.synth.practice.chains import Chain
from tat.synth.practice.scope import Scope
from tat.synth.words import listed

_VERBS = listed("""compute evaluate calc process apply transform adjust derive combine value f
    response map convert prepare func""")
_ENDINGS = listed("Value Value Result Result 1 2 3 A B")


def described(draws: Draws) -> Draft | None:
    """A chain of steps that the comment tells one by one."""
    chain = Chain(draws)
    parameters = list(chain.parameters.items())
    if len(parameters) > 1 and draws.chance(0.25):
        draws.shuffle(parameters)
    draft = _draft(draws, chain.scope, parameters, chain.kind, "\n".join(chain.lines), chain.words)
    share = draws.random()
    if share < 0.1:
        as_settings(draft)
    elif share < 0.18:
        as_struct(draft)
    elif share < 0.23:
        as_constants(draft)
    return draft


def _draft(
    draws: Draws, scope: Scope, parameters: list[tuple[str, str]], result: str, body: str,
    descriptions: list[str],
) -> Draft:  # fmt: skip
    name = draws.pick(_VERBS) + ("" if draws.chance(0.15) else draws.pick(_ENDINGS))
    family = Family(
        "practice", (name,), [Parameter((n,), kind) for n, kind in parameters], result,
        descriptions=descriptions, bodies=[(False, body)],
    )  # fmt: skip
    family.finish()
    family.alternatives |= scope.alternatives
    return Draft(family, draws)
