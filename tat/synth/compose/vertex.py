"""Vertex stages: attributes and matrices to a position, and what is interpolated."""

import re
from collections.abc import Callable

from tat.synth.compose.parts import VERTEX_NAMES, composed, struct
from tat.synth.draft import Draft
from tat.synth.draws import Draws, Weighted
from tat.synth.step_tables import joined_words

_POSITIONS = Weighted(("vec3f", 75), ("vec4f", 13), ("vec2f", 12))
_UNUSED = ("padding: vec2f", "eye: vec3f", "near: f32", "flags: u32", "resolution: vec2f")
_AXES = (("y", "x"), ("y", "z"), ("z", "x"), ("x", "y"))
_CALLED = {
    "uv": "texture coordinates", "worldPos": "the position in world space",
    "instColor": "the color of the instance",
}  # fmt: skip
_WORLD = "let wp/world/worldPosition4 = {};"


class Vertex:
    """A vertex stage on its way; `transform` says how the position comes to clip space."""

    def __init__(self, draws: Draws, transform: "Callable[[Vertex], str]", kind: str = "") -> None:
        self.draws = draws
        self.position_type = kind or draws.weighted(_POSITIONS)
        self.inputs = {"inPos": self.position_type}
        self.lit = self.position_type != "vec2f" and draws.chance(0.4)
        self._add_inputs()
        self.by_struct = draws.chance(0.55) or len(self.inputs) > 3
        self.settings: list[str] = []
        self.context: list[str] = []
        self.lines: list[str] = []
        self.descriptions: list[str] = []
        self.more_parameters: list[str] = []
        self.told = ""  # what is done to the texture coordinates
        self.model = ""  # matrix to world space
        self.world = ""  # position in world space, vec4f
        self.outputs: dict[str, tuple[str, str]] = {}  # name: (type, value)
        self.clip = transform(self)

    def _add_inputs(self) -> None:
        draws = self.draws
        if self.lit:
            self.inputs["normal"] = "vec3f"
        if draws.chance(0.5):
            self.inputs["uv"] = "vec2f"
        if draws.chance(0.25):
            self.inputs["color"] = draws.pick(("vec3f", "vec4f", "vec4f"))
        if self.lit and draws.chance(0.2):
            self.inputs["tangent"] = "vec4f"
        if draws.chance(0.2):
            items = list(self.inputs.items())
            draws.shuffle(items)
            self.inputs = dict(items)

    def input(self, name: str) -> str:
        """An attribute, as the body reads it."""
        return f"vin.{name}" if self.by_struct else name

    @property
    def position(self) -> str:
        """The attribute of the position as vec4f."""
        forms = {"vec3f": "vec4f({}, 1.0)", "vec2f": "vec4f({}, 0.0, 1.0)", "vec4f": "{}"}
        return forms[self.position_type].format(self.input("inPos"))

    @property
    def position3(self) -> str:
        """The attribute of the position as vec3f."""
        forms = {"vec3f": "{}", "vec2f": "vec3f({}, 0.0)", "vec4f": "{}.xyz"}
        return forms[self.position_type].format(self.input("inPos"))

    def through_world(self, model: str, share: float) -> bool:
        """In this share of draws, a variable holds the position in world space."""
        self.model = model
        if not self.draws.chance(share):
            return False
        self.world = "wp"
        self.lines.append(_WORLD.format(f"{model} * {self.position}"))
        return True

    def draft(self) -> Draft:
        """The draft of all that was gathered."""
        self._pass_on()
        self._declare_settings()
        parameters = self._parameters()
        result = self._return()
        if len(self.outputs) > 1:
            names = [re.sub("Out$", "", name) for name in self.outputs]
            words = joined_words([_CALLED.get(name, name) for name in names])
            self.descriptions.append(f"Vertex stage that passes {words} on")
        if self.told:
            self.descriptions = [f"{text}; {self.told}" for text in self.descriptions]
        return composed(
            self.draws, "vertex", VERTEX_NAMES, parameters, result, self.lines,
            attributes="@vertex", context=self.context, descriptions=self.descriptions,
        )  # fmt: skip

    def _pass_on(self) -> None:
        """Outputs for attributes: as they are, or in world space."""
        draws = self.draws
        suffix = "" if draws.chance(0.6) else "Out"
        if "uv" in self.inputs and draws.chance(0.92):
            self.outputs["uv" + suffix] = ("vec2f", self._coordinates())
        kind = self.inputs.get("color")
        if kind and draws.chance(0.95):
            self.outputs["color" + suffix] = (kind, self.input("color"))
        if "inst" in " ".join(self.lines) and "tint" in " ".join(self.context):
            both = kind == "vec4f" and draws.chance(0.5)
            value = f"inst.tint * {self.input('color')}" if both else "inst.tint"
            self.outputs["instColor"] = ("vec4f", value)
        if self.lit:
            value = self._normal()
            value = f"normalize({value})" if draws.chance(0.4) and self.settings else value
            self.outputs["normal" + suffix] = ("vec3f", value)
            if self.model and draws.chance(0.6):
                place = self.world or f"({self.model} * {self.position})"
                self.outputs["worldPos"] = ("vec3f", f"{place}.xyz")
        if "tangent" in self.inputs:
            value = self.input("tangent")
            if self.model:
                value = f"vec4f(({self.model} * vec4f({value}.xyz, 0.0)).xyz, {value}.w)"
            self.outputs["tangentOut"] = ("vec4f", value)

    def _coordinates(self) -> str:
        value, share = self.input("uv"), self.draws.random()
        if share < 0.1 and self.settings:
            self.settings.append("uvTransform: vec4f")
            self.told = "scales the texture coordinates and shifts them"
            return f"{value} * uniforms.uvTransform.xy + uniforms.uvTransform.zw"
        if 0.1 <= share < 0.16:
            self.told = "flips the texture coordinates vertically"
            return f"vec2f({value}.x, 1.0 - {value}.y)"
        return value

    def _normal(self) -> str:
        value = self.input("normal")
        if "normalMatrix" in " ".join(self.context):
            return f"object.normalMatrix * {value}"
        return f"({self.model} * vec4f({value}, 0.0)).xyz" if self.model else value

    def _declare_settings(self) -> None:
        if not self.settings:
            return
        draws = self.draws
        if draws.chance(0.25):
            place = draws.below(len(self.settings) + 1)
            unused = [m for m in _UNUSED if "eye" not in m or "cameraPos" not in str(self.settings)]
            self.settings.insert(place, draws.pick(unused))
        self.context.insert(0, struct("Uniforms", self.settings))
        place = 1 if draws.chance(0.6) else len(self.context)
        self.context.insert(place, "uniform uniforms: Uniforms;")

    def _parameters(self) -> str:
        located = [f"@location({i}) {n}: {kind}" for i, (n, kind) in enumerate(self.inputs.items())]
        if self.by_struct:
            self.context.append(struct("VertexInput", located))
            located = ["vin: VertexInput"]
        parameters = located + self.more_parameters
        return ", ".join(parameters[::-1] if self.draws.chance(0.15) else parameters)

    def _return(self) -> str:
        """End the body; returns the type of the result."""
        draws = self.draws
        if not self.outputs and draws.chance(0.8):
            self.lines.append(f"return {self.clip};")
            return "@builtin(position) vec4f"
        kinds = [
            f"@location({i}) {n}: {kind}" for i, (n, (kind, _)) in enumerate(self.outputs.items())
        ]
        members = ["@builtin(position) position: vec4f", *kinds]
        self.context.append(struct("VertexOutput", members))
        values = [("position", self.clip), *((n, value) for n, (_, value) in self.outputs.items())]
        if draws.chance(0.2):
            self.lines.append(f"return VertexOutput({', '.join(value for _, value in values)});")
            return "VertexOutput"
        if draws.chance(0.2):
            values = values[1:] + values[:1]
        self.lines.insert(draws.pick((0, len(self.lines))), "var vout: VertexOutput;")
        self.lines += [f"vout.{name} = {value};" for name, value in values]
        self.lines.append("return vout;")
        return "VertexOutput"


