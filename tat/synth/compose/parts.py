"""Parts of composed functions: from canonical parts to a draft, and usual names."""

from collections.abc import Iterable, Sequence

from tat.synth.draft import Draft
from tat.synth.draws import Draws
from tat.synth.family import Family, parse_parameters
from tat.synth.words import listed

VERTEX_NAMES = listed("vsMain vs_main vertexMain vertex_main main vs vertexShader vert mainVertex")
FRAGMENT_NAMES = listed(
    "fsMain fs_main fragmentMain fragment_main main fs fragmentShader frag mainFragment"
)
KERNEL_NAMES = listed("main computeMain cs_main csMain compute_main cs kernelMain update process")
INVOCATION = "@builtin(global_invocation_id) gid: vec3u"


def composed(
    draws: Draws,
    area: str,
    names: Sequence[str],
    parameters: str,
    result: str,
    lines: Iterable[str],
    *,
    attributes: str = "",
    context: Iterable[str] = (),
    descriptions: Iterable[str] = (),
    calls: Iterable[str] = (),
) -> Draft:
    """The draft of a function that is a family of its own; its texts are as a table has them."""
    return Draft(
        Family(
            area, tuple(names), parse_parameters(parameters), result, attributes,
            descriptions=list(descriptions), bodies=[(False, "\n".join(lines))],
            context=list(context), calls=list(calls),
        ).finish(),
        draws,
    )  # fmt: skip


def struct(name: str, members: Iterable[str]) -> str:
    """A struct as a table has it."""
    return f"struct {name} {{ {', '.join(members)} }}"
