"""A short form of bench/serve_load.py: clients that hang up, a restart, half requests, memory."""

import sys
from pathlib import Path

from serving import tiny_run  # noqa: F401  a fixture

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

from serve_load import load


def test_clients_are_served_through_a_restart(tiny_run):  # noqa: F811
    told = load(tiny_run, clients=4, seconds=4, requests=400)
    assert told["errors"] == [] and told["answered"] > 5
    assert told["while_it_was_down"] < told["answered"]


def test_memory_does_not_grow_with_requests(tiny_run):  # noqa: F811
    told = load(tiny_run, clients=4, seconds=12, requests=1500, restart=False)
    assert told["errors"] == [] and told["answered"] > 20
    assert told["mib_after"] < told["mib_before"] + 16
