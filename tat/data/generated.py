"""Functions by rules as training data: drawn in memory, from a seed and a number alone."""

from collections.abc import Iterator
from itertools import islice

from tat.data.samples import Function, digest_of


def generated_functions(count: int, seed: int) -> Iterator[Function]:
    """The first `count` functions of stream `seed`, each a group of its own."""
    if not count:
        return
    from tat.synth.generator import Generator  # its tables take as long to load as numpy

    for made in islice(Generator(seed=seed).stream(), count):
        w = made.written
        origin = f"synth-{seed}-{made.number}"
        group = digest_of(origin)
        yield Function(w.comment, w.signature, w.body, w.context, group, origin, w.calls)
