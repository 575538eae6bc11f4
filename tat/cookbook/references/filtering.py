"""References of the filtering entries: whole images at once, padded and shifted."""

import math
from collections.abc import Iterator

import numpy as np

from tat.cookbook.references import (
    Choice,
    FloatArray,
    Image,
    Interval,
    Read,
    Run,
    Sampler,
    Storage,
    Texture,
    Uniform,
    kernel,
    pure,
)

_STEP = 2**-10  # of 16-bit floats, relative; drivers may cut where others round


def _picture(rng: np.random.Generator, width: int, height: int) -> FloatArray:
    """A random image [height, width, 4] of values that are exact in f32."""
    return rng.uniform(0, 1, (height, width, 4)).astype(np.float32).astype(float)


def _shifted(image: FloatArray, radius: int) -> FloatArray:
    """The image as seen from each pixel around: [2 radius + 1, 2 radius + 1, height, width, …]."""
    sides = ((radius, radius), (radius, radius)) + ((0, 0),) * (image.ndim - 2)
    padded = np.pad(image, sides, mode="edge")
    height, width = image.shape[:2]
    reach = range(2 * radius + 1)
    return np.array([[padded[y : y + height, x : x + width] for x in reach] for y in reach])


def _each_pixel(call: str) -> str:
    """A kernel that stores what the expression `call` of `pixel` gives, as vec4f, row by row."""
    return f"""
@group(0) @binding(0) var source: texture_2d<f32>;
@group(0) @binding(1) var<storage, read_write> results: array<vec4f>;

@compute @workgroup_size(8, 8)
fn filter_each(@builtin(global_invocation_id) id: vec3u) {{
    let size = textureDimensions(source);
    let pixel = vec2i(id.xy);
    if all(id.xy < size) {{
        results[id.y * size.x + id.x] = {call};
    }}
}}
"""


