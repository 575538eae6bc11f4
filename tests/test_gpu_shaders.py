"""Shaders against the table of kernels: names, parameters, bindings, and passes."""

import re

import pytest
from cases import CASES
from gpu_harness import device
from test_gpu_kernels import EDGES
from workgroup_memory import WorkgroupMemory

from tat.backends.gpu import shader_text
from tat.backends.gpu.fused_shaders import FUSED_SHADERS
from tat.backends.gpu.lowering.params import fields
from tat.backends.gpu.lowering.table import HALF_PASSES, PASSES
from tat.backends.gpu.shader_text import (
    bindings,
    params_fields,
    part_files,
    shader_files,
    shader_names,
    source,
    specialised,
)
from tat.backends.gpu.shaders import ShaderLibrary
from tat.errors import DeviceError
from tat.ops.kernels import KERNELS

ON_GPU = sorted(PASSES)
every_shader = pytest.mark.parametrize("name", shader_names())


def kernel_of(name: str) -> str:
    return name.partition(".")[0]


def passes_of(kernel: str) -> set[str]:
    """Shaders that the cases of a kernel run, in float32 or with f16."""
    cases = [case for case in (*CASES, *EDGES) if case.kernel == kernel]
    ways = [passes[kernel] for passes in (PASSES, HALF_PASSES) if kernel in passes]
    return {p.shader for case in cases for way in ways for p in way(kernel, case.attributes)}


def test_shaders_are_of_the_kernels_of_the_table():
    assert {kernel_of(name) for name in shader_names()} == set(ON_GPU) == set(PASSES)


def test_every_shader_is_run_and_every_run_shader_is_there():
    assert set().union(*map(passes_of, ON_GPU)) == set(shader_names())


def test_a_shader_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(DeviceError, match=r"write shaders/FAMILY/gelu\.nosuch\.wgsl"):
        source("gelu.nosuch")
    parts = {name: path for name, path in shader_text.part_files().items() if name != "grid"}
    monkeypatch.setattr(shader_text, "part_files", lambda: parts)
    source.cache_clear()
    with pytest.raises(DeviceError, match=r"each_element\.wgsl imports grid, which is not there"):
        source("gelu")


@every_shader
def test_params_are_the_attributes_of_the_row_and_what_follows_from_them(name: str):
    kernel = kernel_of(name)
    assert params_fields(name) == fields(kernel)
    assert source(name).count("params: Params") == 1
    assert fields(kernel)[: len(KERNELS[kernel].attributes)] == [*KERNELS[kernel].attributes]


@every_shader
def test_bindings_are_numbered_as_the_row_with_scratch_behind(name: str):
    row = KERNELS[kernel_of(name)]
    expected = {0: ("params", "uniform")}
    for number, output in enumerate(row.outputs, 1):
        expected[number] = (output, "storage, read_write")
    for number, into in enumerate(row.inputs, 1 + len(row.outputs)):
        expected[number] = (into, "storage, read")
    declared = {b.number: (b.name, b.access) for b in bindings(name)}
    scratch = len(expected)
    assert declared.items() - {scratch: declared.get(scratch)}.items() <= expected.items()
    assert max(declared) <= scratch
    assert len(declared) == len(bindings(name)) <= 9  # Params and 8 storage buffers
    assert len(re.findall(r"@binding", source(name))) == len(declared)


@pytest.mark.parametrize("kernel", ON_GPU)
def test_the_passes_of_a_kernel_bind_all_its_arguments(kernel: str):
    bound = {b.name for name in passes_of(kernel) for b in bindings(name)}
    assert bound >= {*KERNELS[kernel].outputs, *KERNELS[kernel].inputs}


@every_shader
def test_elements_have_the_type_of_the_tensors(name: str):
    row = KERNELS[kernel_of(name)]
    for binding in bindings(name):
        if binding.name in row.outputs + row.inputs:
            alias = f"array<{binding.name[0].upper()}{binding.name[1:]}>"
            whole = row.arguments[binding.name].dtype == "int"
            kinds = ("array<u32>",) if whole else ("array<f32>", "array<vec4f>")
            assert binding.type in kinds or (binding.adapts and binding.type == alias)


@every_shader
def test_a_transposed_argument_is_one_that_has_transposed_copies(name: str):
    copied = {b.name for b in bindings(name) if b.adapts and b.access == "storage, read"}
    assert copied >= set(re.findall(r"^// transposed (.+)$", source(name), re.MULTILINE))


@pytest.mark.parametrize("name", [n for n in shader_names() if kernel_of(n) not in FUSED_SHADERS])
def test_a_head_line_tells_the_grid(name: str):
    head = source_of(name).split("\n\n")[0]
    assert "Grid: " in head
    assert all(line.startswith("// ") for line in head.splitlines())
    assert max(map(len, source_of(name).splitlines())) <= 100


def source_of(name: str) -> str:
    return shader_files()[name].path.read_text("utf-8")


def test_every_part_is_in_some_shader_and_in_none_twice():
    texts = [source(name) for name in shader_names()]
    for name in part_files():
        counts = [text.count(first_line(name)) for text in texts]
        assert max(counts) == 1, name


def test_a_fused_shader_has_another_part_for_each_that_it_leaves_out():
    for kernel, fused in FUSED_SHADERS.items():
        base, *_ = (part for part in KERNELS[kernel].parts if part == fused.base)
        for name in passes_of(kernel):
            own, plain = source(name), source(base + name.removeprefix(kernel))
            for gone, instead in fused.instead.items():
                assert first_line(gone) in plain and first_line(gone) not in own
                assert f"// import {gone}\n" in own and first_line(instead) not in plain


def first_line(name: str) -> str:
    """The first line of a part, which no other has."""
    return part_files()[name].read_text("utf-8").splitlines()[0]


@every_shader
def test_only_whole_numbers_are_summed_by_atomics(name: str):
    """Their sums are the same in any order; those of floats would need compare and exchange."""
    assert set(re.findall(r"atomic<(\w+)>", source(name))) <= {"u32"}
    assert "atomicCompareExchange" not in source(name)


@every_shader
def test_workgroup_memory_is_within_the_guaranteed_limit(name: str):
    """Software adapters take more than they were asked for, and say nothing."""
    assert WorkgroupMemory(specialised(name)).bytes() <= 16384


def test_workgroup_memory_is_found():
    for name, size in (("attention_backward.head64", 16384), ("linear.half", 16 * (16 + 32) * 16)):
        assert WorkgroupMemory(specialised(name)).bytes() == size
    text = """
        const N = 2u * (M + 1u);
        const M: u32 = 9u / 2u;
        struct P {
            a: vec4f, // x: y
            b: f32,
        }
        alias Q = array<P, N>;
        var<workgroup> q: array<Q, 3u>;
        var<private> r: f32;
    """
    assert WorkgroupMemory(text).bytes() == 3 * 10 * 20


@pytest.mark.gpu
@every_shader
def test_shaders_compile_within_the_guaranteed_limits(name: str):
    limits = device().handle.limits
    assert limits["max-compute-workgroup-storage-size"] == 16384
    assert limits["max-compute-invocations-per-workgroup"] == 256
    assert limits["max-storage-buffers-per-shader-stage"] == 8
    assert ShaderLibrary(device()).program(name).pipeline
