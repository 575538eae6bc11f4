"""Names and places of drawn functions: true of the values that they stand for."""

import re

import pytest

from tat.synth.comments import described
from tat.synth.compose.meanings import TYPES, Ways, called_so, known_steps
from tat.synth.draft import Draft
from tat.synth.draws import Draws
from tat.synth.dress import PLAIN, About, Dress, drawn_dress, dressed
from tat.synth.family import split_list, with_type
from tat.synth.generator import Generator
from tat.synth.longer import longer_names, names_by_word
from tat.synth.places import as_constants, as_fragment, as_kernel, as_settings
from tat.synth.practice.chains import Chain
from tat.synth.renaming import chosen_names
from tat.synth.tables import all_families, parse_table
from tat.synth.templates import compiled
from tat.synth.words import RESERVED, camel_words, decorated, plural, snake_case

_TYPE_BEHIND = re.compile(r"(?:_|(?<=[a-z]))(f32|vec[234][fiu]?|[234]x[234])$", re.I)
_LOCAL = re.compile(r"\b(?:let|var|const) (\w+)")
_NORMALIZED = re.compile(r"let \w+ = normalize\(([\w.]*(?:[nN]orm|nrm|\bN\b)\w*)\);")
_UNUSED = {("phaseIsotropic", "cosTheta")}  # a phase function takes the angle
_ANY = ("velocity", "position", "energy", "gradient", "step", "draw", "value", "quantum")  # type
_ARGUMENTS = re.compile(r"struct \w*(?:Draw|Indirect)\w* \{(.*?)\}", re.S)


@pytest.mark.parametrize("family", ["cullInstances", "compactVisible", "resetDraw"])
def test_indirect_arguments_keep_their_order(family: str):
    generator = Generator(only=family, seed=8)
    found = [_ARGUMENTS.search(made.written.context) for made in map(generator.make, range(200))
             if made]  # fmt: skip
    members = [match[1].lower().replace("_", "").splitlines()[1:] for match in found if match]
    assert len(members) > 100
    for lines in members:
        assert len(lines) == len(members[0])
        assert "count" in lines[0] and "first" in lines[2] and "firstinstance" in lines[-1]


def test_the_subject_of_a_function_stays_its_parameter():
    scaled, pattern = parse_table(
        "fn f(p: f32, b: f32, width: f32) -> f32\n  = p * b + width\n\n"
        "fn g(p: vec2f, width: f32) -> f32\n  = p.x * width\n", "uv", "t",
    )  # fmt: skip
    for number in range(60):
        for place in (as_settings, as_constants, as_kernel, as_fragment):
            draft = Draft(pattern if place is as_fragment else scaled, Draws(3, number))
            assert place(draft)
            moved = " ".join([*draft.constants, *(c for c in draft.context if "m_" in c)])
            assert "width" in moved and not re.search(r"uniform [pb]\b|const [pb]\b", moved)


@pytest.mark.parametrize(
    ("table", "area", "seen"),
    [
        ("fn stripes(uv: vec2f) -> f32\n  = fract(uv.x)\n", "uv", True),
        ("fn ramp(t: f32) -> vec3f\n  = vec3f(t)\n", "color", True),
        ("fn toLab(c: vec3f) -> vec3f\n  = c.yxz\n", "color", False),
        ("fn kelvinOf(xy: vec2f) -> f32\n  = xy.x / xy.y\n", "color", False),
        ("fn sdBall(p: vec3f, r: f32) -> f32\n  = length(p) - r\n", "sdf", False),
        ("fn blend(a: f32, b: f32) -> f32\n  = a * b\n", "color", False),
    ],
)
def test_a_fragment_stage_shows_what_one_looks_at(table: str, area: str, seen: bool):
    (family,) = parse_table(table, area, "t")
    assert as_fragment(Draft(family, Draws(4, 1))) is seen


@pytest.mark.parametrize(
    ("name", "snake"),
    [("rotXOp", "rot_x_op"), ("sdBox2D", "sd_box2d"), ("rgbToYCbCr", "rgb_to_ycbcr"),
     ("NdotL", "NdotL"), ("linearToSRGB", "linear_to_srgb")],
)  # fmt: skip
def test_words_of_a_name_are_known_by_their_capitals(name: str, snake: str):
    assert snake_case(name) == snake