def _filtered(image: FloatArray, call: str, expected: FloatArray) -> Run:
    """A run that calls a function of a texture for each pixel; `expected` is [height, width, n]."""
    height, width = image.shape[:2]
    results = np.full((height, width, 4), math.nan)
    results[..., : expected.shape[-1]] = expected
    bound = [Texture(0, image), Storage(1, np.zeros((height, width, 4)))]
    groups = (-(-width // 8), -(-height // 8), 1)
    return Run(bound, groups, {(0, 1): results}, _each_pixel(call))


def _interpolated(image: FloatArray, uv: FloatArray) -> FloatArray:
    """Bilinear, as a sum over all texels, each with a hat around it."""
    height, width = image.shape[:2]
    x = np.clip(uv[:, 0] * width - 0.5, 0, width - 1)
    y = np.clip(uv[:, 1] * height - 0.5, 0, height - 1)
    hats_x = np.maximum(1 - np.abs(np.arange(width) - x[:, None]), 0)
    hats_y = np.maximum(1 - np.abs(np.arange(height) - y[:, None]), 0)
    return np.einsum("ny,nx,yxc->nc", hats_y, hats_x, image)


_AT_PLACES = """
@group(0) @binding(0) var source: texture_2d<f32>;
@group(0) @binding(1) var<storage, read> places: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> results: array<vec4f>;
@group(0) @binding(3) var smooth_sampler: sampler;

@compute @workgroup_size(64)
fn sample_places(@builtin(global_invocation_id) id: vec3u) {
    if id.x < arrayLength(&places) {
        results[id.x] = CALL;
    }
}
"""


def _places(rng: np.random.Generator) -> FloatArray:
    corners = [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]]
    inside = rng.uniform(0, 1, (95, 2)).astype(np.float32)
    return np.concatenate([corners, inside]).astype(float)


@kernel(absolute=2e-5)
def sample_bilinear(rng: np.random.Generator) -> Iterator[Run]:
    for width, height in ((1, 1), (5, 3), (16, 16)):
        image, places = _picture(rng, width, height), _places(rng)
        places = np.concatenate([places, [[-3, 0.5], [0.5, 7]]])
        bound = [Texture(0, image), Read(1, places), Storage(2, np.zeros((len(places), 4)))]
        harness = _AT_PLACES.replace("CALL", "sample_bilinear(source, places[id.x])")
        yield Run(bound, (2, 1, 1), {(0, 2): _interpolated(image, places)}, harness)


def _catmull_rom_matrix(size: int, positions: FloatArray) -> FloatArray:
    """Weights [N, size] of all texels along an axis, by the kernel of Keys with a = -1/2."""
    weights = np.zeros((len(positions), size))
    for row, position in zip(weights, positions):
        for texel in range(math.floor(position) - 1, math.floor(position) + 3):
            row[min(max(texel, 0), size - 1)] += _keys(abs(position - texel))
    return weights


def _keys(d: float) -> float:
    if d >= 2:
        return 0.0
    return 1.5 * d**3 - 2.5 * d**2 + 1 if d < 1 else -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2


@kernel(absolute=0.01)  # the fractions of a sampler have 8 bits
def sample_bicubic(rng: np.random.Generator) -> Iterator[Run]:
    for width, height in ((1, 1), (6, 4), (16, 16)):
        image, places = _picture(rng, width, height), _places(rng)
        along_x = _catmull_rom_matrix(width, places[:, 0] * width - 0.5)
        along_y = _catmull_rom_matrix(height, places[:, 1] * height - 0.5)
        expected = np.einsum("ny,nx,yxc->nc", along_y, along_x, image)
        bound = [
            Texture(0, image), Read(1, places), Storage(2, np.zeros((len(places), 4))), Sampler(3),
        ]  # fmt: skip
        call = "sample_bicubic(source, smooth_sampler, places[id.x])"
        harness = _AT_PLACES.replace("CALL", call)
        yield Run(bound, (2, 1, 1), {(0, 2): expected}, harness)


@kernel(absolute=1e-5, relative=_STEP)
def gaussian_blur(rng: np.random.Generator) -> Iterator[Run]:
    layout = np.dtype([("way", np.int32, 2), ("radius", np.int32), ("sigma", np.float32)])
    for way, radius, sigma in (((1, 0), 3, 1.0), ((0, 1), 4, 1.5), ((1, 0), 0, 1.0)):
        image = _picture(rng, 13, 9)
        weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
        seen = _shifted(image, radius)
        line = seen[radius] if way == (1, 0) else seen[:, radius]
        blurred = np.tensordot(weights / weights.sum(), line, 1)
        bound = [
            Texture(0, image), Image(1, "rgba16float", 13, 9),
            Uniform(2, np.array([(way, radius, sigma)], layout)),
        ]  # fmt: skip
        yield Run(bound, (2, 2, 1), {(0, 1): blurred})


def _truncated(x: float, power: int) -> float:
    return max(x, 0.0) ** power


@pure(
    x=Interval(-2.5, 2.5), b=Interval(0, 1), c=Interval(0, 1),
    edges=[
        (0, 1 / 3, 1 / 3), (1, 1 / 3, 1 / 3), (-1, 0, 0.5), (2, 1, 0), (-9, 1, 1), (1.5, 0, 0.5),
    ],
    absolute=3e-6,
)  # fmt: skip
def mitchell_weight(x: float, b: float, c: float) -> float:
    """Mixed from three well known members of the family."""
    d = abs(x)
    hermite = 2 * d**3 - 3 * d**2 + 1 if d < 1 else 0.0
    signs = (1, -4, 6, -4, 1)
    spline = sum(sign * _truncated(d + 2 - k, 3) for k, sign in enumerate(signs)) / 6
    return (1 - b - 2 * c) * hermite + b * spline + 2 * c * _keys(d)


@pure(
    x=Interval(-4, 4),
    lobes=Choice([2.0, 3.0]),
    edges=[(0, 3), (1, 3), (3, 3), (-2.5, 3), (1e-4, 2), (0.0099, 3), (0.0101, 3), (50, 2)],
    absolute=2e-4,  # of sin, beyond half a pixel
)
def lanczos_weight(x: float, lobes: float) -> float:
    return float(np.sinc(x) * np.sinc(x / lobes)) if abs(x) < lobes else 0.0


@kernel()
def dilate(rng: np.random.Generator) -> Iterator[Run]:
    for width, height, radius in ((11, 7, 0), (20, 13, 1), (20, 13, 3), (2, 2, 5)):
        image = _picture(rng, width, height)[..., 0] - 2  # below the 0 beyond the edge
        y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
        grown = _shifted(image, radius)[x * x + y * y <= radius * radius].max(axis=0)
        bound = [
            Texture(0, image), Image(1, "r32float", width, height),
            Uniform(2, np.array([radius], np.int32)),
        ]  # fmt: skip
        yield Run(bound, (3, 2, 1), {(0, 1): grown[..., None]})


@kernel(absolute=5e-6)
def unsharp_mask(rng: np.random.Generator) -> Iterator[Run]:
    """The blur in two passes, along rows and columns."""
    for width, height in ((1, 1), (12, 9)):
        image = _picture(rng, width, height)
        seen = _shifted(image, 1)
        rows = (seen[:, 0] + 2 * seen[:, 1] + seen[:, 2]) / 4
        blurred = (rows[0] + 2 * rows[1] + rows[2]) / 4
        expected = image + 1.5 * (image - blurred)
        expected[..., 3] = image[..., 3]
        yield _filtered(image, "unsharp_mask(source, pixel, 1.5)", expected)


@kernel(absolute=2e-6)
def sobel_gradient(rng: np.random.Generator) -> Iterator[Run]:
    ramp = np.zeros((6, 8, 4))
    ramp[..., 0] = np.arange(8) - 0.5 * np.arange(6)[:, None]
    for image in (_picture(rng, 1, 1), _picture(rng, 12, 9), ramp):
        slopes_x = np.outer([1, 2, 1], [-1, 0, 1]) / 8
        seen = _shifted(image[..., 0], 1)
        slopes = [np.tensordot(slopes_x, seen, 2), np.tensordot(slopes_x.T, seen, 2)]
        call = "vec4f(sobel_gradient(source, pixel), 0.0, 0.0)"
        yield _filtered(image, call, np.stack(slopes, axis=-1))


@kernel(absolute=1e-5, relative=_STEP)
def downsample_half(rng: np.random.Generator) -> Iterator[Run]:
    """From the image with each texel repeated until the sizes divide."""
    for width, height in ((16, 8), (7, 12), (13, 5), (1, 6), (3, 3), (1, 1)):
        image = _picture(rng, width, height)
        half_width, half_height = max(width // 2, 1), max(height // 2, 1)
        repeated = image.repeat(half_height, axis=0).repeat(half_width, axis=1)
        blocks = repeated.reshape(half_height, height, half_width, width, 4)
        bound = [Texture(0, image), Image(1, "rgba16float", half_width, half_height)]
        yield Run(bound, (1, 1, 1), {(0, 1): blocks.mean(axis=(1, 3))})


@kernel(absolute=0)
def median_3x3(rng: np.random.Generator) -> Iterator[Run]:
    for image in (_picture(rng, 1, 1), _picture(rng, 12, 9), np.round(_picture(rng, 9, 9))):
        expected = np.median(_shifted(image, 1), axis=(0, 1))
        yield _filtered(image, "median_3x3(source, pixel)", expected)


@kernel()
def box_from_integral(rng: np.random.Generator) -> Iterator[Run]:
    harness = """
@group(0) @binding(2) var<storage, read> boxes: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;

@compute @workgroup_size(64)
fn find_means(@builtin(global_invocation_id) id: vec3u) {
    if id.x < arrayLength(&boxes) {
        means[id.x] = box_from_integral(boxes[id.x].xy, boxes[id.x].zw);
    }
}
"""
    for largest in (256, 2**28):  # the sums of the second image wrap around
        image = rng.integers(0, largest, (20, 30))
        sums = np.pad(image.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0))) % 2**32
        edges_x = np.sort(rng.integers(0, 31, (50, 2)), axis=1)
        edges_y = np.sort(rng.integers(0, 21, (50, 2)), axis=1)
        if largest > 256:
            edges_x[:, 1] = np.minimum(edges_x[:, 1], edges_x[:, 0] + 3)
            edges_y[:, 1] = np.minimum(edges_y[:, 1], edges_y[:, 0] + 4)
        boxes = np.stack([edges_x[:, 0], edges_y[:, 0], edges_x[:, 1], edges_y[:, 1]], axis=1)
        parts = [image[top:bottom, left:right] for left, top, right, bottom in boxes]
        means = np.array([part.mean() if part.size else 0.0 for part in parts])
        bound = [
            Uniform(0, np.array([31], np.uint32)), Read(1, sums),
            Read(2, boxes.astype(np.uint32)), Storage(3, np.zeros(50)),
        ]  # fmt: skip
        yield Run(bound, (1, 1, 1), {(0, 3): means}, harness)


