"""Several texts of a prompt: the first is the one that is given where one is wanted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import LIBRARY, SAMPLING, Scripted

from tat.decode.candidates import Outcome
from tat.decode.prompt import Prompt
from tat.decode.validated import Search, generate_all_valid


@given(
    st.text("abcdef", min_size=10, max_size=10), st.sets(st.sampled_from("abcdefxyz")),
    st.permutations("abcdef"), st.integers(1, 5), st.integers(2, 6), st.booleans(), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_the_first_of_several_is_the_one_answer(
    texts, right, likely, budget, wanted, found, weighs, decides
):
    prompt = Prompt("a", "fn f(x: f32) -> f32", adaptations=LIBRARY if found else (),
                    last_resorts=() if found else LIBRARY)  # fmt: skip

    def votes(prompt, sandbox, valid):
        known = 99.0 if decides else 3.0
        return {
            v.text: (known if v.origin else v.times * (1.0 + likely.index(v.text)), 0.0)
            for v in valid
        }

    def asked(wanted: int) -> list[Outcome]:
        script = Scripted(*texts, right=tuple(right), likely="".join(likely))
        search = Search(SAMPLING, budget, wanted=wanted, weighed=2 if weighs else 0)
        return next(generate_all_valid(script, [prompt], None, script, search))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tat.decode.candidates.weigh", votes)
        patch.setattr(
            "tat.decode.candidates.named", lambda prompt, valid: [*valid] if decides else []
        )
        [alone], several = asked(1), asked(wanted)
    assert len({outcome.generation.text for outcome in several}) == len(several)
    if not alone.problem:
        assert several[0].generation.text == alone.generation.text