def test_a_buffer_of_short_names_has_a_name():
    assert [plural(w) for w in ("index", "t", "range0", "radius", "velocity")] == [
        "indices", "tValues", "range0Values", "radiuses", "velocities",
    ]  # fmt: skip


def test_siblings_are_called_alike():
    (family,) = parse_table("fn f(a/c0/start: f32, b/c1/end: f32) -> f32\n  = a + b\n", "t", "t")
    wanted = {"a": "b", "c0": "c1", "start": "end"}
    names = [chosen_names(family.alternatives, (), Draws(4, n), False, family.siblings)
             for n in range(100)]  # fmt: skip
    plain = [names for names in names if names["a"] in wanted and names["b"] in wanted.values()]
    assert len(plain) > 60 and all(wanted[n["a"]] == n["b"] for n in plain)


@pytest.mark.parametrize(
    ("told", "name", "text"),
    [("Ball of radius {x}", "radius", "Ball of radius `radius`"),
     ("Brightens by {x} stops", "stops", "Brightens by `stops` stops"),
     ("Whether bit {x} is set", "bit", "Whether bit `bit` is set"),
     ("Ball of radius {x}", "r", "Ball of radius r")],
)  # fmt: skip
def test_a_name_beside_the_same_word_is_marked(told: str, name: str, text: str):
    assert described([compiled(told)], {"x": name}, "", Draws(1, 1)) == text


def test_steps_take_and_give_what_their_meanings_say():
    ways = Ways([family for family in all_families() if family.plain]).all
    known = {family.id for family in all_families()}
    assert {name.partition("@")[0] for *_, name in known_steps()} <= known
    for way in ways:
        for meaning, parameter in zip(way.takes, way.family.parameters[way.main :]):
            assert parameter.type in ("T", TYPES.get(meaning, "f32")) or meaning in _ANY
        kind = way.kind(TYPES.get(way.takes[0], "f32"))
        given = with_type(way.family.result, kind)
        assert given == TYPES.get(way.gives, "f32") or way.gives in _ANY, (way.family.id, given)
        assert way.gives in called_so(), way.gives


def test_a_step_that_keeps_a_meaning_comes_once_and_in_its_place():
    ways = Ways([family for family in all_families() if family.plain])
    assert all((way.place > 0) == (way.takes[:1] == (way.gives,)) for way in ways.all
               if len(way.takes) == 1)  # fmt: skip
    for number in range(300):
        way = ways.next("color", "vec3f", set(), Draws(2, number), 2)
        assert way is None or way.gives != "color" or way.place == 3


@pytest.mark.parametrize("number", range(40))
def test_practice_tells_of_its_first_value_by_name(number: int):
    chain = Chain(Draws(6, number))
    assert all(f"{{{chain.first}}}" in words and "}s " not in words for words in chain.words)


def test_a_setting_in_first_place_goes_with_its_partner():
    (family,) = parse_table(
        "fn f(edge0: f32, edge1: f32, x: f32) -> f32\n  = (x - edge0) / edge1\n", "t", "t"
    )
    for number in range(20):
        draft = Draft(family, Draws(5, number))
        assert as_settings(draft) and [a.name for a in draft.arguments] == ["x"]


def test_a_body_uses_what_it_names():
    """Each local, and each parameter of the signature, is read somewhere."""
    for family in all_families():
        for _, body in family.bodies:
            for name in _LOCAL.findall(body):
                assert len(re.findall(rf"(?<![\w.]){name}\b", body)) > 1, (family.id, name)
            for parameter in family.parameters:
                name = parameter.names[0]
                known = (family.names[0], name) in _UNUSED
                assert known or re.search(rf"\b{name}\b", body), (family.id, name)


def test_names_say_nothing_that_is_untrue():
    decorations = {decorated("color", Draws(5, number)) for number in range(300)}
    assert "theColor" in decorations and not {"colorIn", "colorArg"} & decorations
    assert "pi2" not in {decorated("pi", Draws(5, number)) for number in range(300)}
    doubled = {decorated("value", Draws(5, number)) for number in range(300)}
    assert "valueValue" not in doubled


def test_a_lit_fragment_stage_normalizes_its_normal_once():
    generator = Generator(only="composed/fragment", seed=3)
    bodies = [made.written.body for made in filter(None, map(generator.make, range(3000)))]
    rims = [body for body in bodies if re.search(r"pow\(1\.0? -", body)]
    lit = [(match, body) for body in rims if (match := _NORMALIZED.search(body))]
    assert len(lit) > 5
    assert all(body.count(f"normalize({match[1]})") == 1 for match, body in lit)


