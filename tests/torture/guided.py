"""Fuzzing of one reader of fuzz.py that is guided by coverage of tat's code.

    python tests/torture/guided.py NAME [LIBFUZZER OPTIONS, such as -max_total_time=30]

By hand: it needs atheris (pip install atheris), which tat's locked dependencies do not have. A find
ends it with libFuzzer's report, and the input lies in a file of this folder.
"""

import sys

import atheris

with atheris.instrument_imports(include=["tat"]):
    import fuzz
    import readers


def main() -> None:
    target = readers.targets()[sys.argv[1]]
    corpus = readers.PLACE / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(seed)

    def one(data: bytes) -> None:
        if find := fuzz.tried(target, data):
            raise RuntimeError(find)

    atheris.Setup([sys.argv[0], *sys.argv[2:], str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
