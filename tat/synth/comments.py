"""A description as a comment, in one of several tones."""

import re
from collections.abc import Mapping, Sequence

from tat.synth.draws import Draws
from tat.synth.templates import Template, expanded
from tat.synth.words import listed

_NAME = re.compile(r"\{(\w+)\}")
_VERBS = listed("""return compute convert clamp map remap blend mix rotate scale evaluate apply
    sample calculate give find decode encode pack unpack project transform limit wrap generate
    multiply add subtract estimate interpolate smooth repeat mirror test check normalize
    reconstruct write read store copy clear sum count move integrate simulate approximate fold
    bend twist shift turn raise split extract build create make draw fill fade darken brighten
    desaturate invert adjust swap advance update accumulate load fetch look determine measure
    reflect reduce round quantize offset snap combine tint take show light let pass place keep
    pull bounce discard slow damp divide append drop negate square compare
    mask posterize call change extend append grade tone extract replace lay scatter gather
    hash dither carry rescale choose walk leave clip stay say fall bevel chamfer flip put reset
    screen stop""")
_NAMES = frozenset(
    listed("""Abelian AgX Airy Bark Beckmann Bernstein Blackman Bradford Cartesian
    Chebyshev Clifford Coriolis Coulomb Courant Doppler Duffing Epanechnikov Euclidean Euler
    Fibonacci Fourier Fresnel Frobenius Gaussian Gingham Goertzel Gooch Gran Gray Gumbel Hamilton
    Hammersley Hamming Hann Heaviside Henon Heun Hilbert Householder Huber Jacobi Jacobian Julia
    Karis Kawase Khronos Kuramoto Kuwahara Lab Lagrange Lambert Lambertian Lanczos Laplacian Lenia
    Lorentz Lorentzian M4 Magnus Mandelbrot Mandelbulb Manhattan Mel Mie Minkowski Minnaert
    Moebius Moore Morse Morton Newton  Perlin Phillips Phong Physarum Poly6
    Rayleigh Rec Reinhard Reynolds Roberts Rodrigues Roessler Schlick Smith Sobel Tait Thomas
    Van Verlet Vogel Von Voronoi Welch Wendland Wireworld Woodcock Worley Conway Otsu""")
)
_IMPERATIVES = {verb + "s": verb for verb in _VERBS} | {
    "applies": "apply", "multiplies": "multiply", "copies": "copy", "compresses": "compress",
    "passes": "pass", "pushes": "push", "modifies": "modify", "searches": "search",
    "matches": "match", "tells": "tell", "carries": "carry", "hashes": "hash",
    "squashes": "squash", "stretches": "stretch", "simplifies": "simplify", "varies": "vary",
}  # fmt: skip
_FURTHER_VERB = re.compile(
    r"(?:(?<=and )|(?<= or )|(?<=then )|(?<=, )|(?<=; ))(\w+)"
    r"(?= (?!(?:of|or|is|are|in|with|for)\b)[\w`])"
)
_PROPER = re.compile(r"[A-Z]\w*(?:'s?|-[A-Z]\w*)$")
_LINE = 80  # characters after which a long comment is broken


def comment_of(
    descriptions: Sequence[Template], mapping: Mapping[str, str], kind: str, notes: Sequence[str],
    draws: Draws, share: float,
) -> str:  # fmt: skip
    """One of the descriptions, or none: `share` of all functions have a comment.

    `mapping` has the names that were given, `kind` stands for T, and a note may follow.
    """
    if not descriptions or not draws.chance(share):
        return ""
    text = described(descriptions, mapping, kind, draws)
    if notes and draws.chance(0.6):
        text = text.rstrip(".") + ". " + draws.pick(notes)
    return toned(text, draws, mapping)


def described(
    descriptions: Sequence[Template], mapping: Mapping[str, str], kind: str, draws: Draws
) -> str:
    """One of the descriptions, with the names that were given."""
    text = expanded(draws.pick(descriptions), draws, {})
    if "{" not in text:
        return text
    mark = "`" if draws.chance(0.2) else ""

    def name(match: re.Match[str]) -> str:
        given = mapping.get(match[1], kind if match[1] == "T" else match[1])
        beside = text[: match.start()].split(" ")[-2:-1] + text[match.end() :].split(" ")[1:2]
        known = [word.strip(",.:;") for word in beside]
        own = "`" if given in known else mark  # of radius `radius`, by `stops` stops
        return f"{own}{given}{own}"

    return _NAME.sub(name, text)


def _imperative(match: re.Match[str]) -> str:
    between, also, behind = match.string[match.end() :].partition(" and ")
    other = behind.partition(" ")[0]  # scales and shifts, but not: sines and cosines
    noun = also and not between and other not in _IMPERATIVES
    return match[1] if noun else _IMPERATIVES.get(match[1], match[1])


def lowered(text: str) -> str:
    """`text` with a small letter at its beginning, unless a word such as GGX stands there."""
    return text if _stays(text.partition(" ")[0]) else text[:1].lower() + text[1:]


def _stays(first: str) -> bool:
    """Whether a first word keeps its capital: GGX, Brewster's, Blinn-Phong, Lab."""
    word = first.rstrip(",.:;")
    marked = first[1:2] and not first[1:2].islower() and first[1:2] not in ",.:;"
    return bool(marked) or word in _NAMES or bool(_PROPER.match(word))


def toned(text: str, draws: Draws, mapping: Mapping[str, str]) -> str:
    """Imperative or not, capital or not, with a full stop or not, on one line or on two.

    A name at the beginning stays as it is, and so does a word such as GGX.
    """
    first, _, rest = text.partition(" ")
    verb = _IMPERATIVES.get(first.lower())
    if rest and verb and draws.chance(0.4):
        text = f"{verb.capitalize()} {_FURTHER_VERB.sub(_imperative, rest)}"
    if first.strip("`,.:") in mapping.values() or not first[:1].isalpha() or _stays(first):
        pass
    elif draws.chance(0.25):
        text = lowered(text)
    elif text[0].islower() and len(first) > 1 and draws.chance(0.8):
        text = text[0].upper() + text[1:]
    if draws.chance(0.5):
        text = text.rstrip(".")
    elif not text.endswith((".", "]", ")")) and draws.chance(0.4):
        text += "."
    if len(text) > _LINE + 10 and draws.chance(0.7):
        cut = text.rfind(" ", 0, _LINE)
        text = f"{text[:cut]}\n{text[cut + 1 :]}"
    return text
