"""Values that one looks at as a color: those of some families, not of all."""

import re

from tat.synth.family import Family
from tat.synth.words import word_list

_LOOKED_AT = {  # (type of what varies, type of the result): areas whose values one looks at
    ("vec2f", "f32"): "fields", ("vec3f", "f32"): "fields3", ("vec2f", "vec2f"): "coordinates",
}  # fmt: skip
_NO_COLOR = re.compile(
    "hsv|hsl|yuv|ycbcr|ycocg|yiq|xyz|xyy|lab|lch|luv|cmyk|hwb|hcv|rgb[edm]|log2|aces(cg|inverse)"
    "|2020|p3|bgra|premul|rgba4|cie|bradford|outset|inverse|tolinear|blackbody|wavelength",
    re.IGNORECASE,
)  # in names of families that give vec3f or vec4f


def is_seen(family: Family | None, varying: str, result: str) -> bool:
    """Whether one looks at what a family gives as a color; a pipeline is asked before."""
    if family is None:
        return True
    if result in ("vec3f", "vec4f"):
        return family.area in word_list("colors") and not _NO_COLOR.search(family.names[0])
    known = _LOOKED_AT.get((varying, result))
    return known is not None and family.area in word_list(known)
