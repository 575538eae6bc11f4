"""Draws the pictures of entries: it runs their `picture` expression over the unit square."""

import numpy as np

from tat.cookbook import png
from tat.cookbook.library import Entry
from tat.errors import DeviceError, FileError, TatError
from tat.wgsl.protocol import Binding
from tat.wgsl.sandbox import Sandbox

SIZE = 256  # pixels along each side
_GROUP = 8  # pixels along each side of a workgroup
_SECONDS = 20.0  # for one picture; a software GPU needs well under one

# Each pixel is the mean of 2 x 2 samples, so that edges one pixel wide do not show steps.
_DRAWING = """
fn picture_colour(uv: vec2f) -> vec3f {{
    return {expression};
}}

@group(0) @binding(0) var<storage, read_write> picture_pixels: array<u32>;

@compute @workgroup_size({group}, {group})
fn picture_main(@builtin(global_invocation_id) id: vec3u) {{
    var colour = vec3f(0.0);
    for (var i = 0u; i < 4u; i++) {{
        let position = vec2f(id.xy) + 0.25 + 0.5 * vec2f(vec2u(i & 1u, i >> 1u));
        colour += 0.25 * saturate(picture_colour(position / {size}.0));
    }}
    picture_pixels[id.y * {size}u + id.x] = pack4x8unorm(vec4f(colour, 1.0));
}}
"""


def drawing(entry: Entry) -> str:
    """The module that draws `entry`; its entry point is picture_main."""
    return entry.code + _DRAWING.format(expression=entry.picture, size=SIZE, group=_GROUP)


def draw(entry: Entry, sandbox: Sandbox) -> bytes:
    """The picture of `entry` as a PNG file; FileError if it cannot be drawn."""
    pixels = Binding(0, 0, "storage", bytes(4 * SIZE * SIZE))
    groups = (SIZE // _GROUP, SIZE // _GROUP, 1)
    try:
        written = sandbox.run(drawing(entry), "picture_main", [pixels], groups, _SECONDS)
    except DeviceError:
        raise
    except TatError as error:
        raise FileError(f"cookbook entry {entry.name}: its picture: {error}") from error
    image = np.frombuffer(written[0, 0], np.uint8).reshape(SIZE, SIZE, 4)
    return png.encode(image[:, :, :3])
