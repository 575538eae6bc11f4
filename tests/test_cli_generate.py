"""`tat generate` as a user meets it: every kind of prompt, hostile ones too, and its output."""

import json
import os
import shlex
import subprocess
from functools import partial
from pathlib import Path

import pytest
from cli_harness import Outcome, child_environment, command, process, tat

UNCHECKED = "--no-grammar", "--validate", "0"


@pytest.fixture
def generate(bench):
    """A call with the bench's run: text as the model writes it, a few tokens of it."""

    def call(*arguments: object, tokens: int = 4, typed: Path | None = None):
        options = "--run", bench / "run", "--max-tokens", tokens, *UNCHECKED
        return tat("generate", *options, *arguments, typed=typed)

    return call


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
        ["--prefix", tmp_path / "head"], ["--suffix", tmp_path / "tail"],
        ["scales a value", "--context", tmp_path / "uses"],
    ):  # fmt: skip
        done = generate(*arguments)
        assert done.code == 0 and done.out
    mixed = generate("what", "--prefix", tmp_path / "head")
    assert mixed.code == 2 and "a gap has a prefix and a suffix" in mixed.failure()


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


@pytest.mark.parametrize("field", ["signature", "context"])
def test_a_line_s_signature_or_context_that_is_no_wgsl_is_refused(bench, tmp_path, field):
    prompts = lines(tmp_path, {"description": "x", field: "garbage ("}, {"description": "good"})
    options = "--run", bench / "run", "--max-tokens", "2", "--validate", "0"
    done = tat("generate", "--input", prompts, *options)
    refused, answered = map(json.loads, done.out.splitlines())
    assert done.code == 4 and answered["id"] == 2
    assert f"prompts.jsonl:1: {field}:1:1: unexpected 'garbage'" in refused["error"]


@pytest.mark.parametrize("arguments", [
    ["--signature", " "], ["--signature", "g (", "--no-grammar"],
])  # fmt: skip
def test_no_signature_and_one_beyond_the_grammar_are_answered(bench, arguments):
    options = "--run", bench / "run", "--max-tokens", "2", "--validate", "0"
    assert tat("generate", "x", *arguments, *options).code == 0


def lines(tmp_path, *records: object):
    path = tmp_path / "prompts.jsonl"
    texts = (r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in records)
    path.write_text("\n".join(texts))
    return path


def test_answers_to_a_list_keep_its_order_and_ids(generate, tmp_path):
    # A line separator inside a string is no end of a line of JSON Lines.
    prompts = lines(tmp_path, {"description": "a\u2028b", "id": "x"}, "", {"signature": "fn f()"},
                    {"prefix": "fn g() {", "suffix": "}", "id": 7})  # fmt: skip
    done = generate("--input", prompts)
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [answer["id"] for answer in answers] == ["x", 3, 7]
    assert all(set(a) >= {"id", "text", "finished"} for a in answers)
    assert answers[1]["text"].startswith("fn f() ")
    assert answers[0]["text"] + "\n" == generate("a\u2028b").out
    assert "tat: x: cut off" in done.err


def test_a_list_may_come_on_standard_input(generate, tmp_path):
    prompts = lines(tmp_path, {"description": "a", "id": "x"}, {"descripton": "b"})
    done = generate("--input", "-", typed=prompts)
    assert done.code == 4 and json.loads(done.out.splitlines()[1])["error"].startswith("<stdin>:2:")
    lines(tmp_path, {"description": "a", "id": "x"})
    done = generate("--input", "-", typed=prompts)
    assert done == generate("--input", prompts) and json.loads(done.out)["id"] == "x"
    assert "<stdin>: has no prompt" in generate("--input", "-", typed=Path(os.devnull)).failure()


def test_a_closed_standard_input_has_no_prompt(bench):
    words = command("generate", "--run", bench / "run", "--input", "-")
    line = f"{shlex.join(words)} <&-"
    done = subprocess.run(line, shell=True, env=child_environment({}), capture_output=True)
    assert (done.returncode, done.stdout) == (4, b"")
    assert done.stderr.startswith(b"tat: <stdin>: has no prompt")


