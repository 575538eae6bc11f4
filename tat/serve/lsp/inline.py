"""Text at the cursor: a line while one is being written, a block behind an opening brace."""

import asyncio
import threading
import time

from lsprotocol import types

from tat.errors import TatError
from tat.serve.engine import Engine, Gone, until
from tat.serve.gaps import Gap, gap_at
from tat.serve.lsp.documents import View
from tat.serve.lsp.options import Options
from tat.serve.proposing import proposal


class Inline:
    """Answers one request at a time: a new one cancels the one before."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._current = threading.Event()

    async def answer(
        self, view: View, params: types.InlineCompletionParams, options: Options
    ) -> types.InlineCompletionList:
        """The text to insert at the position, or none."""
        self._current.set()
        self._current = superseded = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            items = await loop.run_in_executor(
                None, self._items, view, params, options, superseded.is_set
            )
        except asyncio.CancelledError:
            superseded.set()
            raise
        return types.InlineCompletionList(items)

    def _items(
        self, view: View, params: types.InlineCompletionParams, options: Options, gone: Gone
    ) -> list[types.InlineCompletionItem]:
        found = view.at(params.position)
        if found is None or self._engine.decoder.state != "ready":
            return []
        region, analysis, offset = found
        if analysis.in_comment(offset):
            return []
        chosen = params.context.selected_completion_info
        place = chosen.range if chosen else types.Range(params.position, params.position)
        start = view.offset(place.start) - region.start
        chosen_text = chosen.text if chosen else ""
        gap = gap_at(region.text[:start] + chosen_text, region.text[offset:])
        try:
            text = self._text(gap, options, gone)
        except TatError:  # late, superseded, too busy or unreadable: there is nothing to propose
            return []
        if not text:
            return []
        return [types.InlineCompletionItem(chosen_text + text, range=place)]

    def _text(self, gap: Gap, options: Options, gone: Gone) -> str:
        seconds = (options.block_ms if gap.block else options.inline_ms) / 1000
        deadline = time.monotonic() + seconds
        return proposal(self._engine, gap, until(deadline, gone))
