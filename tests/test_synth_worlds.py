"""Families that need a module around them are run in a world, beside their alternatives."""

import pytest
from synth_tables import verdicts

from tat.wgsl.sandbox import Sandbox

WORLDS = {  # a family with a body, the same said otherwise, and another
    "uniforms": (
        "fn f(x: f32) -> f32\n"
        "  : struct P { k: f32 }\n"
        "  : uniform p: P;\n"
        "  = x * p.k\n",
        "  = p.k * x\n",
        "  = x + p.k\n",
    ),
    "buffers": (
        "fn f(n: u32) -> f32\n"
        "  : storage data: array<f32>;\n"
        "  = data[n] + data[0]\n",
        "  = data[0] + data[n]\n",
        "  = data[n] - data[0]\n",
    ),
    "textures": (
        "fn f(uv: vec2f) -> vec4f\n"
        "  : handle t: texture_2d<f32>;\n"
        "  : handle s: sampler;\n"
        "  = textureSample(t, s, uv)\n",
        "  = textureSampleLevel(t, s, uv, 0.0)\n",
        "  = textureSample(t, s, uv.yx)\n",
    ),
    "structs": (
        "fn f(p: P) -> P\n"
        "  : struct P { a: f32, b: vec2f }\n"
        "  = P(p.a * 2.0, p.b)\n",
        "  = P(p.a + p.a, p.b)\n",
        "  = P(p.a, p.b)\n",
    ),
    "pointers": (
        "fn f(s: ptr<function, u32>) -> f32\n"
        "  {\n"
        "    *s = *s + 1u;\n"
        "    return 0.5;\n"
        "  }\n",
        "  {\n"
        "    *s += 1u;\n"
        "    return 0.5;\n"
        "  }\n",
        "  = 0.5\n",
    ),
    "kernels": (
        "@compute @workgroup_size(64) fn f(@builtin(global_invocation_id) gid: vec3u)\n"
        "  : storage a: array<f32>;\n"
        "  : storage_rw b: array<f32>;\n"
        "  {\n"
        "    b[gid.x] = 2.0 * a[gid.x];\n"
        "  }\n",
        "  {\n"
        "    let v = a[gid.x];\n"
        "    b[gid.x] = v + v;\n"
        "  }\n",
        "  {\n"
        "    b[gid.x] = 2.0 * a[0];\n"
        "  }\n",
    ),
    "atomics": (
        "@compute @workgroup_size(64) fn f(@builtin(global_invocation_id) gid: vec3u)\n"
        "  : storage_rw n: array<atomic<u32>, 4>;\n"
        "  {\n"
        "    atomicAdd(&n[gid.x % 4u], 1u);\n"
        "  }\n",
        "  {\n"
        "    atomicAdd(&n[gid.x & 3u], 1u);\n"
        "  }\n",
        "  {\n"
        "    atomicAdd(&n[gid.x % 4u], 2u);\n"
        "  }\n",
    ),
    "stages": (
        "@fragment fn f(@location(0) uv: vec2f) -> @location(0) vec4f\n"
        "  {\n"
        "    if (uv.x > 0.5) {\n"
        "        discard;\n"
        "    }\n"
        "    return vec4f(1.0);\n"
        "  }\n",
        "  {\n"
        "    if (!(uv.x <= 0.5)) {\n"
        "        discard;\n"
        "    }\n"
        "    return vec4f(1.0);\n"
        "  }\n",
        "  = vec4f(1.0)\n",
    ),
    "groups": (
        "@compute @workgroup_size(64) fn f(@builtin(local_invocation_index) i: u32,"
        " @builtin(global_invocation_id) g: vec3u)\n"
        "  : storage a: array<f32>;\n"
        "  : storage_rw b: array<f32>;\n"
        "  : var<workgroup> tile: array<f32, 64>;\n"
        "  {\n"
        "    tile[i] = a[g.x];\n"
        "    workgroupBarrier();\n"
        "    b[g.x] = tile[63u - i];\n"
        "  }\n",
        "  {\n"
        "    tile[63u - i] = a[g.x];\n"
        "    workgroupBarrier();\n"
        "    b[g.x] = tile[i];\n"
        "  }\n",
        "  {\n"
        "    tile[i] = a[g.x];\n"
        "    workgroupBarrier();\n"
        "    b[g.x] = tile[i ^ 1u];\n"
        "  }\n",
    ),
    "privates": (
        "fn f() -> u32\n"
        "  : var<private> state: u32;\n"
        "  {\n"
        "    state += 3u;\n"
        "    return state;\n"
        "  }\n",
        "  {\n"
        "    state = 3u + state;\n"
        "    return state;\n"
        "  }\n",
        "  = state + 3u\n",
    ),
    "derivatives": (
        "fn f(x: f32) -> f32\n"
        "  = 1.0 / fwidth(x)\n",
        "  = 1.0 / fwidth(x)\n",
        "  = fwidth(x)\n",
    ),
    "both derivatives": (
        "fn f(p: vec3f) -> vec3f\n"
        "  = normalize(cross(dpdx(p), dpdy(p)))\n",
        "  = -normalize(cross(dpdy(p), dpdx(p)))\n",
        "  = normalize(cross(dpdy(p), dpdx(p)))\n",
    ),
}  # fmt: skip


@pytest.mark.gpu
@pytest.mark.parametrize("kind", WORLDS)
def test_a_family_that_needs_a_module_runs_in_a_world(sandbox: Sandbox, kind: str):
    first, same, other = WORLDS[kind]
    (agrees,) = verdicts(sandbox, first + same)
    (differs,) = verdicts(sandbox, first + other)
    assert not agrees.problem
    assert "body 2 differs from the first" in differs.problem


@pytest.mark.gpu
def test_a_world_obeys_its_domain(sandbox: Sandbox):
    table = "fn f(n: u32) -> bool\n  ~ n in 0..12\n{0}  : storage a: array<u32>;\n"
    table += "  = a[n] < a[n + 1u]\n  = true\n"
    assert verdicts(sandbox, table.format(""))[0].problem
    assert not verdicts(sandbox, table.format("  ~ ascending a\n"))[0].problem


@pytest.mark.gpu
@pytest.mark.parametrize("around", ["", "  : var<private> seen: f32;\n"])
def test_a_check_without_a_finite_row_fails(sandbox: Sandbox, around: str):
    table = f"fn f(x: f32) -> f32\n{around}  = sqrt(-x)\n  = sqrt(-1.0 * x)\n"
    (verdict,) = verdicts(sandbox, table)
    assert verdict.problem.startswith("only 0 of")
