"""Compute stages over buffers and images, and steps of particle simulations."""

import re

from tat.synth.compose.parts import INVOCATION, KERNEL_NAMES, composed, struct
from tat.synth.draft import Draft
from tat.synth.draws import Draws, Weighted
from tat.synth.step_tables import Needs, joined_words, line_table, some_steps, step_table
from tat.synth.words import listed

_SIZES = ("64", "64", "256", "128", "32", "1", "64, 1, 1", "8")
_TILES = ("8, 8", "8, 8", "16, 16", "8, 8, 1", "16, 16, 1", "4, 4")
_GUARDS = Weighted(("length", 50), ("count", 15), ("none", 27), ("less", 8))
_FORMATS = ("rgba8unorm", "rgba8unorm", "rgba16float", "rgba32float")
_FLIPS = Weighted(("", 84), ("x", 8), ("y", 8))
_PARTICLE_NAMES = listed("main update simulate computeMain stepParticles cs_main updateParticles")
_DIMENSIONS = ("vec2f", "vec3f", "vec3f", "vec4f")
_FORCES = Weighted((0, 25), (1, 50), (2, 25))
_X, _Y = re.compile(r"\bx\b"), re.compile(r"\by\b")
_INDEX = re.compile(r"(?<![\w.\[])index\b")


def elementwise(draws: Draws) -> Draft:
    """A kernel that makes each element of a buffer from those at the same place."""
    return _Elementwise(draws).draft()


class _Elementwise:
    def __init__(self, draws: Draws) -> None:
        self.draws = draws
        line = draws.pick(line_table("elements"))
        self.words = line.words
        self.kind = draws.pick(line.left.split())
        needs = Needs()
        scalar = self.kind if self.kind in ("u32", "i32") else "f32"
        self.value = needs.met(line.value, "params.{}", "", {"S": scalar})
        self.settings = [f"{name}: {kind}" for name, kind in needs.settings.items()]
        self.uses_x, self.uses_y = bool(_X.search(self.value)), bool(_Y.search(self.value))
        self.in_place = self.uses_x and self.value != "x" and draws.chance(0.3)
        self.guard = draws.weighted(_GUARDS)
        self.wrapped = draws.chance(0.2)  # the array is the member of a struct
        self.index = "gid.x" if self.guard == "none" and draws.chance(0.15) else "index"

    def draft(self) -> Draft:
        draws = self.draws
        if self.guard == "count":
            self.settings.append("count: u32")
        context = self._context()
        descriptions = [f"{self.words}.", f"{self.words}, one invocation each."]
        return composed(
            draws, "compute", KERNEL_NAMES, INVOCATION, "", self._guarded(self._statements()),
            attributes=f"@compute @workgroup_size({draws.pick(_SIZES)})", context=context,
            descriptions=descriptions,
        )  # fmt: skip

    def _context(self) -> list[str]:
        element, context = f"array<{self.kind}>", []
        if self.wrapped:
            member = f"items/data/values/elements: {element}"
            context.append(struct("Buffer/Data/Storage/Array", [member]))
            element = "Buffer"
        buffers = []
        if self.uses_x:
            written = self.in_place or self.draws.chance(0.1)
            buffers.append(f"storage{'_rw' if written else ''} inputBuf: {element};")
        if self.uses_y:
            buffers.append(f"storage otherBuf: {element};")
        if not self.in_place:
            buffers.append(f"storage_rw outputBuf: {element};")
        if self.settings:
            context.append(struct("Params", self.settings))
            buffers.insert(self.draws.pick((0, len(buffers))), "uniform params: Params;")
        return context + buffers

    @property
    def _target(self) -> str:
        name = "inputBuf" if self.in_place else "outputBuf"
        return name + (".items" if self.wrapped else "")

    def _statements(self) -> list[str]:
        holder = ".items" if self.wrapped else ""
        x, y = f"inputBuf{holder}[{self.index}]", f"otherBuf{holder}[{self.index}]"
        value, lines = self.value, []
        if self.draws.chance(0.45):
            lines += [f"let x/value/v/a = {x};"] * self.uses_x
            lines += [f"let y/other/w/b = {y};"] * self.uses_y
        else:
            value = _Y.sub(y, _X.sub(x, value))
        value = _INDEX.sub(self.index, value)
        store = f"{self._target}[{self.index}]"
        simple = re.fullmatch(rf"{re.escape(store)} ([+*]) ([^+]+)", value)
        if simple and self.in_place and self.draws.chance(0.6):
            return [*lines, f"{store} {simple[1]}= {simple[2]};"]
        return [*lines, f"{store} = {value};"]

    def _guarded(self, statements: list[str]) -> list[str]:
        lines = ["let index = gid.x;"] if self.index == "index" else []
        size = "params.count" if self.guard == "count" else f"arrayLength(&{self._target})"
        if self.guard == "none":
            return lines + statements
        if self.guard == "less":
            inner = "\n".join(f"    {line}" for line in statements)
            return [*lines, f"if (index < {size}) {{\n{inner}\n}}"]
        return [*lines, f"if (index >= {size}) {{\n    return;\n}}", *statements]