def _one_matrix(v: Vertex) -> str:
    v.settings = ["mvp: mat4x4f"]
    if v.lit and v.draws.chance(0.4):
        v.settings.append("modelMatrix: mat4x4f")
        v.model = "uniforms.modelMatrix"
    v.descriptions += ["Transforms the vertex to clip space",
                       "Multiplies the position by the model-view-projection matrix"]  # fmt: skip
    return f"uniforms.mvp * {v.position}"


def _two_matrices(v: Vertex) -> str:
    draws = v.draws
    if draws.chance(0.5):
        v.settings, model = ["viewProj: mat4x4f", "modelMatrix: mat4x4f"], "uniforms.modelMatrix"
    else:
        v.settings = ["viewProj: mat4x4f"] + (["cameraPos: vec3f"] if draws.chance(0.4) else [])
        normal = ["normalMatrix: mat3x3f"] if draws.chance(0.2) else []
        v.context.append(struct("Model/ModelUniforms/ObjectUniforms/Mesh/Instance",
                                ["modelMatrix: mat4x4f", *normal]))  # fmt: skip
        v.context.append("uniform object/modelUniforms/mesh/perObject: Model;")
        model = "object.modelMatrix"
    v.descriptions += ["Moves the vertex to world space and then to clip space",
                       "Transforms a vertex by model and view-projection matrix"]  # fmt: skip
    if v.through_world(model, 0.6):
        return "uniforms.viewProj * wp"
    return f"uniforms.viewProj * {model} * {v.position}"


