"""A graph of ONNX nodes while it is written: values have names, constants are kept once."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy import ndarray as Array
from onnx import TensorProto, helper, numpy_helper

OPSET = 20  # the first with Gelu in its tanh form and LayerNormalization
_IR = 9  # of the file: what runtimes of that opset read


class Nodes:
    """Nodes in their order, and constants."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def __call__(self, kind: str, *inputs: str, **attributes: object) -> str:
        """The value that a new node makes."""
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, values: object, dtype: type = np.float32) -> str:
        """The name of a small constant."""
        array = np.asarray(values, dtype)
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._known:
            self._known[key] = self.named(f"constant_{len(self._known)}", array)
        return self._known[key]

    def named(self, name: str, array: Array) -> str:
        """A constant of this name."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.array(array, order="C"), name)
        return name

    def shaped(self, x: str, *shape: int) -> str:
        """A value in another shape."""
        return self("Reshape", x, self.constant(shape, np.int64))

    def rename(self, x: str, name: str) -> None:
        """Give a value a name of its own, as outputs have."""
        self._nodes.append(helper.make_node("Identity", [x], [name]))

    def model(
        self, name: str, inputs: Mapping[str, tuple[Sequence[int], str]],
        outputs: Mapping[str, Sequence[int]], about: Mapping[str, str],
    ) -> bytes:  # fmt: skip
        """The file. inputs: shape and type, "float" or "int", of each; outputs are floats."""
        kinds = {"float": TensorProto.FLOAT, "int": TensorProto.INT32}
        graph = helper.make_graph(
            self._nodes, name,
            [helper.make_tensor_value_info(n, kinds[kind], s) for n, (s, kind) in inputs.items()],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
            list(self._constants.values()),
        )  # fmt: skip
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="tat", ir_version=_IR)
        helper.set_model_props(model, dict(about))
        onnx.checker.check_model(model)
        return model.SerializeToString()
