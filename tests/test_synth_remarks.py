"""Remarks around descriptions of generated functions."""

import re

import pytest

from tat.config import resolve
from tat.synth.draft import Draft
from tat.synth.draws import Draws
from tat.synth.family import Family
from tat.synth.remarks import Told, facts_of, with_remarks
from tat.synth.tables import all_families
from tat.wgsl.comments import without_comments

TEXT = "Schlick's approximation of the Fresnel term."
TOLD = Told(
    "fresnelSchlick", "lighting", "", [("cosTheta", "f32"), ("f0", "vec3f")], "vec3f",
    [("cosTheta", "0"), ("n", "")],
)  # fmt: skip


def remarks(told: Told = TOLD, count: int = 4000) -> list[str]:
    return [with_remarks(TEXT, told, Draws(5, number)) for number in range(count)]


def family(name: str) -> Family:
    return next(f for f in all_families() if f.id == name)


def test_most_comments_are_the_description_alone_and_most_others_hold_it():
    texts = remarks()
    assert 0.5 < texts.count(TEXT) / len(texts) < 0.66
    assert 0.8 < sum(TEXT.rstrip(".") in text for text in texts) / len(texts) < 0.92


def test_a_comment_without_the_description_has_its_name_or_too_few_words_to_ask_with():
    least = resolve().config.data.description_words
    for text in remarks():
        if TEXT.rstrip(".") not in text:
            assert "fresnel schlick" in text.lower() or len(text.split()) < least, text


@pytest.mark.parametrize("told", [TOLD._replace(area=""), TOLD._replace(attributes="@fragment")])
def test_a_composition_keeps_its_description_and_a_stage_has_no_parameters_told(told):
    for text in remarks(told):
        assert told.area or TEXT.rstrip(".") in text
        assert not told.attributes or not re.search(r"param|[Rr]eturn", text)


def test_facts_are_those_of_the_domain():
    assert facts_of(("x in [0, 1], unit n", "y in [-1, 1]", "z in [0.1, 1]")) == (
        ("x", "0"), ("y", "-1"), ("n", ""))  # fmt: skip
    told = [text for text in remarks() if re.search(r"normalized|unit (vector|length)", text)]
    assert told and all(re.search(r"\bn\b", text) for text in told)


def test_parameters_are_told_by_the_names_of_the_signature():
    met = 0
    for number in range(1500):
        w = Draft(family("sdf/sdBox"), Draws(8, number)).write(commented=1)
        names = re.findall(r"(?<=@param )\w+", w.comment)
        for name in names:
            assert re.search(rf"\b{name} ?:", w.signature), (w.signature, w.comment)
        met += len(names)
    assert met > 20


def test_no_remark_ends_a_comment_or_leaves_a_mark():
    for text in remarks():
        assert "*/" not in text and not re.search(r"\{(x|low|words|kind|a|area|name|title)\}", text)
        lines = "".join(f"// {line}\n" for line in text.split("\n"))
        assert without_comments(lines + "fn f() {}").strip() == "fn f() {}"
