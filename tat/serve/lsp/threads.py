"""Calls that wait, made in threads so that the server's loop goes on."""

import asyncio
from collections.abc import Callable
from typing import Any


async def in_thread(call: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a call that waits."""
    return await asyncio.get_running_loop().run_in_executor(None, call, *arguments)
