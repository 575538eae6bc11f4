"""A family that needs a module around it, as functions of plain words: its world is emulated.

One invocation does it all: uniforms become private variables and buffers stay buffers, both filled
anew for each row; textures become functions of their coordinates, a stage becomes a function, and
a kernel is called once for each of its invocations, one after another. So every body sees the same
world, and all that it may write is compared. Kernels that need several invocations at once
(barriers) have no such world.
"""

import re
from dataclasses import dataclass, field

import numpy as np

from tat.synth.domain import Domain
from tat.synth.draft import CONSTANTS
from tat.synth.draws import Draws
from tat.synth.emulation import HELPERS, emulated
from tat.synth.family import Family, split_list, with_type
from tat.synth.stand_ins import stand_in
from tat.synth.templates import expanded
from tat.wgsl.harness import Type, parse_type
from tat.wgsl.protocol import Binding
from tat.wgsl.sandbox import Sandbox

ROWS = 12
LISTED = 16  # elements of an array in a struct that are filled; indices are below 13
ELEMENTS = 64  # of a buffer without a size
_STRUCT = re.compile(r"struct (\w+) \{(.*)\}$")
_BINDING = re.compile(r"(uniform|storage|storage_rw|handle) (\w+): (.*);$")
_ATTRIBUTE = re.compile(r"@\w+(?:\([^)]*\))?\s*")
_ARRAY = re.compile(r"array<(.+?)(?:, *(\w+))?>$")
_POINTER = re.compile(r"ptr<function, *(.+)>$")
_CONSTANT = re.compile(rf"\b(?:{'|'.join(CONSTANTS)})\b")
_PARALLEL = re.compile(r"var<workgroup>|workgroupBarrier|storageBarrier|subgroup|ptr<(?!function)")
_PRIVATE = re.compile(r"var<private> (\w+): ([^=]+);$")
_SHARED = re.compile(r"atomic|array<")  # what is no private variable
_GRIDS = {1: (64, 1, 1), 2: (8, 8, 1), 3: (4, 4, 4)}
_BUILTINS = {
    "global_invocation_id": "vec3u(tat_x, tat_y, tat_z)",
    "local_invocation_id": "vec3u(tat_x, tat_y, tat_z)",
    "local_invocation_index": "tat_x + 8u * tat_y + 64u * tat_z", "workgroup_id": "vec3u(0u)",
    "num_workgroups": "vec3u(1u)",
}  # fmt: skip


def emulable(family: Family) -> bool:
    """Whether a world can be made for it."""
    texts = " ".join([*family.context, *(text for _, text in family.bodies),
                      *family.signature_types])  # fmt: skip
    return not family.plain and not _PARALLEL.search(texts)


