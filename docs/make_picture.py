"""Draws the picture of README.md: the distance that the function shown there computes.

python docs/make_picture.py
"""

import re
from pathlib import Path

import numpy as np

from tat.cookbook import png
from tat.wgsl.protocol import Binding
from tat.wgsl.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "rounded_box.png"
_SIZE = (640, 256)  # pixels; multiples of a workgroup's 8

# Inside blue, outside sand; a line at each tenth of the height, and a white one at distance 0.
_DRAWING = """
@group(0) @binding(0) var<storage, read_write> pixels: array<u32>;

fn colour(at: vec2f) -> vec3f {
    let d = sd_rounded_box(at, vec2f(0.8, 0.3), 0.15);
    let side = select(vec3f(0.93, 0.86, 0.74), vec3f(0.36, 0.60, 0.80), d < 0.0);
    let lines = 0.90 + 0.10 * smoothstep(0.0, 0.25, abs(fract(d * 10.0) - 0.5));
    let shaded = side * (1.0 - 0.45 * exp(-6.0 * abs(d))) * lines;
    return mix(vec3f(1.0), shaded, smoothstep(0.006, 0.014, abs(d)));
}

@compute @workgroup_size(8, 8)
fn draw(@builtin(global_invocation_id) id: vec3u) {
    let size = vec2f(WIDTH.0, HEIGHT.0);
    var sum = vec3f(0.0);
    for (var i = 0u; i < 16u; i++) {
        let position = vec2f(id.xy) + (vec2f(vec2u(i & 3u, i >> 2u)) + 0.5) / 4.0;
        sum += colour((position - 0.5 * size) / size.y);
    }
    pixels[id.y * WIDTHu + id.x] = pack4x8unorm(vec4f(sum / 16.0, 1.0));
}
"""


def shown_function() -> str:
    """The first WGSL of README.md."""
    return re.search(r"```wgsl\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)[1]


def picture(function: str) -> np.ndarray:
    """The picture of a function `sd_rounded_box`, uint8 [height, width, 3]."""
    width, height = _SIZE
    drawing = _DRAWING.replace("WIDTH", str(width)).replace("HEIGHT", str(height))
    pixels = Binding(0, 0, "storage", bytes(4 * width * height))
    with Sandbox() as sandbox:
        written = sandbox.run(
            f"{function}\n{drawing}", "draw", [pixels], (width // 8, height // 8, 1), 60.0
        )
    return np.frombuffer(written[0, 0], np.uint8).reshape(height, width, 4)[:, :, :3]


if __name__ == "__main__":
    PICTURE.write_bytes(png.encode(picture(shown_function())))