def _dresses(name: str, facts: About, dress: Dress = PLAIN, snake: bool = False) -> set[str]:
    return {dressed(name, facts, dress, snake, Draws(7, number)) for number in range(1500)}


def test_a_name_is_dressed_in_what_is_true_of_its_function():
    box = _dresses("sdBox", About("sdf", "", ("vec3f", "f32"), "p"))
    assert {"sdBox", "box", "sdBox3D", "sdBoxF32", "getSdBox"} <= box
    assert "boxSd" not in box
    assert not any(re.search(r"2d|Vec2|Vec4|U32", name, re.I) for name in box)
    assert "sd_box_3d" in _dresses("sdBox", About("sdf", "", ("vec3f", "f32"), "p"), snake=True)
    luma = _dresses("luminance", About("color", "", ("vec3f", "f32"), "c"))
    assert {"lum", "luminanceVec3", "calcLuminance"} <= luma and "luminance3D" not in luma
    assert not {"log2", "log_2"} & _dresses("log", About("scalar", "vec2f", ("vec2f",), "x"))
    assert "alpha" not in _dresses("blendAlpha", About("color", "", ("vec4f",), "c"))
    assert "triangleArea" in _dresses("areaOfTriangle", About("geometry", "", ("f32",), "a"))
    nothing = _dresses("applyForce", About("physics", "", ("vec2f", ""), "f"))
    nothing |= _dresses("force", About("physics", "", ("vec2f", ""), "f"))
    assert not any(name.startswith("get") for name in nothing)


def test_names_of_conversions_are_turned_around():
    assert not any("get" in name.lower() for core, result in
                   (("insideBox", "bool"), ("rgb565ToColor", "vec3f"), ("refineEstimate", "f32"))
                   for name in _dresses(core, About("packing", "", (result,), "")))  # fmt: skip
    fog = _dresses("heightFog", About("lighting", "", ("f32",), ""))
    assert "fogHeight" not in fog and "morph" not in _dresses(
        "morphFactor", About("terrain", "", ("f32",), ""))  # fmt: skip
    mixed = _dresses("mixWith", About("color", "vec3f", ("vec3f",), ""))
    assert not any(re.search("vec|color", name, re.I) for name in mixed)
    anchored = _dresses("anchorPoint", About("ui", "", ("vec4f", "vec2f"), ""))
    assert "anchorPointVec2" in anchored and "anchorPointVec4" not in anchored
    turned = _dresses("rgbToHsv", About("color", "", ("vec3f", "vec3f"), "c"))
    assert {"rgbToHsv", "rgb2hsv", "rgb2Hsv", "hsvFromRgb"} <= turned
    assert "rgb_2_hsv" in _dresses("rgbToHsv", About("color", "", ("vec3f",), "c"), snake=True)
    kept = _dresses("clampToBox", About("geometry", "", ("vec3f",), "q"))
    assert not any("2" in name[1:-1] or "From" in name for name in kept)
    assert not any("42" in name for name in _dresses("mat4ToMat3", About("matrix", "", ("",), "m")))


def test_a_prefix_is_of_the_area_or_of_no_one():
    prefixes = {drawn_dress(Draws(8, n), "sdf", "opUnion").prefix for n in range(3000)}
    assert {"", "sdf"} <= prefixes and len(prefixes) > 50
    assert not prefixes & {"sd", "pi", "vs", "min", "polar"}  # they say what is not so
    assert all(re.fullmatch("[a-z]{2,5}", prefix) for prefix in prefixes - {""})
    assert "sdfOpUnion" in _dresses("opUnion", About("sdf", "", ("f32",), "a"), Dress("sdf"))
    assert "sdfBox" in _dresses("sdBox", About("sdf", "", ("f32",), "p"), Dress("sdf"))
    low = _dresses("multiply", About("doubles", "", ("vec2f",), "a"), Dress("fp64", True))
    assert "fp64_multiply" in low


