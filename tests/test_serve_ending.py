"""Reasons to cut a text before its own end, and the limits of a connection."""

import time

from hypothesis import given
from hypothesis import strategies as st
from serving import long_enough, opened

from tat.config import resolve
from tat.serve.decoder import Decoder
from tat.serve.ending import Ending
from tat.serve.engine import Engine
from tat.serve.http import server
from tat.serve.judge import Judge

letters = st.text("ab{}\n ", max_size=30)
words = st.lists(st.text("ab\n", min_size=1, max_size=3), max_size=3).map(tuple)


@given(letters, words)
def test_a_text_is_cut_before_the_first_stop_word(text, stops):
    cut = Ending(stops).cut(text)
    if cut is None:
        assert not any(stop in text for stop in stops)
    else:
        assert text[cut.length :].startswith(cut.word)
        assert not any(stop in text[: cut.length] for stop in stops)


@given(letters, words, st.integers(0, 30))
def test_sent_pieces_never_hold_text_that_is_cut_later(text, stops, at):
    """A growing text is sent only as far as it stays until the end."""
    ending = Ending(stops)
    if ending.cut(text[:at]) is None:
        sent = text[: min(at, len(text)) - ending.held(text[:at])]
        cut = ending.cut(text)
        assert text[: cut.length if cut else None].startswith(sent)


@given(letters)
def test_a_line_ends_behind_something_visible_and_a_block_where_it_is_closed(text):
    if cut := Ending(line=True).cut(text):
        assert text[: cut.length].strip() and text[cut.length] == "\n"
        assert "\n" not in text[: cut.length].strip()
    if cut := Ending(block=True).cut(text):
        kept = text[: cut.length]
        assert kept.count("{") == kept.count("}")
        assert text[cut.length :].lstrip().startswith("}")


def test_a_brace_that_was_begun_is_no_block_of_the_text():
    begun = "    if (x > 0.0) {"
    cut = Ending(block=True).cut(f"{begun} y = 1.0; }} z = 2.0; }}", len(begun))
    assert cut.length == len(f"{begun} y = 1.0;")


def test_indentation_and_time_end_a_text():
    assert Ending(indent=4).cut("a;\n    b;\n  c;\n").length == len("a;\n    b;")
    late = Ending(seconds=0.01)
    assert late.cut("a") is None
    time.sleep(0.02)
    assert late.cut("a b") is None and late.cut("a\nb").reason == "time"
    assert late.cut("\n    ") is None  # a line that has not begun


def test_a_request_that_comes_byte_by_byte_is_closed(monkeypatch):
    for name in ("_IDLE_SECONDS", "_SENDING_SECONDS", "_CLEANUP_SECONDS"):
        monkeypatch.setattr(server, name, 1)
    engine = Engine(resolve(environment={}).config, Decoder(None), Judge(), None)
    with opened(engine) as client, client.raw() as raw:
        raw.sendall(b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n")
        until, closed = time.monotonic() + long_enough(), False
        while not closed and time.monotonic() < until:
            try:
                raw.sendall(b"x")
                raw.settimeout(0.2)
                closed = raw.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
        assert closed
    engine.close()
