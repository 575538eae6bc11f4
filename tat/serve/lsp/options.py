"""Options that a client may set, in the section `tat` of its settings."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Options:
    """Times in milliseconds; names as the client writes them are in camel case."""

    debounce_ms: int = 200  # after a change, until it is validated
    inline: bool = True  # whether text is proposed at the cursor
    inline_ms: int = 150  # that one line may take; later there is no answer
    block_ms: int = 2000  # that a block may take
    rank: bool = True  # whether the model ranks completions
    rank_ms: int = 100  # that ranking may take


_NAMES = {"debounceMs": "debounce_ms", "inline": "inline", "inlineMs": "inline_ms",
          "blockMs": "block_ms", "rank": "rank", "rankMs": "rank_ms"}  # fmt: skip


def read_options(values: object) -> Options:
    """The options that a client says; what is none keeps its default."""
    if not isinstance(values, dict):
        return Options()
    kinds = {field.name: type(field.default) for field in fields(Options)}
    known = {_NAMES[name]: value for name, value in values.items() if name in _NAMES}
    fitting = {
        name: value for name, value in known.items()
        if type(value) is kinds[name] and (value is True or value is False or 0 <= value < 600_000)
    }  # fmt: skip
    return Options(**fitting)
