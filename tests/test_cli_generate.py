"""`tat generate` as a user meets it: every kind of prompt, hostile ones too, and its output."""

import json
import os
from functools import partial

import pytest
from cli_generating import (
    UNCHECKED,
    generate_fixture,  # noqa: F401
    lines,
)
from cli_harness import Outcome, process, tat


def test_text_is_on_standard_output_and_talk_is_not(generate):
    done = generate("area of a disc")
    assert done.code == 0 and done.out.endswith("\n") and done.out.strip()
    assert done.err == "tat: cut off after 4 tokens; --max-tokens allows more\n"
    assert generate("area of a disc", "-q") == Outcome(0, done.out, "")


def test_a_checkpoint_file_is_all_it_needs(generate, bench, tmp_path):
    copy = tmp_path / "model.safetensors"
    copy.write_bytes((bench / "run" / "latest").read_bytes())
    alone = tat("generate", "area of a disc", "--run", copy, "--max-tokens", "4", *UNCHECKED)
    assert alone == generate("area of a disc")


def test_the_signature_leads_the_text(generate):
    done = generate("its area", "--signature", "fn area(r: f32) -> f32")
    assert done.code == 0 and done.out.startswith("fn area(r: f32) -> f32 ")


def test_more_tokens_go_on_where_fewer_were_cut(generate):
    short, long = (generate("area of a disc", tokens=n).out.rstrip("\n") for n in (3, 9))
    assert long.startswith(short.rstrip("�"))


def test_the_models_limit_is_named_where_no_flag_helps(generate):
    done = generate("x", tokens=257)
    assert done.code == 2 and "more than the 256 that this model can write" in done.failure()
    full = generate("x", tokens=256)
    assert full.code == 0 and "--max-tokens" not in full.err
    assert "ask for 1 or more" in generate("x", tokens=0).failure()


def test_context_and_gaps_come_from_files(generate, tmp_path):
    (tmp_path / "head").write_text("fn f() -> f32 {\n    return ")
    (tmp_path / "tail").write_text(";\n}\n")
    (tmp_path / "uses").write_text("const k = 2.0;")
    for arguments in (
        ["--prefix", tmp_path / "head", "--suffix", tmp_path / "tail"],
        ["--prefix", tmp_path / "head"],
        ["scales a value", "--context", tmp_path / "uses"],
    ):  # fmt: skip
        done = generate(*arguments)
        assert done.code == 0 and done.out
    mixed = generate("what", "--prefix", tmp_path / "head")
    assert mixed.code == 2 and "a gap has a prefix and a suffix" in mixed.failure()


@pytest.mark.parametrize("before", [None, "", "\n  "])
def test_a_gap_that_nothing_stands_before_is_refused(generate, tmp_path, before):
    (tmp_path / "tail").write_text(";\n}\n")
    (tmp_path / "head").write_text(before or "")
    given = [] if before is None else ["--prefix", tmp_path / "head"]
    done = generate(*given, "--suffix", tmp_path / "tail")
    assert done.code == 2 and "--prefix: nothing stands before the gap" in done.failure()


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t"])
def test_an_empty_prompt_is_refused(generate, prompt):
    done = generate(prompt)
    assert done.code == 2 and "prompt: empty; describe" in done.failure()


# No process can be given these as arguments.
beyond_a_command_line = partial(pytest.param, marks=pytest.mark.in_process)


@pytest.mark.parametrize("prompt", [
    beyond_a_command_line("\x00\x01\x1b[31m\x7f"), "}{)(][", "\"'`$(rm -rf)", "é漢字🙂",
    beyond_a_command_line("\udcff\ud800"), "-x", "%s",
])  # fmt: skip
def test_odd_prompts_are_prompts(generate, prompt):
    done = generate(f"--signature={prompt}", "--", prompt)
    assert done.code == 0 and done.out


@pytest.mark.parametrize("prompt", [
    "(" * 10_000, beyond_a_command_line("a" * 1_000_000), "x " * 3000,
])  # fmt: skip
def test_a_prompt_that_is_too_long_says_so_and_what_to_do(generate, prompt):
    done = generate(prompt)
    assert done.code == 2
    assert "was trained on sources of at most 256; shorten" in done.failure()


def test_files_that_cannot_be_prompts_are_named_and_exit_4(generate, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "binary").write_bytes(b"ok\xff")
    (tmp_path / "large").write_bytes(b"a" * 4_000_001)
    (tmp_path / "empty").write_bytes(b"\n")
    words = {
        "fifo": "a FIFO, not a regular file", "binary": "not UTF-8 at byte 2",
        "large": "more than 4000000 bytes", "nosuch": "no such file", ".": "a folder",
        "n" * 300: "File name too long",
    }  # fmt: skip
    for name, reason in words.items():
        done = generate("x", "--context", tmp_path / name)
        assert done.code == 4 and reason in done.failure(), name
    assert "has no prompt" in generate("--input", tmp_path / "empty").failure()


