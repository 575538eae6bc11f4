"""Copies of completions with other names: consistent, valid, and the same every time."""

from dataclasses import replace

import pytest

from tat.config import resolve
from tat.data.renaming import with_renamings
from tat.data.samples import Function, function_samples
from tat.wgsl.lexer import tokenize

CONTEXT = """\
struct Light { @builtin(position) position: vec4f, colour: vec3f, }
const reach = 4.0;
@group(0) @binding(0) var<uniform> lamp: Light;"""
SHADE = Function(
    comment="brightness at `position`, at most max_value, of the colour",
    signature="fn shade(position: vec3f, max_value: f32) -> vec3f",
    body="""{
    // position is not `max_value`
    let colour = lamp.colour * max(0.0, reach - length(position));
    var x = colour.x;
    for (var i = 0; i < 2; i++) { x = min(x, max_value); }
    return vec3f(x, colour.yz) + lamp.position.xyz;
}""",
    context=CONTEXT, group="a", origin="a.wgsl:1",
)  # fmt: skip
# Has many names to give: a name stays where eight draws find none that is free.
OTHER = Function("", "fn other(alpha: f32, beta_2: f32, gamma: f32, delta: f32) -> f32",
                 "{ let eta = alpha; const theta = 2.0; var iota = 1.0; let kappa = 3.0;"
                 " let mu = 4.0; let nu = 5.0; let xi = 6.0; let rho = 7.0; let sigma = 8.0;"
                 " let tau = 9.0; let upsilon = 1.5; let phi = 2.5; let chi = 3.5;"
                 " let psi = 4.5; return eta; }",
                 "", "b", "b.wgsl:1")  # fmt: skip
CONFIG = replace(resolve(environment={}).config.data, validation_share=0.0, infill_share=0.3)


def samples():
    return [s for f in (SHADE, OTHER) for s in function_samples(f, CONFIG, 0)]


def renamings(count=2):
    given = samples()
    renamed = list(with_renamings(given, count))
    return given, [s for s in renamed if s.origin == "a.wgsl:1" and s not in given]


def test_only_training_completions_get_renamed_copies_and_all_samples_stay():
    given, renamed = samples(), list(with_renamings(samples(), 3))
    completions = sum(s.kind == "completion" for s in given)
    assert [s for s in renamed if s in given] == given
    assert len(renamed) == len(given) + 3 * completions
    held_out = [replace(s, split="valid") for s in given]
    assert list(with_renamings(held_out, 3)) == held_out


def test_each_renamed_copy_is_another_text_and_the_same_on_every_machine():
    _, renamed = renamings(4)
    assert len({s.digest for s in renamed}) == 4
    assert renamed == renamings(4)[1]
    assert renamed[:2] == renamings(2)[1]


def test_declared_names_change_together_and_members_and_builtins_stay():
    _, (renamed, _) = renamings()
    parts = dict(renamed.source)
    for gone in ("max_value", "lamp", "reach", "Light"):
        assert gone not in parts["signature"] + parts["context"] + renamed.target
    assert ".colour *" in renamed.target and ".position.xyz" in renamed.target
    members = " ".join(parts["context"].split())
    assert "@builtin(position) position: vec4f, colour: vec3f" in members
    assert all(word in renamed.target for word in ("max(", "length(", "vec3f(", "min("))
    given = samples()[0]
    assert [t.kind for t in tokenize(renamed.code)] == [t.kind for t in tokenize(given.code)]


def test_comments_follow_where_names_are_spelled_as_code_and_words_stay():
    _, (renamed, _) = renamings()
    comment = dict(renamed.source)["comment"]
    assert comment.startswith("brightness at `") and comment.endswith(" of the colour")
    assert "`position`" not in comment and "max_value" not in comment
    assert "// position is not `" in renamed.target and "max_value" not in renamed.target


@pytest.mark.gpu
def test_a_valid_function_stays_valid(sandbox):
    _, renamed = renamings(6)
    for sample in renamed:
        module = f"{dict(sample.source)['context']}\n{sample.code}"
        assert sandbox.validate(module) is None, module


def test_with_no_names_to_take_samples_stay_as_they_are():
    bare = replace(SHADE, signature="@vertex", body="{ }", context="")
    [sample, *_] = function_samples(bare, replace(CONFIG, infill_share=0.0), 0)
    assert list(with_renamings([sample], 2)) == [sample]


SHADOWS = Function(
    comment="how far `at` is, by length",
    signature="fn far(at: vec3f, step: f32) -> f32",
    body="""{
    let length = length(at);
    var max = max(length, step);
    let read = min(max, tiles[0]);
    return smoothstep(0.0, read, length);
}""",
    context="@group(0) @binding(0) var<storage, read> tiles: array<f32>;",
    group="c", origin="a.wgsl:1",
)  # fmt: skip


def test_built_ins_keep_their_names_and_give_them_to_nothing(sandbox):
    given = [s for f in (SHADOWS, OTHER) for s in function_samples(f, CONFIG, 0)]
    renamed = [s for s in with_renamings(given, 20) if s not in given]
    assert len(renamed) > 20
    kept = ("length", "max", "read", "step", "smoothstep", "min", "array", "vec3f")
    for sample in (s for s in renamed if s.origin == SHADOWS.origin):
        parts = dict(sample.source)
        words = [t.text for text in (*parts.values(), sample.target) for t in tokenize(text)]
        before = [
            t.text
            for text in (SHADOWS.comment, SHADOWS.signature, SHADOWS.body, SHADOWS.context)
            for t in tokenize(text)
        ]
        for name in kept:
            assert words.count(name) == before.count(name), name
        assert "at" not in words
        module = f"{parts['context']}\n{parts['signature']} {sample.target}"
        assert sandbox.validate(module) is None
    for sample in (s for s in renamed if s.origin == OTHER.origin):
        words = {t.text for text in dict(sample.source).values() for t in tokenize(text)}
        assert not words & {"length", "max", "read", "step"}
