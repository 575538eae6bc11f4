"""A short form of bench/serve_load.py: clients that hang up, a restart, half requests, memory.

Both end when their requests are finished; the time is a limit for a server that stands still.
"""

import sys
from pathlib import Path

from serving import long_enough, tiny_run  # noqa: F401  a fixture

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

from serve_load import load


def test_clients_are_served_through_a_restart(tiny_run):  # noqa: F811
    told = load(tiny_run, clients=4, seconds=8 * long_enough(), requests=80)
    assert told["errors"] == []
    assert told["answered"] + told["cancelled"] == 80 and told["answered"] >= 40
    assert told["while_it_was_down"] > 0


def test_memory_does_not_grow_with_requests(tiny_run):  # noqa: F811
    told = load(tiny_run, clients=4, seconds=8 * long_enough(), requests=600, restart=False)
    assert told["errors"] == [] and told["while_it_was_down"] == 0
    assert told["answered"] + told["cancelled"] == 600
    assert told["mib_after"] < told["mib_before"] + 16
