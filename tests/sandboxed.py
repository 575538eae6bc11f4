"""A kernel that adds, run in a sandbox."""

from tat.wgsl.protocol import Binding
from tat.wgsl.sandbox import Sandbox

KERNEL = """\
@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {{ {body} }}
"""
WORDS = Binding(0, 0, "storage", bytes(16))


def add(sandbox: Sandbox, number: int) -> int:
    source = KERNEL.format(body=f"words[1] += {number}u;")
    return int.from_bytes(sandbox.run(source, "main", [WORDS])[0, 0][4:8], "little")
