"""The runner of the cookbook's tests on kernels: buffers, textures and images."""

import math

import numpy as np
import pytest
from cookbook_entries import (
    entry,
    outcome,
)

from tat.cookbook import runner
from tat.cookbook.references import (
    Image,
    Kernel,
    Read,
    Run,
    Sampler,
    Storage,
    Texture,
    Uniform,
    kernel,
)
from tat.wgsl.sandbox import Sandbox

pytestmark = pytest.mark.gpu

SCALE = """
struct Settings { factor: f32, count: u32 }
@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> numbers: array<f32>;
@group(1) @binding(2) var<storage, read_write> scaled: array<f32>;
@group(1) @binding(3) var<storage, read_write> indices: array<u32>;
@compute @workgroup_size(32)
fn f(@builtin(global_invocation_id) id: vec3u) {
    if id.x < settings.count {
        scaled[id.x] = settings.factor * numbers[id.x];
        indices[id.x] = 0xfffffff0u + id.x;
    }
}
"""
SETTINGS = np.dtype([("factor", np.float32), ("count", np.uint32)])


def scale_runs(offset=0.0, index_offset=0, group=1):
    @kernel(relative=1e-6)
    def runs(rng):
        for count in (1, 8):
            numbers = rng.uniform(-1, 1, 40).astype(np.float32)
            expected = np.where(np.arange(40) < count, 3 * numbers.astype(float) + offset, 0)
            indices = np.where(np.arange(40) < count, 0xFFFFFFF0 + np.arange(40) + index_offset, 0)
            bindings = [
                Uniform(0, np.array([(3, count)], SETTINGS)),
                Read(1, numbers),
                Storage(2, np.zeros(40), group=1),
                Storage(3, np.zeros(40, np.uint32), group=1),
            ]
            yield Run(bindings, (2, 1, 1), {(group, 2): expected, (group, 3): indices})

    return runs


def test_a_kernel_is_run_and_all_its_outputs_compared(sandbox: Sandbox):
    result = runner.test_entry(entry(SCALE), sandbox, scale_runs())
    assert result.failure is None and result.checks == 2 * 2 * 40


def test_wrong_outputs_of_a_kernel_are_caught_with_their_place(sandbox: Sandbox):
    failure = runner.test_entry(entry(SCALE), sandbox, scale_runs(offset=0.01)).failure
    assert failure is not None and failure.input == "run 1, @group(1) @binding(2) [0]"
    assert float(failure.expected) - float(failure.got) == pytest.approx(0.01, rel=1e-3)
    failure = runner.test_entry(entry(SCALE), sandbox, scale_runs(index_offset=1)).failure
    assert failure is not None and "@binding(3)" in failure.input
    assert (failure.got, failure.expected) == ("4294967280", "4294967281")
    late = SCALE.replace("settings.count", "min(settings.count, 7u)")
    failure = runner.test_entry(entry(late), sandbox, scale_runs()).failure
    assert failure is not None and failure.input == "run 2, @group(1) @binding(2) [7]"


def test_an_expectation_without_an_output_is_a_failure(sandbox: Sandbox):
    assert "no Storage or Image" in outcome(SCALE, scale_runs(group=0), sandbox)
    empty = kernel()(lambda rng: iter(()))
    assert "expects nothing" in outcome(SCALE, empty, sandbox)
    broken = kernel()(lambda rng: iter([1 / 0]))
    assert "ZeroDivisionError" in outcome(SCALE, broken, sandbox)


def test_structured_buffers_are_compared_by_field(sandbox: Sandbox):
    code = """struct Particle { position: vec3f, id: i32 }
    @group(0) @binding(0) var<storage, read_write> particles: array<Particle>;
    @compute @workgroup_size(1) fn f(@builtin(workgroup_id) id: vec3u) {
        particles[id.x].position *= 2.0;
        particles[id.x].id -= 1;
    }"""
    particle = np.dtype([("position", np.float32, 3), ("id", np.int32)])

    def reference(change: int) -> Kernel:
        before = np.array([((1, 2, 3), 0), ((4, 5, 6), 7)], particle)
        after = np.array([((2, 4, 6), -1), ((8, 10, 12), 6 + change)], particle)
        return kernel()(lambda rng: iter([Run([Storage(0, before)], (2, 1, 1), {(0, 0): after})]))

    assert outcome(code, reference(0), sandbox) == ""
    assert "id[1]: got 6, expected 7" in outcome(code, reference(1), sandbox)


def test_nan_stands_for_any_value(sandbox: Sandbox):
    code = """@group(0) @binding(0) var<storage, read_write> out: array<f32>;
    @compute @workgroup_size(1) fn f() { out[0] = 1.0; out[1] = 2.0; }"""

    def reference(expected: list[float]) -> Kernel:
        run = Run([Storage(0, np.zeros(2))], (1, 1, 1), {(0, 0): np.array(expected)})
        return kernel()(lambda rng: iter([run]))

    assert outcome(code, reference([math.nan, 2]), sandbox) == ""
    assert "[1]: got 2, expected 1" in outcome(code, reference([math.nan, 1]), sandbox)


@pytest.mark.parametrize(
    ("form", "relative"),
    [("rgba32float", 1e-6), ("rgba16float", 1e-3), ("rgba8unorm", 1e-2), ("r32float", 1e-6)],
)
def test_textures_are_read_and_images_written(form, relative, sandbox: Sandbox):
    code = f"""@group(0) @binding(0) var image: texture_2d<f32>;
    @group(0) @binding(1) var mirrored: texture_storage_2d<{form}, write>;
    @compute @workgroup_size(4, 4) fn f(@builtin(global_invocation_id) id: vec3u) {{
        let size = textureDimensions(image);
        let texel = textureLoad(image, vec2u(size.x - 1u - id.x, id.y), 0);
        textureStore(mirrored, id.xy, texel);
    }}"""

    @kernel(absolute=3e-3, relative=relative)
    def mirror(rng):
        data = rng.uniform(0.1, 1, (3, 5, 4))
        expected = data[:, ::-1, :1] if form == "r32float" else data[:, ::-1]
        yield Run([Texture(0, data), Image(1, form, 5, 3)], (2, 1, 1), {(0, 1): expected})

    assert outcome(code, mirror, sandbox) == ""
    assert "got" in outcome(code.replace("- 1u - id.x", "- 1u"), mirror, sandbox)


def test_a_harness_makes_a_kernel_of_a_function_of_textures(sandbox: Sandbox):
    code = """fn f(image: texture_2d<f32>, filtering: sampler, uv: vec2f) -> f32 {
        return textureSampleLevel(image, filtering, uv, 0.0).x;
    }"""
    harness = """
    @group(0) @binding(0) var image: texture_2d<f32>;
    @group(0) @binding(1) var filtering: sampler;
    @group(0) @binding(2) var<storage, read_write> result: array<f32>;
    @compute @workgroup_size(1) fn main() { result[0] = f(image, filtering, vec2f(0.5, 0.25)); }"""

    @kernel(absolute=1e-2)
    def sampled(rng):
        bindings = [Texture(0, np.array([[1.0, 3.0], [9.0, 9.0]])), Sampler(1)]
        bindings.append(Storage(2, np.zeros(1)))
        yield Run(bindings, (1, 1, 1), {(0, 2): np.array([2.0])}, harness)

    assert outcome(code, sampled, sandbox) == ""
