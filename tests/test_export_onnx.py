"""ONNX: each kernel's nodes against the reference, and whole models against tat, by onnxruntime."""

import numpy as np
import pytest
from cases import CASES
from cli_harness import tat
from decoding import PROMPTS, ByDefinition
from exporting import LENGTH, MODERN, new_pair

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.backends.reference.functions import functions
from tat.cookbook.library import load
from tat.data.tokenizer import Special
from tat.decode.generator import Generator
from tat.decode.loading import LoadedModel
from tat.decode.prompt import Prompt
from tat.export.leaving import LeavingModel
from tat.ops.kernels import KERNELS
from tat.resources import BUNDLED
from tat.train.named_checkpoint import load_checkpoint

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from tat.export.onnx.kernels import TABLE, UPDATES  # noqa: E402
from tat.export.onnx.model import onnx_files  # noqa: E402
from tat.export.onnx.nodes import Nodes  # noqa: E402

BOUND = 1e-4  # of the largest value
INFERENCE = [case for case in CASES if case.kernel in TABLE]
TYPES = {"f": "float", "i": "int"}


def session(content: bytes) -> "onnxruntime.InferenceSession":
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Products with int8 weights in float32; by default onnxruntime rounds their activations, too.
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    return onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])


@pytest.mark.parametrize("case", INFERENCE, ids=str)
def test_the_nodes_of_a_kernel_compute_what_the_reference_does(case):
    row, arrays = KERNELS[case.kernel], case.arguments(np.float32)
    names = [*row.inputs]
    if case.kernel in UPDATES:
        names.insert(0, row.outputs[0])
    feeds = {name: np.array(arrays[name]) for name in names}
    nodes = Nodes()
    made = TABLE[case.kernel](nodes, *names, **case.attributes)
    outputs = {}
    for name, value in zip(row.outputs, made, strict=False):
        nodes.rename(value, f"{name}.made")
        outputs[f"{name}.made"] = arrays[name].shape
    inputs = {name: (a.shape, TYPES[a.dtype.kind]) for name, a in feeds.items()}
    found = session(nodes.model(case.kernel, inputs, outputs, {})).run(None, feeds)
    expected = case.run(functions(), np.float64)
    for name, got in zip(row.outputs, found, strict=False):
        largest = np.abs(expected[name]).max(initial=1.0)
        np.testing.assert_allclose(got, expected[name], rtol=0, atol=BOUND * largest, err_msg=name)


class Written:
    """Texts by both graphs alone."""

    def __init__(self, files) -> None:
        self._encoder, self._step = session(files.encoder), session(files.decoder)

    def logits(self, source: list[int], tokens: list[int]):
        """Logits behind BOS and each of the tokens, as the step gives them."""
        about = {i.name: i for i in (*self._encoder.get_inputs(), *self._step.get_inputs())}
        ids = np.zeros(about["sources"].shape, np.int32)
        ids[0, 0, : len(source)] = source
        feeds = {"sources": ids, "source_lengths": np.array([[len(source)]], np.int32),
                 "source_start": np.zeros(1, np.int32)}  # fmt: skip
        state = self._run(self._encoder, feeds)
        for name, value in about.items():
            if name.startswith("cache.own"):
                state[name] = np.zeros(value.shape, np.float32)
        position = 0
        while position <= len(tokens):
            token = tokens[position - 1] if position else int(Special.BOS)
            feeds |= {"token": np.array([[token]], np.int32),
                      "position": np.array([position], np.int32),
                      "lengths": np.array([[position + 1]], np.int32)}  # fmt: skip
            made = self._run(self._step, feeds | state)
            yield made.pop("logits")[0]
            state |= {name.removesuffix(".next"): value for name, value in made.items()}
            position += 1

    def greedy(self, source: list[int], length: int = LENGTH) -> list[int]:
        tokens: list[int] = []
        for logits in self.logits(source, tokens):  # which reads tokens as they grow
            logits[[Special.PAD, Special.BOS]] = -np.inf
            tokens.append(int(logits.argmax()))
            if tokens[-1] == Special.EOS or len(tokens) == length:
                return tokens
        raise AssertionError("the step ended")

    @staticmethod
    def _run(graph, feeds) -> dict[str, np.ndarray]:
        wanted = {value.name for value in graph.get_inputs()}
        values = graph.run(None, {n: v for n, v in feeds.items() if n in wanted})
        return dict(zip([value.name for value in graph.get_outputs()], values, strict=True))


@pytest.mark.parametrize("kind", ["f32", "int8"])
@pytest.mark.parametrize(
    "more", [{"model__copy": True}, {"model__copy": False}, MODERN], ids=["copy", "plain", "modern"]
)
def test_a_model_writes_what_tat_writes(kind, more):
    generator, leaving = new_pair(kind, model__layers=2, **more)
    written = Written(onnx_files(leaving, LENGTH, int8=kind == "int8"))
    for prompt in PROMPTS.values():
        source = generator.source(prompt)
        tokens = [*generator.tokens(source)]
        assert written.greedy(source) == tokens
        ours = ByDefinition(generator, [source])
        before = [int(Special.BOS), *tokens[:-1]]
        for position, got in enumerate(written.logits(source, tokens[:-1])):
            expected = ours.logits(before[position], position)
            finite = np.isfinite(expected)
            largest = np.abs(expected[finite]).max()
            np.testing.assert_allclose(got[finite], expected[finite], rtol=0, atol=1e-4 * largest)


@pytest.mark.slow
def test_the_bundled_model_writes_the_cookbook_as_tat_does():
    """First tokens of all requests. Texts may differ only where two tokens score the same.

    The bundled model holds int8 weights, so it is exported with them alone.
    """
    leaving = LeavingModel.of(*load_checkpoint(BUNDLED))
    backend = CpuBackend(threads=1)
    weights.install(backend, leaving.model, leaving.values)
    loaded = LoadedModel(leaving.model, backend, leaving.tokenizer, leaving.config, leaving.step)
    generator = Generator(loaded, 48)
    written = Written(onnx_files(leaving, 48, int8=True))
    for entry in load():
        source = generator.source(Prompt(entry.request))
        ours, theirs = [*generator.tokens(source)], written.greedy(source, 48)
        pairs = enumerate(zip(ours, theirs, strict=False))
        at = next((i for i, (own, other) in pairs if own != other), None)
        if at is None:
            assert len(ours) == len(theirs)
            continue
        *_, logits = written.logits(source, ours[:at])
        largest = np.abs(logits[np.isfinite(logits)]).max()
        assert logits[theirs[at]] - logits[ours[at]] <= BOUND * largest, entry.request


def test_the_command_writes_both_graphs_and_the_tokenizer(bench, tmp_path):
    place = tmp_path / "model.onnx"
    done = tat("export", bench / "run", "--onnx", place, "--int8")
    assert done.code == 0 and done.out == ""
    names = {"model.encoder.onnx", "model.decoder.onnx", "model.tokenizer.json"}
    assert {path.name for path in tmp_path.iterdir()} == names
    for name in ("encoder", "decoder"):
        about = session((tmp_path / f"model.{name}.onnx").read_bytes()).get_modelmeta()
        assert about.custom_metadata_map["weights"] == "int8"
        assert about.custom_metadata_map["opset"] == "20"
    assert "exists" in tat("export", bench / "run", "--onnx", place).failure()
    assert tat("export", bench / "run", "--onnx", place, "--force", "-q").code == 0
    wrong = tmp_path / "x.onnx"
    assert "f16" in tat("export", bench / "run", "--onnx", wrong, "--weights", "f16").failure()
