"""Shaders against the table of kernels: names, parameters, bindings; and what passes they serve."""

import re

import pytest
from cases import CASES
from gpu_harness import device
from test_gpu_kernels import EDGES

from tat.backends.gpu.lowering import DERIVED, HALF_PASSES, PASSES
from tat.backends.gpu.shader_library import (
    ShaderLibrary,
    bindings,
    params_fields,
    shader_names,
    source,
)
from tat.ops.kernels import KERNELS
from tat.resources import resource

ON_GPU = [name for name, row in KERNELS.items() if not row.cpu_only]
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


@every_shader
def test_params_are_the_attributes_of_the_row_and_what_follows_from_them(name: str):
    kernel = kernel_of(name)
    derived = [(field, kind) for field, (kind, _) in DERIVED.get(kernel, {}).items()]
    assert params_fields(name) == [*KERNELS[kernel].attributes, *derived]


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
    whole = {
        "ids", "targets", "lengths", "start", "position", "counter", "index", "counts", "token",
        "written", "key",
    }  # fmt: skip
    for binding in bindings(name):
        if binding.name in row.outputs + row.inputs:
            alias = f"array<{binding.name[0].upper()}{binding.name[1:]}>"
            kinds = ("array<u32>",) if binding.name in whole else ("array<f32>", "array<vec4f>")
            assert binding.type in kinds or (binding.adapts and binding.type == alias)


@every_shader
def test_a_head_line_tells_the_grid(name: str):
    head = source_of(name).split("\n\n")[0]
    assert "Grid: " in head
    assert all(line.startswith("// ") for line in head.splitlines())
    assert max(map(len, source_of(name).splitlines())) <= 100


def source_of(name: str) -> str:
    return resource("shaders", f"{name}.wgsl").read_text("utf-8")


def test_every_shared_part_is_imported_and_once():
    for path in resource("shaders", "shared").iterdir():
        text = path.read_text("utf-8")
        users = [name for name in shader_names() if text in source(name)]
        assert users, path.name
        assert all(source(name).count(text) == 1 for name in users)


@every_shader
def test_only_whole_numbers_are_summed_by_atomics(name: str):
    """Their sums are the same in any order; those of floats would need compare and exchange."""
    assert set(re.findall(r"atomic<(\w+)>", source(name))) <= {"u32"}
    assert "atomicCompareExchange" not in source(name)


@pytest.mark.gpu
@every_shader
def test_shaders_compile_within_the_guaranteed_limits(name: str):
    limits = device().handle.limits
    assert limits["max-compute-workgroup-storage-size"] == 16384
    assert limits["max-compute-invocations-per-workgroup"] == 256
    assert limits["max-storage-buffers-per-shader-stage"] == 8
    assert ShaderLibrary(device()).program(name).pipeline
