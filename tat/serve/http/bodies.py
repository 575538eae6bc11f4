"""The bodies of requests, by their fields. Forms that others made ignore fields that are not named
here, for their clients send more; in tat's own an unknown field is refused."""

import re
from difflib import get_close_matches

import msgspec

from tat.serve.http.replies import RefusedError


class Drawn(msgspec.Struct, kw_only=True):
    """How tokens are chosen. Without a temperature above 0 they are the likeliest."""

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None


class Extra(msgspec.Struct):
    """A text beside the gap."""

    text: str = ""
    filename: str = ""


class Completion(Drawn, kw_only=True):
    """llama.cpp's `/completion`."""

    prompt: str = ""
    n_predict: int = -1
    n_indent: int = 0
    n_cmpl: int = 1
    stop: list[str] | str | None = None
    stream: bool = False
    t_max_prompt_ms: float = 0
    t_max_predict_ms: float = 0
    response_fields: list[str] | None = None
    return_tokens: bool = False


class Infill(Completion, kw_only=True):
    """llama.cpp's `/infill`; `prompt` stands behind the prefix. `line`, which llama.cpp does not
    have, asks for the line that is right most often: see `LineGap`."""

    input_prefix: str
    input_suffix: str
    input_extra: list[Extra] = []
    line: bool = False


class Segments(msgspec.Struct):
    """Tabby's texts around the cursor."""

    prefix: str
    suffix: str | None = None


class OpenCompletion(Drawn, kw_only=True):
    """OpenAI's `/v1/completions`, and Tabby's where there are `segments`."""

    prompt: str | list[str] | None = None
    suffix: str | None = None
    max_tokens: int | None = None
    n: int = 1
    stop: list[str] | str | None = None
    stream: bool = False
    echo: bool = False
    segments: Segments | None = None


class OllamaOptions(Drawn, kw_only=True):
    """How an answer of Ollama's form is written."""

    num_predict: int | None = None
    stop: list[str] | str | None = None


class Ollama(msgspec.Struct, kw_only=True):
    """Ollama's `/api/generate`, which streams unless it is told not to."""

    prompt: str = ""
    suffix: str | None = None
    stream: bool = True
    options: OllamaOptions = msgspec.field(default_factory=OllamaOptions)


class Tokenize(msgspec.Struct):
    """llama.cpp's `/tokenize`."""

    content: str = ""
    with_pieces: bool = False


class Function(Drawn, kw_only=True, forbid_unknown_fields=True):
    """A request for a function; `index`: whether the library may answer."""

    description: str = ""
    signature: str = ""
    context: str = ""
    index: bool = True
    n: int = 1


class Code(msgspec.Struct, forbid_unknown_fields=True):
    """A module, and for what is asked at a place in it an offset in characters (UTF-16 units)."""

    code: str
    offset: int = 0
    name: str = ""


_MOST_STOPS, _LONGEST_STOP = 16, 200


def decoded(data: bytes, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """The body of a request; RefusedError where it is not of this kind."""
    try:
        return msgspec.json.decode(data or b"{}", type=kind, strict=False)
    except (ValueError, RecursionError) as error:
        said = f"the body is not what is asked for: {error}{_meant(str(error), kind)}"
        raise RefusedError(400, said) from None


def _meant(problem: str, kind: type[msgspec.Struct]) -> str:
    """The field that was meant by one that there is not, or all that there are."""
    unknown = re.search("unknown field `(.*?)`", problem)
    if unknown is None:
        return ""
    near = get_close_matches(unknown[1], kind.__struct_fields__, n=1)
    if near:
        return f"; `{near[0]}` is there"
    return f"; there are {', '.join(sorted(kind.__struct_fields__))}"


def stops(given: list[str] | str | None) -> tuple[str, ...]:
    """Stop words as a request has them; RefusedError where they are too many or too long."""
    words = [given] if isinstance(given, str) else given or []
    words = [word for word in words if word]
    if len(words) > _MOST_STOPS or any(len(word) > _LONGEST_STOP for word in words):
        limit = f"up to {_MOST_STOPS} stop words of up to {_LONGEST_STOP} characters"
        raise RefusedError(400, f"stop: {limit} are looked for")
    return tuple(words)
