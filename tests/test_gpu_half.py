"""Precision f16 on the GPU: storage, rounding, kernels and the whole model beside float64."""

import struct
from functools import cache

import numpy as np
import pytest
from cases import Case
from gpu_harness import device, kernel_functions
from harness import compile_graph, random_batch
from numpy import ndarray as Array
from test_gpu_kernels import HALF_PRODUCTS, ON_GPU, REFERENCE
from test_gpu_model import VOCABULARY as OF_TRAINING
from test_gpu_model import tiny, train

from tat import weights
from tat.backends.backend import Backend
from tat.backends.cpu.executable import CpuBackend
from tat.backends.gpu.executable import GpuBackend
from tat.backends.gpu.half.conversion import from_half, to_half
from tat.backends.gpu.half.storage import half_tensors
from tat.backends.gpu.lowering.calls import lower
from tat.backends.gpu.lowering.table import HALF_PASSES, PASSES
from tat.backends.gpu.shader_text import bindings
from tat.backends.opening import open_backend
from tat.config import resolve
from tat.config_tables import model_variants
from tat.errors import DeviceError
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, logits_program, loss_program
from tat.model.transformer import Transformer
from tat.ops.fusion import fused
from tat.ops.graph import Tensor

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif("not __import__('gpu_harness').device().half", reason="no shader-f16"),
]


@cache
def backend() -> GpuBackend:
    return GpuBackend(device(), precision="f16")


EVERY_HALF = np.arange(65536, dtype=np.uint16).view(np.float16)


def test_every_half_survives_the_way_to_float_and_back():
    wide = from_half(EVERY_HALF)
    assert wide.dtype == np.float32
    for bits, value in enumerate(wide.tolist()):
        (expected,) = struct.unpack("<e", struct.pack("<H", bits))
        assert value == expected or (value != value and expected != expected), hex(bits)
    back = to_half(wide)
    numbers = ~np.isnan(wide)
    assert (back.view(np.uint16) == EVERY_HALF.view(np.uint16))[numbers].all()
    assert np.isnan(back[~numbers]).all()


def between_halves() -> Array:
    """Ties of neighbouring halves, and the float32 just beside each."""
    finite = np.sort(from_half(EVERY_HALF[np.isfinite(EVERY_HALF)]))
    ties = (finite[1:].astype(np.float64) + finite[:-1]) / 2
    ties = np.append(ties, [65520.0, -65520.0]).astype(np.float32)  # ties with infinity
    return np.concatenate([ties, np.nextafter(ties, np.inf), np.nextafter(ties, -np.inf)])


def test_rounding_is_to_the_nearest_with_ties_to_even():
    for value, half in zip(between_halves()[::97].tolist(), to_half(between_halves()[::97])):
        try:
            expected = struct.unpack("<H", struct.pack("<e", value))[0]
        except OverflowError:
            expected = 0x7C00 if value > 0 else 0xFC00
        assert half.view(np.uint16) == expected, value