def _three_matrices(v: Vertex) -> str:
    v.settings = ["modelMatrix: mat4x4f", "viewMatrix: mat4x4f", "projMatrix: mat4x4f"]
    if v.draws.chance(0.3):
        v.draws.shuffle(v.settings)
    v.descriptions += ["Applies model, view and projection matrix", "Standard vertex transform"]
    if not v.through_world("uniforms.modelMatrix", 0.4):
        return f"uniforms.projMatrix * uniforms.viewMatrix * uniforms.modelMatrix * {v.position}"
    if v.draws.chance(0.4):
        v.lines.append("let viewPos4/viewSpace/mvPosition = uniforms.viewMatrix * wp;")
        return "uniforms.projMatrix * viewPos4"
    return "uniforms.projMatrix * uniforms.viewMatrix * wp"


def _nothing(v: Vertex) -> str:
    v.descriptions += ["Passes the vertex through", "Pass-through vertex stage"]
    return v.position


def _flat(v: Vertex) -> str:
    v.settings = ["scale: vec2f", "offset: vec2f"]
    place = v.input("inPos")
    if v.draws.chance(0.3):
        v.settings.append("angle: f32")
        v.lines += [
            "let c/cosA = cos(uniforms.angle);", "let s/sinA = sin(uniforms.angle);",
            f"let q/rotated = vec2f(c * {place}.x - s * {place}.y, s * {place}.x + c * {place}.y);",
        ]  # fmt: skip
        place = "q"
    verbs = "Rotates, scales" if place == "q" else "Scales"
    v.descriptions.append(f"{verbs} and moves a 2D vertex")
    v.lines.append(f"let p/scaled/pos2 = {place} * uniforms.scale + uniforms.offset;")
    return "vec4f(p, 0.0, 1.0)"


def _instanced(v: Vertex) -> str:
    v.settings = ["viewProj: mat4x4f"]
    v.more_parameters = ["@builtin(instance_index) instanceIndex: u32"]
    if v.draws.chance(0.5):
        v.context.append("storage instances/modelMatrices/transforms: array<mat4x4f>;")
        model = "instances[instanceIndex]"
    else:
        v.context.append(struct("Instance/InstanceData/ObjectData",
                                ["modelMatrix: mat4x4f", "tint/instanceColor: vec4f"]))  # fmt: skip
        v.context.append("storage instances/objects/instanceData: array<Instance>;")
        v.lines.append("let inst/instance/obj = instances[instanceIndex];")
        model = "inst.modelMatrix"
    v.descriptions += ["Places an instance with its matrix", "Instanced vertex stage"]
    if v.through_world(model, 0.6):
        return "uniforms.viewProj * wp"
    return f"uniforms.viewProj * {model} * {v.position}"


def _offset_instances(v: Vertex) -> str:
    v.settings, v.by_struct = ["viewProj: mat4x4f"], True
    v.inputs["offset"] = "vec3f"
    scale = ""
    if v.draws.chance(0.5):
        v.inputs["scale"], scale = "f32", " * vin.scale"
    v.lines.append(f"let wpos/worldP/placed = {v.position3}{scale} + vin.offset;")
    v.descriptions += ["Places an instance at its offset", "Instanced vertex stage"]
    return "uniforms.viewProj * vec4f(wpos, 1.0)"


def _wave(v: Vertex) -> str:
    v.settings = ["mvp: mat4x4f", "time: f32", "amplitude: f32", "frequency: f32"]
    axis, along = v.draws.pick(_AXES)
    v.lines += [
        f"var p/pos3/displaced = {v.input('inPos')};",
        f"p.{axis} += sin(p.{along} * uniforms.frequency + uniforms.time) * uniforms.amplitude;",
    ]
    v.descriptions += [
        f"Moves the vertex along {axis} with a sine wave that travels along {along}",
        "Waving surface",
    ]
    return "uniforms.mvp * vec4f(p, 1.0)"


_TRANSFORMS: Weighted[tuple[Callable[[Vertex], str], str]] = Weighted(
    ((_one_matrix, ""), 30), ((_two_matrices, ""), 18), ((_three_matrices, ""), 14),
    ((_nothing, ""), 10), ((_flat, "vec2f"), 10), ((_instanced, ""), 7),
    ((_offset_instances, ""), 3), ((_wave, "vec3f"), 8),
)  # fmt: skip


def vertex(draws: Draws) -> Draft:
    """A vertex stage."""
    transform, kind = draws.weighted(_TRANSFORMS)
    return Vertex(draws, transform, kind).draft()