def test_a_type_behind_a_name_is_in_its_signature_and_most_names_are_plain():
    families = {family.id: family for family in all_families() if family.plain}
    generator, plain, seen, typed = Generator(seed=12), 0, 0, 0
    for made in filter(None, map(generator.make, range(4000))):
        family, written = families.get(made.family), made.written
        if family is None or written.signature.startswith("@") or "->" not in written.signature:
            continue
        names = {name.lower().replace("_", "") for name in family.names}
        known = written.name.lower().replace("_", "") in names
        seen, plain = seen + 1, plain + known
        if not known and (match := _TYPE_BEHIND.search(written.name)):
            typed += 1
            types = written.signature + written.context  # a struct may hold the parameters
            assert match[1].lower().rstrip("fiu") in types, written.signature
    assert 0.6 * seen < plain < 0.75 * seen and typed > 5


def test_helpers_have_the_prefix_of_their_module():
    shared = 0
    for made in filter(None, map(Generator(only="composed/caller", seed=4).make, range(600))):
        called = [call.partition("(")[0].removeprefix("fn ") for call in made.written.calls]
        heads = {re.split(r"_|(?=[A-Z])", name)[0] for name in [made.written.name, *called]}
        assert all(f"{name}(" in made.written.body for name in called)
        shared += len(heads) == 1 and len(called) > 0
    assert shared > 10


@pytest.mark.parametrize(
    ("name", "kind", "alternatives", "longer"),
    [
        ("time", "f32", (), "elapsedTime"),
        ("t", "f32", ("t", "time"), "elapsedTime"),
        ("rd", "vec3f", (), "rayDirection"),
        ("count", "u32", (), "itemCount"),
        ("t", "f32", ("t", "k"), ""),  # a share of both, or a place on a ray
        ("a", "f32", ("a", "x"), ""),
        ("time", "vec3f", (), ""),
        ("k", "f32", (), ""),
    ],
)
def test_a_longer_name_is_of_the_word_and_type(name, kind, alternatives, longer):
    names = longer_names(name, kind, "sdf", alternatives)
    assert longer in names if longer else not names


def test_a_world_position_is_one_where_light_falls_alone():
    assert "worldPos" in longer_names("pos", "vec3f", "lighting")
    assert "worldPos" not in longer_names("pos", "vec3f", "sdf")


def test_longer_names_have_two_words_and_pairs_go_together():
    table = names_by_word()
    for names in table.values():
        assert all(len(camel_words(name)) > 1 for name in names) and not RESERVED & {*names}
        assert len(set(names)) == len(names)
    for one, other in (("start", "end"), ("lo", "hi"), ("src", "dst"), ("near", "far")):
        first = {key[1:]: len(names) for key, names in table.items() if key[0] == one}
        second = {key[1:]: len(names) for key, names in table.items() if key[0] == other}
        shared = first.keys() & second.keys()
        assert shared and all(first[key] == second[key] for key in shared), (one, other)


def test_longer_names_are_used_in_body_and_comment_and_never_twice():
    (family,) = parse_table(
        "fn wave(t/time: f32, point: vec3f, position: vec3f) -> f32\n"
        "  # Swings with {t} seconds\n  = sin(t) + dot(point, position)\n", "animation", "t",
    )  # fmt: skip
    longer = 0
    for number in range(400):
        written = Draft(family, Draws(6, number)).write(commented=1)
        names = re.findall(r"(\w+)\s*:(?!:)", written.signature)
        assert len(set(names)) == 3 and all(re.search(rf"\b{n}\b", written.body) for n in names)
        if "seconds" in written.comment:
            assert " ".join(snake_case(names[0]).split("_")) in written.comment.lower().replace(
                "_", " ") or names[0] in written.comment  # fmt: skip
        longer += len(snake_case(names[0]).strip("_").split("_")) > 1
    assert 80 < longer < 280


def test_a_chain_gives_each_function_settings_of_its_types():
    declared = re.compile(r"(\w+)\s*:\s*([^,()]+<[^<>]*>|\w+)")
    generator, compared = Generator(only="composed/chain", seed=77), 0
    for made in filter(None, map(generator.make, range(1500))):
        own = dict(declared.findall(made.written.signature))
        for call in made.written.calls:
            name, formal = call[3:].partition("(")[0], [k for _, k in declared.findall(call)]
            given = re.search(rf"\b{name}\(((?:[^()]|\([^()]*\))*)\)", made.written.body)
            assert given, made.written
            for argument, kind in zip(split_list(given[1]), formal):
                compared += argument in own
                assert own.get(argument, kind) == kind, made.written
    assert compared > 1500
