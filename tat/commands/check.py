"""`tat check`: prints each of the ValidatorAgent's checks as it is done."""

import argparse
import sys
from dataclasses import asdict

import msgspec

from tat.backends.opening import open_backend
from tat.checks.validator import ValidatorAgent


def run(options: argparse.Namespace) -> int:
    agent = ValidatorAgent(options.device)
    if options.lockstep:
        found = iter([agent.lockstep(open_backend(options.device, 1, 256))])
    else:
        found = agent.checks()
    results = []
    for check in found:
        results.append(check)
        if not options.json:
            print(f"{check.status:7} {check.name:34} {check.detail}  ({check.seconds:.1f} s)")
    if options.json:
        sys.stdout.write(msgspec.json.encode([asdict(check) for check in results]).decode() + "\n")
    return 1 if any(check.status == "failed" for check in results) else 0
