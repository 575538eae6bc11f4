"""Babylon's dialect: `uniform`, `attribute` and `varying`, as structs and bindings of WGSL."""

import re
from collections.abc import Iterator, Mapping, Sequence

from tat.wgsl.declarations import split_module
from tat.wgsl.embedded.placed import Placed

_DECLARED = re.compile(
    r"^[ \t]*(uniform|attribute|(?:flat[ \t]+)?varying)[ \t]+(\w+[ \t]*:[ \t]*[^;{}@]+);",
    re.MULTILINE,
)
_SAYS = re.compile(
    r"^[ \t]*(?:uniform|attribute|(?:flat[ \t]+)?varying)[ \t]+\w+[ \t]*:"
    r"|\b(?:vertex|fragment)(?:Inputs|Outputs)\s*\.",
    re.MULTILINE,
)
_UNBOUND = re.compile(
    r"^[ \t]*(?=var[ \t]+\w+[ \t]*:[ \t]*(?:texture_|sampler)"
    r"|var[ \t]*<[ \t]*(?:storage|uniform)\b)",
    re.MULTILINE,
)
_BOUND = re.compile(r"@binding\(\s*(\d+)")
_MAIN = re.compile(
    r"\bfn\s+main\s*\(\s*(\w+)\s*:\s*(Vertex|Fragment)Inputs\s*\)\s*->\s*Fragment\w+\s*\{"
)
_USE = re.compile(r"\b(\w+)\s*\.\s*([A-Za-z_]\w*)")
_WHOLE_NUMBERS = re.compile(r"[iu]32|vec[234](?:[iu]|\s*<\s*[iu]32\s*>)")

# What the engine itself gives; by the object, its members.
_BUILTINS = {
    "VertexInputs": {"vertexIndex": "@builtin(vertex_index) vertexIndex: u32",
                     "instanceIndex": "@builtin(instance_index) instanceIndex: u32"},
    "FragmentInputs": {"position": "@builtin(position) position: vec4f",
                       "frontFacing": "@builtin(front_facing) frontFacing: bool"},
    "FragmentOutputs": {"color": "@location(0) color: vec4f",
                        "fragDepth": "@builtin(frag_depth) fragDepth: f32"},
}  # fmt: skip
_ENGINE = {
    "scene": {"viewProjection": "mat4x4f", "view": "mat4x4f", "projection": "mat4x4f",
              "vEyePosition": "vec4f", "inverseProjection": "mat4x4f"},
    "mesh": {"world": "mat4x4f", "visibility": "f32"},
}  # fmt: skip


def declared_members(text: str) -> Iterator[tuple[str, str]]:
    """Names and types of what a text declares in the dialect."""
    for found in _DECLARED.finditer(text):
        name, _, kind = found[2].partition(":")
        yield name.strip(), kind.strip()


def in_wgsl(text: Placed, known: Mapping[str, str]) -> Placed:
    """A text of the dialect with structs, bindings and a `main` that returns, in WGSL's own words.

    `known` has the types of members that other texts declare; where nobody does, f32 is a guess.
    A text that is none of the dialect stays.
    """
    if not _SAYS.search(text.text) or re.search(r"\bstruct\s+\w*Inputs\b", text.text):
        return text
    return _Text(text, known).written()


