"""What a network allows: python bench/ranks_network.py [--micro-batch-s 1.0] [--weights 48300000]

Computes, from what ranks send each other, volumes and times of a step for 8, 64 and 512 ranks, as
the table of docs/many-machines.md. Sums of gradients follow from the shares and the tree that
training uses. bench/ranks.py counts the bytes that ranks really send, to compare with.

Assumptions: 80 % of the line rate, one rank a port, 10 µs a message, exchange and computing not
overlapped, a step of 1 and of 16 micro-batches a rank.
"""

import argparse

from tat.train.tree import roots, shares

RATES = (10, 25, 100)  # Gbit/s
USED, MESSAGE_S = 0.8, 10e-6


def volume(ranks: int, weights: int, micro_batches: int) -> tuple[float, int]:
    """Bytes that the busiest rank sends in a step, and messages: its sums' slices to the owners of
    these, and its slice of new weights to all."""
    sums = max(len(roots(share)) for share in shares(micro_batches, ranks))
    slice_bytes = 4 * weights / ranks
    return (sums + 1) * (ranks - 1) * slice_bytes, (sums + 1) * (ranks - 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ranks", type=int, nargs="+", default=[8, 64, 512])
    parser.add_argument("--weights", type=int, default=48_300_000, help="of preset base")
    parser.add_argument("--micro-batch-s", type=float, default=1.0, help="of computing (1.0)")
    options = parser.parse_args()
    print("| ranks | MB a rank and step |", *(f" {rate} Gbit/s |" for rate in RATES), sep="")
    print("|---|---|---|---|---|")
    for ranks in options.ranks:
        sent, messages = volume(ranks, options.weights, ranks)
        cells = [f"| {ranks} | {sent / 1e6:.0f} |"]
        for rate in RATES:
            seconds = sent * 8 / (USED * rate * 1e9) + messages * MESSAGE_S
            shares_of_time = [
                100 * n * options.micro_batch_s / (n * options.micro_batch_s + seconds)
                for n in (1, 16)
            ]
            few, many = (round(share) for share in shares_of_time)
            cells.append(f" {1e3 * seconds:.0f} ms, {few} and {many} % |")
        print("".join(cells))


if __name__ == "__main__":
    main()