def test_a_signature_or_context_that_is_no_wgsl_is_refused_before_the_run_is_read(tmp_path):
    def refused(*arguments: object) -> str:
        done = tat("generate", "x", "--run", tmp_path / "nosuch", *arguments)
        assert done.code == 2
        return done.failure()

    (tmp_path / "uses").write_text("const k = 1.0;\nstruct {")
    said = refused("--signature", "fn area(r f32)")
    assert said.startswith("--signature:1:11: unexpected 'f32'; a signature is like `fn ")
    said = refused("--context", tmp_path / "uses")
    assert said.startswith(f"--context: {tmp_path / 'uses'}:2:8: unexpected '{{'; ")


@pytest.mark.parametrize("arguments", [
    ["--signature", " "], ["--signature", "g (", "--no-grammar"],
])  # fmt: skip
def test_no_signature_and_one_beyond_the_grammar_are_answered(bench, arguments):
    options = "--run", bench / "run", "--max-tokens", "2", "--validate", "0"
    assert tat("generate", "x", *arguments, *options).code == 0


def test_prompts_come_from_one_place(generate, tmp_path):
    done = generate("x", "--input", lines(tmp_path, {"description": "good"}))
    assert done.code == 2 and "not both" in done.failure()


def test_a_run_that_is_none_is_named(bench, tmp_path):
    (tmp_path / "text").write_text("fn f() {}")
    for path, words in ((tmp_path / "nosuch", "No such file"), (tmp_path, "is not a run"),
                        (tmp_path / "text", "not a checkpoint of tat")):  # fmt: skip
        done = tat("generate", "x", "--run", path)
        assert done.code == 4 and words in done.failure()


def test_output_is_utf_8_in_any_locale(bench):
    arguments = "generate", "x", "--signature", "fn größe()", "--run", bench / "run", *UNCHECKED
    done = process(*arguments, "--max-tokens", "2", "-q", PYTHONIOENCODING="ascii")
    assert done.code == 0 and done.out.startswith("fn größe() ")


@pytest.mark.gpu
def test_invalid_text_is_exit_8_and_never_on_standard_output(bench):
    done = tat("generate", "area of a disc", "--run", bench / "run", "--max-tokens", "1", "-q",
               "--validate", "2")  # fmt: skip
    assert done.code == 8 and done.out == ""
    assert done.err.splitlines()[-1].startswith("tat: none of ")


@pytest.fixture
def long_context(tmp_path):
    """Declarations that a model of 256 tokens reads without their comments."""
    path = tmp_path / "context.wgsl"
    path.write_text("// what it is for\n" * 200 + "struct Disc { r: f32 }\n")
    return path


def test_a_context_that_is_too_long_is_read_in_part(generate, long_context, tmp_path):
    asked = "its area", "--signature", "fn area(disc: Disc) -> f32", "--context"
    done = generate(*asked, long_context)
    assert done.code == 0
    assert "; to fit 256, it was read without comments and functions' bodies" in done.err
    (tmp_path / "short.wgsl").write_text("struct Disc { r: f32 }")
    assert generate(*asked, tmp_path / "short.wgsl").out == done.out
    fields = dict(zip(("description", "signature", "context"), (asked[0], asked[2],
                      long_context.read_text()), strict=True))  # fmt: skip
    answer = json.loads(generate("--input", lines(tmp_path, fields)).out)
    assert answer["text"] + "\n" == done.out
    assert answer["read_without"] == "comments and functions' bodies"


@pytest.mark.gpu
@pytest.mark.parametrize("more", [(), ("--beam", "2"), ("--n-best", "2")])
def test_a_library_answers_what_the_model_cannot_read(bench, tmp_path, more):
    index = tmp_path / "index"
    assert tat("index", bench / "shaders", "-o", index).code == 0
    run = "generate", "--run", bench / "run", "--max-tokens", "1", *more
    long = "area of a disc " * 200
    asked = long, "--signature", "fn disc_area(size: f32) -> f32"
    done = tat(*run, *asked, "--index", index)
    assert done.code == 0 and "size * size" in done.out
    assert "adapted from" in done.err and "read without" not in done.err
    for other in ((), ("--index", index, "--validate", "0"), ("--index", index, "--adapt", "0")):
        refused = tat(*run, *asked, *other)
        assert refused.code == 2 and refused.failure().endswith("the description or the context")
    none = tat(*run, long, "--signature", "fn f(a: f32) -> sampler", "--index", index, "-q")
    assert none.code == 2 and "functions of the index validates" in none.failure()
