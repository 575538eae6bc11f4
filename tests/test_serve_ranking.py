"""The order of completions: by the model where one is loaded, else by nearness and name."""

import time

from lsprotocol import types
from pygls.workspace import TextDocument
from serving import FUNCTIONS, long_enough, tiny_engine, tiny_run  # noqa: F401  fixtures

from tat.decode.prompt import Prompt
from tat.serve.lsp import answers, features
from tat.serve.lsp.documents import View
from tat.wgsl.builtins import FUNCTIONS as BUILT_IN

HOST = "const width = 640;\nconst shader = /* wgsl */ `%s`;\n"


def place(text: str, name: str = "a.wgsl", language: str = "wgsl") -> tuple[View, types.Position]:
    """A view of the text without its `|`, and where that stood."""
    before, _, after = text.partition("|")
    view = View(TextDocument(f"file:///nowhere/{name}", before + after, 1, language))
    return view, view.position(len(before))


def order(engine, view: View, position: types.Position, seconds: float) -> list[str]:
    found = features.completions(view, position)
    found = answers.ranked(engine, view, position, found, seconds)
    listed = features.completion_list(view, position, found, snippets=False)
    items = listed.items
    assert [item.sort_text for item in items] == sorted(item.sort_text for item in items)
    return [item.label for item in items]


def test_the_likeliest_completion_comes_first(tiny_engine):  # noqa: F811
    area = FUNCTIONS["area.wgsl"].replace("* square;", "* |;")
    ranked = order(tiny_engine, *place(area), 2 * long_enough())
    plain = [candidate.name for candidate in features.completions(*place(area))]
    assert sorted(ranked) == sorted(plain[: len(ranked)]) and ranked != plain[: len(ranked)]
    assert plain.index("r") < plain.index("square") and ranked.index("square") < ranked.index("r")
    before, _, after = area.partition("|")
    names = [name for name in ranked if name in BUILT_IN]
    prompt = Prompt(prefix=before, suffix=after)
    likely = tiny_engine.likelihoods(prompt, names, bool)
    assert prompt.begun == "return 3.14159 * " and likely == sorted(likely, reverse=True)


def test_names_in_a_string_of_another_language_are_ranked_the_same(tiny_engine):  # noqa: F811
    area = FUNCTIONS["area.wgsl"].replace("* square;", "* |;")
    alone = order(tiny_engine, *place(area), 2 * long_enough())
    host = place(HOST % area, "scene.ts", "typescript")
    assert order(tiny_engine, *host, 2 * long_enough()) == alone


def test_without_time_or_a_choice_the_order_stays(tiny_engine):  # noqa: F811
    view, position = place(FUNCTIONS["area.wgsl"].replace("* square;", "* |;"))
    plain = [candidate.name for candidate in features.completions(view, position)]
    began = time.monotonic()
    late = answers.ranked(tiny_engine, view, position, features.completions(view, position), 0)
    assert [candidate.name for candidate in late] == plain
    assert time.monotonic() - began < long_enough()