class _Text:
    def __init__(self, text: Placed, known: Mapping[str, str]) -> None:
        self.text, self.known = text, known
        self.main = _MAIN.search(text.text)
        self.uses: dict[str, dict[str, None]] = {}
        for found in _USE.finditer(text.text):
            self.uses.setdefault(found[1], {})[found[2]] = None
        self.members: dict[str, dict[str, str | Placed]] = {}
        for found in _DECLARED.finditer(text.text):
            name = found[2].partition(":")[0].strip()
            kind = found[1].split()[-1]
            declared = text.slice(found.start(2), found.end(2))
            self.members.setdefault(kind, {}).setdefault(name, declared)
        self.bindings = {int(n) for n in _BOUND.findall(text.text)}

    def written(self) -> Placed:
        """Structs and variables in front, then the text with what it lacks."""
        edits = [(m.start(), m.end(), "") for m in _DECLARED.finditer(self.text.text)]
        front = Placed.join(self._placed(part) for part in self._front())
        for place in _UNBOUND.finditer(self.text.text):
            if not self.text.text[: place.start()].rstrip().endswith(")"):
                edits.append((place.end(), place.end(), f"@group(0) @binding({self._binding()}) "))
        return Placed.join([front, self.text.edited(sorted([*edits, *self._ends()]))])

    def _placed(self, part: str | Placed) -> Placed:
        origin = self.text.origin(0)
        if isinstance(part, Placed) or origin is None:
            return part if isinstance(part, Placed) else Placed("", ())
        return Placed.instead(part, origin[0], origin[1], origin[1])

    def _binding(self) -> int:
        number = next(n for n in range(len(self.bindings) + 1) if n not in self.bindings)
        self.bindings.add(number)
        return number

    def _ends(self) -> Iterator[tuple[int, int, str]]:
        """Words that `main` begins and ends with."""
        if not self.main:
            return
        name, stage = self.main[1], self.main[2].lower()
        if f"{stage}Inputs" in self.uses:
            yield self.main.end(), self.main.end(), f" {stage}Inputs = {name};"
        for item in split_module(self.text.text):
            inside = item.start <= self.main.start() < item.end
            code = self.text.text[self.main.end() : item.end - 1]
            if inside and not re.search(r"\breturn\s+\w+\s*;\s*$", code):
                yield item.end - 1, item.end - 1, f"return {stage}Outputs;\n"

    def _front(self) -> Iterator[str | Placed]:
        for name in ("uniforms", *_ENGINE):
            if name in self.uses or (name == "uniforms" and "uniform" in self.members):
                yield from self._uniforms(name)
        vertex = self._stage("vertex")
        if vertex:
            members = self._inputs("VertexInputs", "attribute", ("vertexInputs",))
            yield from self._struct("VertexInputs", members or ["@builtin(vertex_index) i: u32"])
            yield "var<private> vertexInputs: VertexInputs;\n"
        if vertex or self._stage("fragment"):
            objects = ("fragmentInputs", "vertexOutputs")
            yield from self._struct(
                "FragmentInputs", self._inputs("FragmentInputs", "varying", objects)
            )
        if vertex:
            yield "var<private> vertexOutputs: FragmentInputs;\n"
        if self._stage("fragment"):
            yield "var<private> fragmentInputs: FragmentInputs;\n"
            yield from self._struct("FragmentOutputs", list(self._outputs()))
            yield "var<private> fragmentOutputs: FragmentOutputs;\n"

    def _stage(self, stage: str) -> bool:
        of_main = bool(self.main) and self.main[2].lower() == stage
        return of_main or any(f"{stage}{what}" in self.uses for what in ("Inputs", "Outputs"))

    def _uniforms(self, name: str) -> Iterator[str | Placed]:
        """A struct and its variable, of what is declared or else of what is used."""
        if re.search(rf"\bvar\s*<[^<>]*>\s*{name}\b", self.text.text):
            return
        declared = dict(self.members.get("uniform", {})) if name == "uniforms" else {}
        for used in self.uses.get(name, ()):
            kind = _ENGINE.get(name, {}).get(used) or self.known.get(used, "f32")
            declared.setdefault(used, f"{used}: {kind}")
        kinds = " ".join(str(getattr(m, "text", m)) for m in declared.values())
        space = "storage, read" if "array" in kinds or "bool" in kinds else "uniform"
        struct = f"{name.capitalize()}Of" if f"struct {name.capitalize()}" in self.text.text else (
            name.capitalize())  # fmt: skip
        yield from self._struct(struct, list(declared.values()))
        yield f"@group(0) @binding({self._binding()}) var<{space}> {name}: {struct};\n"

    def _inputs(self, struct: str, kind: str, objects: Sequence[str]) -> list[str | Placed]:
        """The members of what a stage reads: declared ones, used ones, and built-in values."""
        of_main = (self.main[1],) if self.main and self.main[2] == struct[: -len("Inputs")] else ()
        used = {use for name in (*objects, *of_main) for use in self.uses.get(name, ())}
        builtins = _BUILTINS[struct]
        found: list[str | Placed] = [
            said for name, said in builtins.items() if name in used or name == "position"
        ]
        members = dict(self.members.get(kind, {}))
        for name in sorted(used - set(builtins)):
            members.setdefault(name, f"{name}: {self.known.get(name, 'f32')}")
        for number, member in enumerate(members.values()):
            said = str(getattr(member, "text", member))
            flat = "@interpolate(flat) " if _WHOLE_NUMBERS.search(said) else ""
            flat = flat if kind == "varying" else ""
            found.append(self._joined(f"@location({number}) {flat}", member))
        return found

    def _joined(self, attributes: str, member: str | Placed) -> Placed:
        return Placed.join([self._placed(attributes), self._placed(member)])

    def _outputs(self) -> Iterator[str]:
        used = self.uses.get("fragmentOutputs", {})
        numbered = sorted(
            {int(n[1]) for name in used if (n := re.fullmatch(r"fragData(\d)", name))}
        )
        builtins = _BUILTINS["FragmentOutputs"]
        yield from (said for name, said in builtins.items()
                    if name in used or (name == "color" and not numbered))  # fmt: skip
        yield from (f"@location({n}) fragData{n}: vec4f" for n in numbered)

    def _struct(self, name: str, members: Sequence[str | Placed]) -> Iterator[str | Placed]:
        yield f"struct {name} {{\n"
        for member in members:
            yield "    "
            yield member
            yield ",\n"
        yield "}\n"
