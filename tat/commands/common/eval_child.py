"""The child process of `tat eval`: options and rank from standard input, then its part of all."""

import os
import pickle
import signal
import sys

from tat.commands.common.processes import Helper
from tat.commands.eval import judge_share
from tat.data.prepare_child import receive


def main() -> int:
    """Works as one rank, and ends with rank 0."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for rank 0, which ends this one
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # drivers print
    message = receive(sys.stdin.buffer)
    if message is None:
        return 1
    options, rank, size, numbers = pickle.loads(message)
    judge_share(options, Helper(rank, size, numbers, sys.stdin.buffer, answers))
    os._exit(0)  # another thread waits at the pipe
