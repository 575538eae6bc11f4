"""A model as ONNX: each kernel of its plans becomes some nodes of a graph."""