@pytest.mark.parametrize(("bad", "words"), [
    ({"descripton": "a"}, "unknown field `descripton`"), ("null", "Expected `object`"),
    ("{", "truncated"), ({"description": 3}, "Expected `str`"), ({"description": " "}, "empty"),
    ({"description": "(" * 10_000}, "10001 tokens"), ("[" * 10_000, "prompts.jsonl:2"),
    ('{"description": "\\ud800"}', "prompts.jsonl:2"),
])  # fmt: skip
def test_a_bad_line_alone_is_refused_and_the_others_are_answered(generate, tmp_path, bad, words):
    good = {"description": "good"}
    done = generate("-q", "--input", lines(tmp_path, good, bad, good))
    first, refused, last = map(json.loads, done.out.splitlines())
    assert (
        done.code == 4 and first["text"] == last["text"] and (last["id"], refused["id"]) == (3, 2)
    )
    assert "prompts.jsonl:2: " in refused["error"] and words in refused["error"]
    assert done.err == f"tat: 1 of 3 lines were refused: {refused['error']}\n"


def test_a_line_that_is_too_long_is_refused_and_keeps_its_place(generate, tmp_path):
    long = json.dumps({"description": "x" * 4_000_000, "id": "long"})
    prompts = lines(tmp_path, {"description": "a"}, long, {"description": "b", "id": "after"})
    done = generate("--input", prompts)
    first, refused, last = map(json.loads, done.out.splitlines())
    assert (first["id"], refused["id"], last["id"]) == (1, 2, "after")
    assert "more than 4000000 bytes" in refused["error"] and done.code == 4


def test_a_refused_line_keeps_the_id_that_it_gives(generate, tmp_path):
    done = generate("--input", lines(tmp_path, {"id": "mine", "description": " "}, {"id": [1]}))
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == ["mine", 2]


def test_standard_input_is_answered_line_by_line_as_it_comes(bench):
    words = command("generate", "--run", bench / "run", "--input", "-", "--max-tokens", "2",
                    "--validate", "0", "-q")  # fmt: skip
    with subprocess.Popen(
        words, env=child_environment({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        for number, line in enumerate(('{"description": "a"}', "{", '{"description": "b"}'), 1):
            child.stdin.write(f"{line}\n")
            child.stdin.flush()
            answer = json.loads(child.stdout.readline())  # the input is still open
            assert answer["id"] == number and ("error" in answer) == (line == "{")
        child.stdin.close()
        assert child.stdout.read() == "" and child.wait(60) == 4


def test_the_exit_code_reports_refused_lines_to_a_reader_that_left(bench, tmp_path):
    prompts = lines(tmp_path, "{", *[{"description": "a"}] * 20)
    words = command("generate", "--run", bench / "run", "--input", prompts, "--max-tokens", "2",
                    "--validate", "0", "-q")  # fmt: skip
    line = f"{{ {shlex.join(words)}; echo $? >{tmp_path}/code; }} | :"
    subprocess.run(line, shell=True, env=child_environment({}), check=True, capture_output=True)
    assert (tmp_path / "code").read_text() == "4\n"


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
    none = tat(*run, long, "--signature", "fn f(a: NoType) -> f32", "--index", index, "-q")
    assert none.code == 2 and "functions of the index validates" in none.failure()


@pytest.mark.gpu
def test_a_long_line_is_answered_by_a_library_beside_others(bench, tmp_path):
    index, long = tmp_path / "index", "area of a disc " * 200
    assert tat("index", bench / "shaders", "-o", index).code == 0
    signature = "fn disc_area(size: f32) -> f32"
    prompts = lines(
        tmp_path, {"description": "area", "signature": signature},
        {"description": long, "signature": signature},
        {"description": long, "signature": "fn f(a: NoType) -> f32"},
    )  # fmt: skip
    run = "generate", "--run", bench / "run", "--index", index, "-q"
    done = tat(*run, "--input", prompts)
    short, answered, refused = map(json.loads, done.out.splitlines())
    assert short["valid"] and answered["valid"] and short["text"] == answered["text"]
    assert answered["adapted_from"]["name"] == "area"
    assert (refused["text"], refused["valid"]) == ("", False)
    assert "functions of the index validates" in refused["problem"]
    assert done.code == 8 and done.err == "tat: 1 of 3 prompts got no text that validates\n"
    prompts = lines(tmp_path, {"description": long})
    done = tat(*run, "--input", prompts)
    assert done.code == 4 and "prompts.jsonl:1: prompt: " in json.loads(done.out)["error"]
