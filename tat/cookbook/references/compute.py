"""References of the compute entries: what NumPy does with the whole array."""

from collections.abc import Iterator

import numpy as np

from tat.cookbook.references import FloatArray, Read, Run, Storage, Uniform, kernel


def _floats(rng: np.random.Generator, *shape: int) -> FloatArray:
    """Random numbers in [-1, 1) that are exact in f32."""
    return rng.uniform(-1, 1, shape).astype(np.float32).astype(float)


def _words(*values: int) -> np.ndarray:
    return np.array(values, np.uint32)


@kernel(absolute=1e-5)
def matrix_multiply(rng: np.random.Generator) -> Iterator[Run]:
    for rows, inner, columns in ((1, 1, 1), (16, 16, 16), (17, 5, 33), (20, 70, 3)):
        a, b = _floats(rng, rows, inner), _floats(rng, inner, columns)
        bound = [
            Uniform(0, _words(rows, inner, columns)), Read(1, a), Read(2, b),
            Storage(3, np.zeros((rows, columns))),
        ]  # fmt: skip
        groups = (-(-columns // 16), -(-rows // 16), 1)
        yield Run(bound, groups, {(0, 3): a @ b})


@kernel()
def prefix_sum(rng: np.random.Generator) -> Iterator[Run]:
    for count in (1, 256, 257, 1000):
        values = rng.integers(0, 1000, count)
        blocks = -(-count // 256)
        padded = np.pad(values, (0, 256 * blocks - count)).reshape(blocks, 256)
        sums = padded.cumsum(axis=1)
        bound = [Storage(0, values), Storage(1, np.zeros(blocks, np.uint32))]
        expected = {(0, 0): sums.ravel()[:count], (0, 1): sums[:, -1]}
        yield Run(bound, (blocks, 1, 1), expected)


@kernel()
def add_block_offsets(rng: np.random.Generator) -> Iterator[Run]:
    """From the sums that the first pass leaves to those of the whole array."""
    for count in (1, 256, 257, 1000):
        values = rng.integers(0, 1000, count)
        starts = range(0, count, 256)
        blocks = [values[start : start + 256] for start in starts]
        totals = np.cumsum([block.sum() for block in blocks])
        bound = [Read(0, totals), Storage(1, np.concatenate([b.cumsum() for b in blocks]))]
        yield Run(bound, (len(blocks), 1, 1), {(0, 1): values.cumsum()})


@kernel(absolute=2e-5)
def reduce_sum(rng: np.random.Generator) -> Iterator[Run]:
    for count, groups in ((1, 1), (128, 1), (1000, 3), (50, 4)):
        numbers = _floats(rng, count)
        owner = np.arange(count) // 128 % groups
        expected = np.bincount(owner, weights=numbers, minlength=groups)
        bound = [Read(0, numbers), Storage(1, np.zeros(groups))]
        yield Run(bound, (groups, 1, 1), {(0, 1): expected})


@kernel()
def argmax(rng: np.random.Generator) -> Iterator[Run]:
    coarse = np.round(8 * _floats(rng, 2000))  # with many ties
    peaks = [np.where(np.arange(700) == peak, 1.0, 0.0) for peak in (0, 255, 256, 257, 600, 699)]
    for scores in (_floats(rng, 1), _floats(rng, 255), coarse, np.zeros(600), *peaks):
        bound = [Read(0, scores - 5), Storage(1, _words(7))]
        yield Run(bound, (1, 1, 1), {(0, 1): np.array([scores.argmax()])})


@kernel()
def saxpy(rng: np.random.Generator) -> Iterator[Run]:
    for count, x_count, groups in ((1, 1, 1), (1000, 995, 2), (1000, 1300, 5)):
        x, y = _floats(rng, x_count), _floats(rng, count)
        expected = y + 1.5 * np.resize(np.pad(x, (0, count)), count)
        bound = [Uniform(0, np.array([1.5])), Read(1, x), Storage(2, y)]
        yield Run(bound, (groups, 1, 1), {(0, 2): expected})


@kernel()
def lower_bound(rng: np.random.Generator) -> Iterator[Run]:
    harness = """
@group(0) @binding(1) var<storage, read> wanted: array<f32>;
@group(0) @binding(2) var<storage, read_write> found: array<u32>;

@compute @workgroup_size(64)
fn find_all(@builtin(global_invocation_id) id: vec3u) {
    if id.x < arrayLength(&wanted) {
        found[id.x] = lower_bound(wanted[id.x]);
    }
}
"""
    for count in (1, 2, 7, 64, 1000):
        ordered = np.sort(np.round(20 * _floats(rng, count)))  # with many equal ones
        wanted = np.concatenate([ordered[::9], 25 * _floats(rng, 100), [-100, 100]])
        wanted = wanted.astype(np.float32).astype(float)
        below = (ordered < wanted[:, None]).sum(axis=1)
        bound = [Read(0, ordered), Read(1, wanted), Storage(2, np.zeros(len(wanted), np.uint32))]
        yield Run(bound, (4, 1, 1), {(0, 2): below}, harness)


@kernel()
def gather_rows(rng: np.random.Generator) -> Iterator[Run]:
    for width in (1, 64, 100):
        rows = _floats(rng, 10, width)
        picks = np.concatenate([rng.integers(0, 10, 7), [0, 9, 10, 2**32 - 1]])
        gathered = np.array([rows[i] if i < 10 else np.zeros(width) for i in picks])
        bound = [
            Uniform(0, _words(width)), Read(1, rows), Read(2, picks),
            Storage(3, np.full(gathered.shape, 7.0)),
        ]  # fmt: skip
        yield Run(bound, (-(-width // 64), len(picks), 1), {(0, 3): gathered})


@kernel()
def histogram(rng: np.random.Generator) -> Iterator[Run]:
    for count, groups in ((1, 1), (5000, 3), (100, 2)):
        levels = rng.uniform(-0.1, 1.1, count).astype(np.float32).astype(float)
        levels[:1] = 1.0
        edges = np.arange(257) / 256
        expected, _ = np.histogram(np.clip(levels, 0, 1), edges)
        before = rng.integers(0, 9, 256)
        bound = [Read(0, levels), Storage(1, before)]
        yield Run(bound, (groups, 1, 1), {(0, 1): before + expected})


@kernel()
def transpose_matrix(rng: np.random.Generator) -> Iterator[Run]:
    for rows, columns in ((1, 1), (16, 16), (33, 18), (5, 40)):
        matrix = _floats(rng, rows, columns)
        bound = [
            Uniform(0, _words(columns, rows)), Read(1, matrix),
            Storage(2, np.zeros((columns, rows))),
        ]  # fmt: skip
        groups = (-(-columns // 16), -(-rows // 16), 1)
        yield Run(bound, groups, {(0, 2): matrix.T})


@kernel(absolute=1e-7, relative=2e-5)
def row_softmax(rng: np.random.Generator) -> Iterator[Run]:
    """By way of logarithms: x less the logarithm of the sum of exponentials."""
    for rows, columns, spread in ((1, 1, 1), (3, 64, 5), (2, 200, 1), (4, 33, 500)):
        logits = spread * _floats(rng, rows, columns)
        logits = logits.astype(np.float32).astype(float)
        logits[0, 0] = 1e4
        expected = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
        bound = [
            Uniform(0, _words(columns)), Read(1, logits), Storage(2, np.zeros((rows, columns))),
        ]  # fmt: skip
        yield Run(bound, (rows, 1, 1), {(0, 2): expected})


@kernel(absolute=1e-5)
def sparse_matrix_vector(rng: np.random.Generator) -> Iterator[Run]:
    """As a dense product."""
    for rows, columns, share in ((1, 1, 1.0), (100, 30, 0.2), (70, 200, 0.02)):
        matrix = _floats(rng, rows, columns) * (rng.uniform(size=(rows, columns)) < share)
        vector = _floats(rng, columns)
        row, column = matrix.nonzero()
        elements = np.zeros(len(row), [("column", np.uint32), ("value", np.float32)])
        elements["column"], elements["value"] = column, matrix[row, column]
        starts = np.searchsorted(row, np.arange(rows + 1))
        bound = [
            Read(0, starts), Read(1, elements), Read(2, vector), Storage(3, np.full(rows, 9.0)),
        ]  # fmt: skip
        yield Run(bound, (-(-rows // 64), 1, 1), {(0, 3): matrix @ vector})


@kernel()
def compact_stream(rng: np.random.Generator) -> Iterator[Run]:
    """In one workgroup the order is sure; of several, only the count is."""
    for items in (_floats(rng, 256), _floats(rng, 100), -np.ones(1), np.ones(256)):
        kept = items[items > 0]
        after = np.full(len(items), -7.0)
        after[: len(kept)] = kept
        bound = [Read(0, items), Storage(1, np.full(len(items), -7.0)), Storage(2, _words(0))]
        yield Run(bound, (1, 1, 1), {(0, 1): after, (0, 2): np.array([len(kept)])})
    items = _floats(rng, 1000)
    bound = [Read(0, items), Storage(1, np.zeros(1000)), Storage(2, _words(0))]
    yield Run(bound, (4, 1, 1), {(0, 2): np.array([(items > 0).sum()])})


@kernel()
def bitonic_sort(rng: np.random.Generator) -> Iterator[Run]:
    for count, largest in ((1, 2**32), (512, 2**32), (512, 4), (1300, 2**32), (3, 2**32)):
        keys = rng.integers(0, largest, count)
        blocks = [np.sort(keys[start : start + 512]) for start in range(0, count, 512)]
        yield Run([Storage(0, keys)], (len(blocks), 1, 1), {(0, 0): np.concatenate(blocks)})


@kernel(absolute=5e-5)
def fft_256(rng: np.random.Generator) -> Iterator[Run]:
    """By the definition: a product with the matrix of all powers of a root of unity."""
    powers = np.outer(np.arange(256), np.arange(256)) % 256
    half_turn = np.pi * np.arange(128) / 128
    roots = np.stack([np.cos(half_turn), -np.sin(half_turn)], axis=1)
    impulse = np.zeros((1, 256, 2))
    impulse[0, 3, 0] = 1
    for inverse, sign in ((0, -1), (1, 1)):
        for signal in (_floats(rng, 3, 256, 2), impulse):
            numbers = signal @ [1, 1j]
            spectrum = numbers @ np.exp(sign * 2j * np.pi * powers / 256)
            expected = np.stack([spectrum.real, spectrum.imag], axis=-1)
            bound = [Storage(0, signal), Read(1, roots), Uniform(2, _words(inverse))]
            yield Run(bound, (len(signal), 1, 1), {(0, 0): expected})


@kernel()
def merge_sorted(rng: np.random.Generator) -> Iterator[Run]:
    for one, other, largest in ((1, 1, 9), (100, 700, 2**32), (513, 3, 50), (64, 64, 2)):
        left, right = (np.sort(rng.integers(0, largest, count)) for count in (one, other))
        merged = np.sort(np.concatenate([left, right]))
        bound = [Read(0, left), Read(1, right), Storage(2, np.zeros(one + other, np.uint32))]
        yield Run(bound, (-(-(one + other) // 512), 1, 1), {(0, 2): merged})
    low, high = np.arange(20), np.arange(20, 60)
    for left, right in ((low, high), (high, low)):
        bound = [Read(0, left), Read(1, right), Storage(2, np.zeros(60, np.uint32))]
        yield Run(bound, (1, 1, 1), {(0, 2): np.arange(60)})