def image(draws: Draws) -> Draft:
    """A kernel that makes each texel of a texture from that of another."""
    line, needs = draws.pick(line_table("images")), Needs()
    value, words = needs.met(line.value, "params.{}", ""), line.words
    context = []
    if needs.settings:
        members = [f"{name}: {kind}" for name, kind in needs.settings.items()]
        context = [struct("Params", members), "uniform params: Params;"]
    written = f"handle outTex: texture_storage_2d<{draws.pick(_FORMATS)}, write>;"
    context += ["handle inTex: texture_2d<f32>;", written]
    signed, flip = draws.chance(0.35), draws.weighted(_FLIPS)
    lines = _place_in_image(draws, signed, bool(flip))
    place = "coords"
    if flip:
        lines.append(f"let from_/srcCoords/flipped = {_mirrored(flip, signed)};")
        place, words = "from_", f"{words}, mirrored along {flip}"
    load = f"textureLoad(inTex, {place}, 0)"
    if value == "c" and draws.chance(0.6):
        value = load
    else:
        lines.append(f"let c/color/texel/pixelColor = {load};")
    if value not in ("c", load) and draws.chance(0.35):
        lines.append(f"let res/outColor/value = {value};")
        value = "res"
    lines.append(f"textureStore(outTex, coords, {value});")
    return composed(
        draws, "compute", KERNEL_NAMES, INVOCATION, "", lines,
        attributes=f"@compute @workgroup_size({draws.pick(_TILES)})", context=context,
        descriptions=[f"{words}.", words],
    )  # fmt: skip


def _place_in_image(draws: Draws, signed: bool, guarded: bool) -> list[str]:
    """The coordinates, and mostly a guard of the image's edges."""
    coords = f"let coords = {'vec2i(gid.xy)' if signed else 'gid.xy'};"
    if not guarded and draws.chance(0.3):
        return [coords]
    size = draws.pick(("inTex", "outTex", "inTex, 0"))
    if signed:
        test = "coords.x >= i32(dims.x) || coords.y >= i32(dims.y)"
    else:
        test = draws.pick(("coords.x >= dims.x || coords.y >= dims.y", "any(coords >= dims)"))
    guard = f"if ({test}) {{\n    return;\n}}"
    return [f"let dims = textureDimensions({size});", coords, guard]


def _mirrored(axis: str, signed: bool) -> str:
    kind, one = ("vec2i", "1") if signed else ("vec2u", "1u")
    size = f"i32(dims.{axis})" if signed else f"dims.{axis}"
    parts = {name: f"coords.{name}" for name in "xy"}
    parts[axis] = f"{size} - {one} - coords.{axis}"
    return f"{kind}({parts['x']}, {parts['y']})"


def particles(draws: Draws) -> Draft:
    """A kernel that moves particles by one step of time."""
    kind, needs = draws.pick(_DIMENSIONS), Needs()
    forces = some_steps("particles", draws, draws.weighted(_FORCES))
    end = draws.weighted(step_table("particle_ends"))
    written_out = draws.chance(0.3)
    move = "p.pos = p.pos + p.vel * $dt:f32;" if written_out else "p.pos += p.vel * $dt:f32;"
    lines, words = [step.text(draws) for step in forces], [step.words for step in forces]
    lines.append(move)
    words.append("moves each particle by its velocity")
    fields = [f"pos: {kind}", f"vel: {kind}"]
    if draws.chance(0.25):
        lines.append("p.life -= $dt:f32;")
        words.append("shortens the life")
        fields.append("life/lifetime/timeLeft: f32")
    if draws.chance(0.2):
        fields.append("mass: f32")
    lines += [end.text(draws)] * bool(end.statements)
    words += [end.words] * bool(end.words)
    text = needs.met("\n".join(lines), "params.{}", "", {"V": kind})
    settings = [f"{name}: {of}" for name, of in needs.settings.items()]
    context = [struct("Particle", fields), struct("Params", settings), "uniform params: Params;"]
    body = _for_each_particle(draws, text, context)
    return composed(
        draws, "compute", _PARTICLE_NAMES, INVOCATION, "", body,
        attributes=f"@compute @workgroup_size({draws.pick(('64', '64', '256', '128'))})",
        context=context,
        descriptions=[f"Simulation step: {joined_words(words)}."],
    )  # fmt: skip


def _for_each_particle(draws: Draws, text: str, context: list[str]) -> list[str]:
    """Statements about p for the particle of this invocation; its buffers go to `context`."""
    target = "particles"
    if draws.chance(0.2):
        target = "particlesOut"
        context.append("storage particles: array<Particle>;")
        context.append("storage_rw particlesOut/nextParticles/updated: array<Particle>;")
    else:
        context.append("storage_rw particles: array<Particle>;")
    head = ["let index = gid.x;"]
    if draws.chance(0.8):
        head.append("if (index >= arrayLength(&particles)) {\n    return;\n}")
    if target == "particles" and "length(" not in text and draws.chance(0.25):
        return [*head, re.sub(r"\bp\.", "particles[index].", text)]
    load, store = "var p/particle/body/cur = particles[index];", f"{target}[index] = p;"
    return [*head, load, text, store]
