"""A process beside rank 0 that says which rank was killed.

A launcher that loses a rank kills all others at once, rank 0 before it can speak. The watcher is no
child of the launcher: it sees the processes of rank 0's machine end, says one line, and ends. The
system tells it (pidfd, Linux 5.3), so it costs nothing meanwhile.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tat.resources import program

COMMAND = "_watch-ranks"
_END = b"end\n"


class Watcher:
    """The watcher as the ranks of its machine have it."""

    def __init__(self, size: int, pids: Mapping[int, int]) -> None:
        """Started by rank 0; pids: of the ranks on its machine."""
        self._child = subprocess.Popen(
            [*program(), COMMAND], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self.pid = self._child.pid
        self._send(json.dumps([size, list(pids.items())]).encode() + b"\n")

    def _send(self, line: bytes) -> None:
        assert self._child.stdin
        with suppress(OSError, ValueError):
            self._child.stdin.write(line)
            self._child.stdin.flush()

    def has_spoken(self) -> bool:
        """Whether it has said that a rank is gone."""
        return self._child.poll() is not None

    def dismiss(self) -> None:
        """From now on ranks may end; rank 0 calls this, and others dismiss_other()."""
        self._send(_END)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(5)


def dismiss_other(pid: int) -> None:
    """Ends the watcher of rank 0, which is silent, from another rank of its machine."""
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def main() -> int:
    """`tat _watch-ranks`: waits until rank 0 dismisses it or a rank is gone."""
    with open(0, "rb", buffering=0, closefd=False) as pipe:  # nothing of what follows is taken
        size, pids = json.loads(pipe.readline())
    ranks, gone, poll = {}, [], select.poll()
    poll.register(0, select.POLLIN)
    for rank, pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            gone.append(rank)
        except OSError:  # a system that does not allow it
            return 0
        else:
            ranks[descriptor] = rank
            poll.register(descriptor, select.POLLIN)
    if not gone:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if 0 in ready and os.read(0, len(_END)) == _END:
            return 0
        gone = sorted(ranks[descriptor] for descriptor in ready - {0}) or [0]
    sentence = _sentence(gone, size, len(pids))
    with suppress(OSError):
        line = f"{sentence}; all ranks end, and a training's last checkpoint is safe (--resume)"
        print(f"tat: {line}", file=sys.stderr, flush=True)
    return 1


def _sentence(gone: Sequence[int], size: int, here: int) -> str:
    """Who is gone; where the launcher has ended all that can be seen, one of them or none was the
    first."""
    if len(gone) < here or here == size == 1:
        many = len(gone) > 1
        who = f"rank{'s' * many} {', '.join(map(str, gone))} of {size}"
        return f"{who} {'were' if many else 'was'} killed"
    if here < size:
        return f"{here} of {size} ranks were ended: another was lost, or the job was ended"
    return f"all {size} ranks were killed"