@dataclass
class World:
    """The module around the bodies of a family, with a type in place of T."""

    family: Family
    kind: str
    domain: Domain
    kept: dict[str, str] = field(default_factory=dict)
    structs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    declarations: list[str] = field(default_factory=list)
    textures: dict[str, str] = field(default_factory=dict)
    words: list[np.ndarray] = field(default_factory=list)  # uint32 [ROWS]
    scalars: list[str] = field(default_factory=list)  # of results
    filling: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)  # statements that collect results
    bindings: list[Binding] = field(default_factory=list)

    def run(self, sandbox: Sandbox, seconds: float = 60.0) -> np.ndarray:
        """Results [bodies, ROWS, scalars] as float64; raises as Sandbox.run does."""
        source = self._kernel()
        words = np.stack(self.words, axis=1)
        count = len(self.family.bodies) * ROWS * len(self.scalars)
        given = [Binding(0, 0, "read", words.tobytes()), Binding(0, 1, "storage", bytes(4 * count))]
        written = sandbox.run(source, "tat_world", given + self.bindings, (1, 1, 1), seconds)
        bits = np.frombuffer(written[0, 1], np.uint32).reshape(-1, ROWS, len(self.scalars))
        floats = np.array([scalar == "f32" for scalar in self.scalars])
        with np.errstate(invalid="ignore"):
            return np.where(floats, bits.view(np.float32), bits).astype(np.float64)

    def _kernel(self) -> str:
        family = self.family
        self.words.append(np.arange(1, ROWS + 1, dtype=np.uint32))
        draws = Draws(0, 0)
        attributes = expanded(family.attribute_template, draws, self.kept)
        types = [expanded(p.template, draws, self.kept) for p in family.parameters]
        for template in family.context_templates:
            self._declare(self._typed(expanded(template, draws, self.kept)))
        parts, after = [], []
        for parameter, kind in zip(family.parameters, map(self._typed, types)):
            self._parameter(parameter.names[0], kind, parameter.attributes, parts, after)
        result = _ATTRIBUTE.sub("", self._typed(family.result)).strip()
        if result:
            self._collect("tat_out", result)
        called = self._calls(f"BODY({', '.join(parts)})", attributes, result)
        texts = [stand_in(helper, self.kind, helper.name) for helper in family.helpers]
        texts += self._bodies(types, result)
        first = f"(BODY * {ROWS}u + tat_row) * {len(self.scalars)}u"
        lines = [f"let tat_to = {first};", *self.filling, *after, called, *self.written]
        texts += [
            f"fn world{i}(tat_row: u32) {{\n" + "\n".join(lines).replace("BODY(", f"body{i}(")
            .replace("BODY", f"{i}u") + "\n}"
            for i in range(len(family.bodies))
        ]  # fmt: skip
        turns = " ".join(f"world{i}(tat_row);" for i in range(len(family.bodies)))
        text = "\n".join([
            "@group(0) @binding(0) var<storage, read> tat_words: array<u32>;",
            "@group(0) @binding(1) var<storage, read_write> tat_got: array<u32>;",
            *self.declarations, *HELPERS, *texts,
            f"@compute @workgroup_size(1) fn tat_world() {{"
            f" for (var tat_row = 0u; tat_row < {ROWS}u; tat_row++) {{ {turns} }} }}",
        ])  # fmt: skip
        return text.replace("WIDTHu", f"{len(self.words)}u")

    def _place(self, name: str, whole: str, size: int) -> None:
        """A buffer of at least `size` bytes."""
        number = len(self.bindings) + 2
        space = f"@group(0) @binding({number}) var<storage, read_write>"
        self.declarations.append(f"{space} {name}: {whole};")
        self.bindings.append(Binding(0, number, "storage", bytes(size)))

    def _typed(self, text: str) -> str:
        return with_type(text, self.kind)

    def _declare(self, line: str) -> None:
        line = _CONSTANT.sub(lambda match: CONSTANTS[match[0]][1][0], line)
        if match := _STRUCT.match(line):
            members = [_ATTRIBUTE.sub("", part) for part in split_list(match[2])]
            pairs = [tuple(part.replace(" ", "").split(":", 1)) for part in members]
            self.structs[match[1]] = pairs  # type: ignore[assignment]
            listed = ", ".join(": ".join(pair) for pair in pairs)
            self.declarations.append(f"struct {match[1]} {{ {listed} }}")
        elif match := _BINDING.match(line):
            self._bind(*match.groups())
        elif match := _PRIVATE.match(line):
            self.declarations.append(line)
            self._input(match[1], match[1], match[2], self.filling)
            self._collect(match[1], match[2])
        else:
            self.declarations.append(line.replace("override ", "const "))

    def _bind(self, space: str, name: str, kind: str) -> None:
        if space == "handle":
            self.textures[name] = kind
            if "storage" in kind:
                self._place(f"{name}_texels", "array<vec4f, 64>", 1024)
                zero = f"{name}_texels[tat_j] = vec4f();"
                self.filling.append(f"for (var tat_j = 0u; tat_j < 64u; tat_j++) {{ {zero} }}")
                self._collect_all(f"{name}_texels", "vec4f", "64")
            return
        array = _ARRAY.match(kind)
        element, count = (array[1], array[2] or str(ELEMENTS)) if array else ("", "")
        inner = self._leaves("", name, element or kind)
        size = 16 * sum(max(parse_type(plain).columns, 1) for _, _, plain, _ in inner)
        if array:
            many = int(count) if count.isdigit() else 1024
            self._place(name, kind, size * max(many, ELEMENTS))
            self._fill(name, element, count)
        elif size < 1024 and not _SHARED.search(str((kind, self.structs))):
            self.declarations.append(f"var<private> {name}: {kind};")
            self._input(name, name, kind, self.filling)
        else:
            self._place(name, kind, max(size, 1 << 16))
            self._input(name, name, kind, self.filling)
        if space == "storage_rw":
            if array:
                self._collect_all(name, element, count)
            else:
                self._collect(name, kind)

    def _leaves(self, path: str, name: str, kind: str) -> list[tuple[str, str, str, bool]]:
        """Path, name and plain type of all that a value is made of, and whether it is atomic."""
        if kind.startswith("atomic<"):
            return [(path, name, kind[7:-1], True)]
        if kind in self.structs:
            return [leaf for member, inner in self.structs[kind]
                    for leaf in self._leaves(f"{path}.{member}", member, inner)]  # fmt: skip
        if array := _ARRAY.match(kind):
            count = min(int(array[2] or 8), LISTED)
            return [leaf for i in range(count)
                    for leaf in self._leaves(f"{path}[{i}]", name, array[1])]  # fmt: skip
        return [(path, name, kind, False)]

    def _input(self, path: str, name: str, kind: str, filling: list[str]) -> None:
        """Statements that read a value from words, and words of the family's domain."""
        for place, leaf, plain, atomic in self._leaves(path, name, kind):
            given = parse_type(plain)
            values = self.domain.draw_one(leaf, given, ROWS, len(self.words))
            for i, component in enumerate(given.paths):
                if given.scalar == "f32":
                    bits = values[:, i].astype(np.float32).view(np.uint32)
                else:
                    bits = values[:, i].astype(np.int64).astype(np.uint32)
                word = f"tat_words[tat_row * WIDTHu + {len(self.words)}u]"
                read = f"{word} != 0u" if given.scalar == "bool" else (
                    f"bitcast<{given.scalar}>({word})")  # fmt: skip
                filling.append(_stored(place + component, read, atomic))
                self.words.append(bits)

    def _fill(self, name: str, element: str, count: str) -> None:
        """A buffer of pseudo-random elements of the domain."""
        lines, turn = [], 0
        for place, leaf, plain, atomic in self._leaves(f"{name}[tat_j]", name, element):
            given = parse_type(plain)
            low, high = self.domain.interval(leaf, given.scalar)
            for component in given.paths:
                turn += 1
                unit = (
                    f"tat_unit(tat_row * 7919u + tat_j * 131u + {turn + 100 * len(self.filling)}u)"
                )
                drawn = f"mix({low:.6f}, {high:.6f}, {unit})"
                if given.scalar != "f32":
                    drawn = f"{given.scalar}(floor(mix({low:.1f}, {high + 1:.1f}, {unit})))"
                drawn = self.domain.ordered(leaf, given.scalar, drawn, place, unit)
                lines.append(_stored(place + component, drawn, atomic))
        self.filling.append(
            f"for (var tat_j = 0u; tat_j < u32({count}); tat_j++) {{ {' '.join(lines)} }}"
        )

    def _collect(self, path: str, kind: str) -> None:
        for place, _, plain, atomic in self._leaves(path, "", kind):
            given = parse_type(plain)
            for component in given.paths:
                value = _word(given, place + component, atomic)
                self.written.append(f"tat_got[tat_to + {len(self.scalars)}u] = {value};")
                self.scalars.append(given.scalar)

    def _collect_all(self, path: str, element: str, count: str) -> None:
        lines, first, leaves = [], len(self.scalars), self._leaves(f"{path}[tat_j]", "", element)
        parts = [(parse_type(plain), place, atomic) for place, _, plain, atomic in leaves]
        each = [(t.scalar, _word(t, place + c, a)) for t, place, a in parts for c in t.paths]
        size = int(count) if count.isdigit() else ELEMENTS
        for i, (_, value) in enumerate(each):
            lines.append(f"tat_got[tat_to + {first + i}u + tat_j * {len(each)}u] = {value};")
        self.scalars += [scalar for _ in range(size) for scalar, _ in each]
        self.written.append(
            f"for (var tat_j = 0u; tat_j < {size}u; tat_j++) {{ {' '.join(lines)} }}"
        )

    def _parameter(
        self, name: str, kind: str, attributes: str, parts: list[str], after: list[str]
    ) -> None:
        builtin = re.search(r"@builtin\((\w+)\)", attributes)
        if builtin and builtin[1] in _BUILTINS:
            parts.append(_BUILTINS[builtin[1]])
            return
        pointer = _POINTER.match(kind)
        kind = pointer[1] if pointer else kind
        after.append(f"var {name}_p: {kind};")
        filled: list[str] = []
        self._input(f"{name}_p", name, kind, filled)
        after += filled
        parts.append(f"&{name}_p" if pointer else f"{name}_p")
        if pointer:
            self._collect(f"{name}_p", kind)

    def _calls(self, call: str, attributes: str, result: str) -> str:
        if "@compute" not in attributes:
            return f"let tat_out = {call};" if result else f"{call};"
        size = re.search(r"@workgroup_size\(([^)]*)\)", attributes)
        sizes = [part.strip() for part in (size[1] if size else "1").split(",")]
        used = len(sizes) - sizes[::-1].index(next((s for s in sizes[::-1] if s != "1"), sizes[0]))
        x, y, z = _GRIDS[used]
        loops = "".join(
            f"for (var tat_{axis} = 0u; tat_{axis} < {n}u; tat_{axis}++) {{ "
            for axis, n in (("z", z), ("y", y), ("x", x))
        )
        return f"{loops}{call}; }} }} }}"

    def _bodies(self, types: list[str], result: str) -> list[str]:
        listed = ", ".join(
            f"{p.names[0]}: {self._typed(kind)}" for p, kind in zip(self.family.parameters, types)
        )
        arrow = f" -> {result}" if result else ""
        texts = []
        for i, (is_expression, template) in enumerate(self.family.body_templates):
            text = self._typed(expanded(template, Draws(0, 1), dict(self.kept)))
            text = f"return {text};" if is_expression else text
            text = _CONSTANT.sub(lambda match: CONSTANTS[match[0]][1][0], text)
            text = text.replace("discard;", f"return {result}();" if result else "return;")
            body = emulated(text, self.textures, ELEMENTS)
            texts.append(f"fn body{i}({listed}){arrow} {{\n{body}\n}}")
        return texts


def _stored(place: str, value: str, atomic: bool) -> str:
    return f"atomicStore(&{place}, {value});" if atomic else f"{place} = {value};"


def _word(given: Type, text: str, atomic: bool) -> str:
    text = f"atomicLoad(&{text})" if atomic else text
    return f"select(0u, 1u, {text})" if given.scalar == "bool" else f"bitcast<u32>({text})"