@pure(
    history=Interval(-1, 2), low=Interval(0, 0.4), high=Interval(0.4, 1),
    edges=[
        ((0.5, 0.5, 0.5), (0, 0, 0), (1, 1, 1)), ((2, 0.5, 0.5), (0, 0, 0), (1, 1, 1)),
        ((1, 1, 1), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ((0.2, 0.9, 0.4), (0.2, 0.9, 0.4), (1, 1, 1)),
    ],
    absolute=3e-6,
)  # fmt: skip
def clip_history(history: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """By bisection on the way from the centre."""
    centre = (low + high) / 2

    def inside(share: float) -> bool:
        p = centre + share * (history - centre)
        return bool(((p >= low - 1e-12) & (p <= high + 1e-12)).all())

    if inside(1.0):
        return history
    near, far = 0.0, 1.0
    for _ in range(60):
        middle = (near + far) / 2
        near, far = (middle, far) if inside(middle) else (near, middle)
    return centre + near * (history - centre)


@kernel(absolute=1e-5, relative=_STEP)
def bilateral_filter(rng: np.random.Generator) -> Iterator[Run]:
    layout = np.dtype([("radius", np.int32), ("space", np.float32), ("colour", np.float32)])
    for radius, space, colour in ((0, 1.0, 1.0), (2, 1.2, 0.3), (3, 2.0, 5.0)):
        image = _picture(rng, 14, 10)
        sides = ((radius, radius), (radius, radius), (0, 0))
        blanked = np.pad(image, sides, constant_values=np.nan)
        seen = _shifted(blanked, radius)[:, :, radius : radius + 10, radius : radius + 14]
        y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
        away = (x * x + y * y)[..., None, None] / space**2
        unlike = ((seen - image)[..., :3] ** 2).sum(axis=-1) / colour**2
        weights = np.nan_to_num(np.exp(-0.5 * (away + unlike)))[..., None]
        smoothed = (weights * np.nan_to_num(seen)).sum(axis=(0, 1)) / weights.sum(axis=(0, 1))
        bound = [
            Texture(0, image), Image(1, "rgba16float", 14, 10),
            Uniform(2, np.array([(radius, space, colour)], layout)),
        ]  # fmt: skip
        yield Run(bound, (2, 2, 1), {(0, 1): smoothed})


@kernel()
def jump_flood_step(rng: np.random.Generator) -> Iterator[Run]:
    """Passes from seeds on, each from the result of the last; nearly all distances end up exact."""
    width, height = 21, 14
    seeds = [(int(x), int(y)) for x, y in rng.integers((0, 0), (width, height), (5, 2))]
    known = np.full((height, width, 2), -1)
    for x, y in seeds:
        known[y, x] = x, y
    for stride in (8, 4, 2, 1):
        nearer = _flooded(known, stride)
        bound = [
            Uniform(0, np.array([width, height, stride, 0], np.int32)),
            Read(1, known.astype(np.int32)), Storage(2, np.zeros((height, width, 2), np.int32)),
        ]  # fmt: skip
        yield Run(bound, (3, 2, 1), {(0, 2): nearer})
        known = nearer
    there = np.stack(np.mgrid[:height, :width][::-1], axis=-1)
    squares = np.min([((there - seed) ** 2).sum(axis=-1) for seed in seeds], axis=0)
    assert (((known - there) ** 2).sum(axis=-1) == squares).mean() > 0.99


def _flooded(known: np.ndarray, stride: int) -> np.ndarray:
    height, width = known.shape[:2]
    padded = np.pad(known, ((stride, stride), (stride, stride), (0, 0)), constant_values=-1)
    rows, columns = range(0, 2 * stride + 1, stride), range(0, 2 * stride + 1, stride)
    seen = np.array([padded[y : y + height, x : x + width] for y in rows for x in columns])
    squares = ((seen - np.stack(np.mgrid[:height, :width][::-1], axis=-1)) ** 2).sum(axis=-1)
    squares[seen[..., 0] < 0] = 2**31
    best = squares.argmin(axis=0)  # the first of several that are equally near
    return np.take_along_axis(seen, best[None, ..., None], axis=0)[0]


@kernel(absolute=3e-6)
def kuwahara_filter(rng: np.random.Generator) -> Iterator[Run]:
    for width, height, radius in ((9, 7, 1), (12, 10, 3)):
        image = _picture(rng, width, height)
        seen = _shifted(image[..., :3], radius)
        halves = (slice(0, radius + 1), slice(radius, None))
        windows = [seen[rows, columns] for rows in halves for columns in halves]
        means = np.array([window.mean(axis=(0, 1)) for window in windows])
        spreads = np.array([window.var(axis=(0, 1)).sum(axis=-1) for window in windows])
        best = spreads.argmin(axis=0)[None, ..., None]
        expected = np.take_along_axis(means, best, axis=0)[0]
        yield _filtered(image, f"vec4f(kuwahara_filter(source, pixel, {radius}), 0.0)", expected)