def test_the_device_rounds_as_the_host():
    values = between_halves()
    values = values[np.abs(values) <= 65504]  # beyond it WGSL leaves open what comes
    values = values[: len(values) // 4 * 4]
    stored = np.empty_like(values)
    case = kernel_functions(backend())["fold"]
    case(stored, values, size=values.size, accumulate=0)
    normal = np.abs(values) >= 2.0**-14  # a device may flush smaller ones to 0
    np.testing.assert_array_equal(stored[normal], from_half(to_half(values[normal])))
    np.testing.assert_allclose(stored[~normal], values[~normal], rtol=0, atol=2.0**-14)


BOUND = 2e-3  # of the largest entry: 1.8e-3 in sums of 64 products
BOUNDS = {
    "sharp": 3e-2,  # 1.5e-2, at scores near 100, which exp() multiplies
    "heads of 64": 5e-3,  # 3.0e-3, the largest of half a million differences of products
    "slopes": 5e-3,  # 2.8e-3, where sums are four times as large as they
    "many of two sources": 4e-3,  # 2.2e-3, in differences of products
    "causal, more keys": 4e-3,  # 2.1e-3, in differences of products
    "causal, few keys": 4e-3,  # 2.2e-3, in sums of 150
}


def takes_half(case: Case) -> bool:
    """Whether a case runs another shader than in float32, or one that can hold a tensor in f16."""
    plain, half = (
        [step.shader for step in passes[case.kernel](case.kernel, case.attributes)]
        for passes in (PASSES, PASSES | HALF_PASSES)
    )
    return plain != half or any(b.adapts for shader in half for b in bindings(shader))


@pytest.mark.parametrize("case", [case for case in ON_GPU if takes_half(case)], ids=str)
def test_outputs_are_close_to_float64(case: Case):
    expected = case.run(REFERENCE, np.float64)
    got = case.run(kernel_functions(backend()), np.float32)
    for name, values in got.items():
        largest = np.abs(expected[name]).max(initial=1.0, where=np.isfinite(expected[name]))
        bound = BOUNDS.get(case.label, BOUND) * largest
        np.testing.assert_allclose(values, expected[name], rtol=0, atol=bound, err_msg=name)


@pytest.mark.parametrize("case", HALF_PRODUCTS, ids=str)
def test_products_are_made_in_f16_with_little_error_and_the_same_again(case: Case):
    first, second = (case.run(kernel_functions(backend()), np.float32) for _ in range(2))
    (name, *_), exact = first, case.run(REFERENCE, np.float64)
    np.testing.assert_array_equal(first[name], second[name])
    error = np.linalg.norm(first[name] - exact[name]) / np.linalg.norm(exact[name])
    assert 1e-4 < error < 1e-3


SHAPE, VOCABULARY, VARIANTS = BatchShape(4, 32, 32), 256, model_variants()
BATCH = random_batch(SHAPE, VOCABULARY, [[32], [9], [1], [0]], [32, 20, 1, 0])


@cache
def model(copy: bool = True, variant: int = 0) -> Transformer:
    flags = {"preset": "tiny", "model.dropout": 0.1, "model.copy": copy, **VARIANTS[variant]}
    return Transformer(resolve(flags=flags, environment={}).config.model, VOCABULARY)


def gradients(subject: Backend, scale: float, variant: int = 0) -> tuple[float, dict[str, Array]]:
    """Loss and gradient of a micro-batch, the factor of the loss taken off again."""
    made = model(variant=variant)
    weights.install(subject, made, weights.draw(made.parameters, seed=1))
    loss = CrossEntropyLoss(0.1, chunk_bytes=64 * 4 * VOCABULARY)
    graph = loss_program(made, SHAPE, loss, training=True, scaled=True)
    executable = compile_graph(graph, subject, {**BATCH, "loss_scale": np.array([scale])})
    executable.run()
    flat = subject.read(executable.plan.persistent["gradients"]).astype(np.float64) / scale
    return float(executable.read("loss")[0]), weights.unpack(made.parameters, flat)


@pytest.mark.parametrize("variant", range(len(VARIANTS)))
def test_the_gradient_is_that_of_float64(variant: int):
    expected_loss, expected = gradients(CpuBackend(dtype=np.float64), 1.0, variant)
    subject = GpuBackend(device(), precision="f16") if variant else backend()
    loss, got = gradients(subject, 256.0, variant)
    assert loss == pytest.approx(expected_loss, rel=1e-3)
    for name, gradient in expected.items():
        if name.endswith(("key_value.bias", "copy.key.bias")):  # (half of) it is 0 but for rounding
            continue
        error = np.linalg.norm(got[name] - gradient) / np.linalg.norm(gradient)
        assert error < 2e-2, (name, error)


def test_a_factor_that_overflows_makes_the_gradient_infinite_and_not_the_loss():
    loss, got = gradients(backend(), 2.0**40)
    assert np.isfinite(loss)
    assert not all(np.isfinite(gradient).all() for gradient in got.values())


def logits(subject: Backend, seed: int = 1) -> Array:
    weights.install(subject, model(), weights.draw(model().parameters, seed))
    executable = compile_graph(logits_program(model(), SHAPE), subject, BATCH)
    executable.run()
    return executable.read("logits")


def test_logits_are_those_of_float64_and_follow_new_weights():
    for seed in (1, 2):
        expected = logits(CpuBackend(dtype=np.float64), seed)
        got = logits(backend(), seed)
        assert 0 < np.abs(got - expected).max() < 2e-2 * np.abs(expected).max()


def test_tensors_that_need_float32_keep_it():
    loss = CrossEntropyLoss(0.1, chunk_bytes=1 << 20)
    graph = loss_program(model(copy=False), SHAPE, loss, training=True, scaled=True)
    calls = fused(graph.calls)
    dispatches = [d for call in calls for d in lower(call, device().limits, half=True)]
    halves = half_tensors(dispatches)

    def of(kernel: str, output: int = 0) -> set[Tensor]:
        found = {call.outputs[output].root for call in calls if call.kernel == kernel}
        assert found, kernel
        return found

    wide = [of("linear_dropout_add"), of("layer_norm", 1), of("layer_norm", 2), of("attention", 1),
            of("output_projection"), of("cross_entropy", 1),
            of("layer_norm_backward"),
            of("layer_norm_backward_add_layer_norm_backward_parameters")]  # fmt: skip
    assert not halves & set().union(*wide)
    stored = [of("linear_gelu_sloped"), of("linear_gelu_sloped", 1), of("attention"),
              of("linear_backward_input_gelu_backward_sloped"), of("attention_backward"),
              of("attention_backward", 1), of("layer_norm"),
              of("cross_entropy_backward_scale")]  # fmt: skip
    assert halves >= set().union(*stored)
    assert all(tensor.kind == "temporary" for tensor in halves)


def test_a_value_in_f16_is_read_and_written_as_a_float():
    executable = compile_graph(logits_program(model(), SHAPE), backend(), BATCH)
    (inside, *_) = (c.outputs[0] for c in executable.plan.calls if c.kernel == "linear_gelu")
    values = np.random.default_rng(0).standard_normal(inside.shape).astype(np.float32)
    executable.set_value(inside, values)
    np.testing.assert_array_equal(executable.value(inside), from_half(to_half(values)))


def test_f16_is_refused_where_it_is_not_computed():
    with pytest.raises(DeviceError, match=r"^precision f16: the CPU computes in f32; use"):
        open_backend("cpu", 1, 256, "f16")


def test_f16_is_refused_by_a_gpu_without_it(monkeypatch):
    monkeypatch.setattr("tat.backends.gpu.device.Device.half", False)
    with pytest.raises(DeviceError, match=r"^precision f16: gpu .* lacks shader-f16\); use"):
        GpuBackend(device(), precision="f16")


def trained(subject: Backend, ahead: bool = False, **more: object) -> tuple[list, Array]:
    config = tiny(**{"train.batch_tokens": 48, "train.epsilon": 1e-3, **more})
    steps, flat, _ = train(config, subject, ahead)
    return steps, flat


def test_training_steps_are_close_to_those_of_float64():
    expected, reference_weights = trained(CpuBackend(threads=1, dtype=np.float64))
    steps, got = trained(GpuBackend(device(), precision="f16"), **{"train.precision": "f16"})
    for step, exact in zip(steps, expected, strict=True):
        assert step.loss == pytest.approx(exact.loss, rel=2e-3)
        assert step.gradient_norm == pytest.approx(exact.gradient_norm, rel=1e-2)
        assert step.loss_scale.skipped == 0 and exact.loss_scale is None
    np.testing.assert_allclose(got, reference_weights, rtol=0, atol=0.1 * steps[-1].lr)


def test_steps_that_overflow_change_nothing_and_halve_the_factor():
    backend = GpuBackend(device(), precision="f16")
    settings = {"train.precision": "f16", "train.loss_scale": 2.0**60}
    for ahead in (False, True):
        steps, flat = trained(backend, ahead, **settings)
        assert [step.loss_scale.skipped for step in steps] == [1, 2, 3]
        assert [step.loss_scale.next for step in steps] == [2.0**60, 2.0**59, 2.0**59]
        assert [step.gradient_norm for step in steps] == [0, 0, 0]
        np.testing.assert_array_equal(flat, untrained(flat.size))


def untrained(size: int) -> Array:
    parameters = Transformer(tiny().model, OF_TRAINING).parameters
    flat = weights.pack(parameters, weights.draw(parameters, 0))
    assert flat.size == size
    return flat.astype(np.float32)
