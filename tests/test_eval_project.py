"""`tat eval` on a person's own files: functions in strings, in their modules, with true places."""

import json
from pathlib import Path

import pytest
from cli_harness import tat

HOST = """const N = 4;
export const s = /* wgsl */ `
@group(0) @binding(0) var<uniform> scale: f32;
// half of x
fn half_of(x: f32) -> f32 { return x * 0.5; }
fn quarter(x: f32) -> f32 { return half_of(half_of(x)) * ${N}.0; }
fn scaled(x: f32) -> f32 { return x * scale; }
fn constant(x: ${kind}) -> f32 { return 2.0; }
`;
"""
RUST = 'const S: &str = r#"fn square(x: f32) -> f32 { return x * x; }"#;\n'
WESL = "@if(FAST) fn pace() -> u32 { return 2; }\n@else fn pace() -> u32 { return 1; }\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "a.ts").write_text(HOST)
    (folder / "b.rs").write_text(RUST)
    (folder / "c.wesl").write_text(WESL)
    return folder


BODIES = {
    "a.ts:5:1 half_of": "{ return 0.5 * x; }",
    "a.ts:6:1 quarter": "{ return x; }",
    "a.ts:7:1 scaled": "{ return scale * x; }",
    "a.ts:8:1 constant": "{ return 2.0; }",
    "b.rs:1:20 square": "{ return x * y; }",
    "c.wesl:2:7 pace": "{ return 1; }",
}


def outcomes(folder: Path, bodies: dict[str, str], *more: str) -> dict[str, dict]:
    predictions, result = folder.parent / "p.jsonl", folder.parent / "r.json"
    lines = [json.dumps({"id": id, "body": body}) for id, body in bodies.items()]
    predictions.write_text("\n".join(lines))
    done = tat("eval", folder, *more, "--predictions", predictions, "-o", result, "-q")
    assert done.code == 0, done.err
    return {each["id"]: each["measures"] for each in json.loads(result.read_text())["outcomes"]}


def test_functions_of_hosts_are_judged_in_their_modules(project: Path) -> None:
    found = outcomes(project, BODIES)
    assert set(found) == set(BODIES)
    valid = {id: measures["valid"] for id, measures in found.items()}
    assert valid == {id: float("square" not in id) for id in BODIES}
    ran = {id.split()[1]: m["behaviour"] for id, m in found.items() if "behaviour" in m}
    assert ran == {"half_of": 1.0, "quarter": 1.0, "square": 0.0}


def test_several_paths_are_judged_together(project: Path, tmp_path: Path) -> None:
    (more := tmp_path / "more").mkdir()
    (more / "b.wgsl").write_text("fn twice(x: f32) -> f32 { return 2.0 * x; }\n")
    bodies = {
        f"{project / 'b.rs'}:1:20 square": "{ return x * x; }",
        f"{more / 'b.wgsl'}:1 twice": "{ return x; }",
    }
    (tmp_path / "functions.jsonl").write_text("")
    found = outcomes(project / "b.rs", bodies, more)
    assert [found[id]["exact"] for id in bodies] == [1, 0]
    assert json.loads((tmp_path / "src" / "r.json").read_text())["data"] == "b.rs, more"
    done = tat("eval", more, tmp_path / "functions.jsonl")
    assert done.code == 2 and "judged alone" in done.err


def test_definitions_choose_what_is_judged(project: Path) -> None:
    found = outcomes(project / "c.wesl", {"c.wesl:1:11 pace": "{ return 2; }"}, "--define", "FAST")
    assert found["c.wesl:1:11 pace"]["exact"] == 1


OUTSIDE = """import lib::Ball;
// grows a ball
fn grown(b: Ball, by: f32) -> f32 { return b.radius + by; }
// doubles
fn twice(x: f32) -> f32 { return 2.0 * x; }
"""


@pytest.mark.parametrize("asked", [("--validate", "2"), ("--infill", "line")])
def test_functions_that_need_what_is_not_given_are_counted_apart(asked, bench, tmp_path):
    (tmp_path / "ball.wesl").write_text(OUTSIDE)
    result = tmp_path / "r.json"
    run = "--run", bench / "run", "-o", result
    done = tat("eval", tmp_path / "ball.wesl", *run, *asked, "--device", "cpu")
    assert done.code == 0, done.err
    said = "1 of 2 functions are in no figure; first ball.wesl:3:1 grown: not judged, for the ref"
    assert said in done.err and "functions not judged 1" in done.out
    report = json.loads(result.read_text())
    by_name = {each["id"].split()[1]: each for each in report["outcomes"]}
    assert by_name["grown"]["measures"] == {} and "`Ball`" in by_name["grown"]["problem"]
    assert report["system"]["functions_not_judged"] == 1
    assert report["figures"]["all"]["abstained"]["count"] == 1
    assert report["figures"]["all"]["valid"]["count"] == 1


def test_arguments_that_do_not_fit_are_refused(project: Path, tmp_path: Path) -> None:
    lines = tmp_path / "f.jsonl"
    lines.write_text(json.dumps({"id": "a", "signature": "fn a()", "body": "{ let b = 1; }"}))
    assert tat("eval", lines, "--define", "A").code == 2
    assert tat("eval", project, "--modules", lines).code == 2
    assert tat("eval", "--cookbook", "--define", "A").code == 2
    (project / "c.wesl").write_text("fn broken(")
    done = tat("eval", project / "c.wesl")
    assert done.code == 4 and "c.wesl" in done.err
