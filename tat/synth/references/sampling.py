"""References of concepts/sampling.txt."""


def sampleLinear(u, a, b):
    low, high = 0.0, 1.0
    for _ in range(60):  # the distribution function, halved
        x = 0.5 * (low + high)
        if (a * x + (b - a) * x * x / 2) / ((a + b) / 2) < u:
            low = x
        else:
            high = x
    return x
