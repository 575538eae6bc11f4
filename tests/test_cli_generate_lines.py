"""`tat generate --input`: prompts as JSON Lines, each answered or refused by itself."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from cli_generating import (
    generate_fixture,  # noqa: F401
    lines,
)
from cli_harness import child_environment, command, tat


@pytest.mark.parametrize("field", ["signature", "context"])
def test_a_line_s_signature_or_context_that_is_no_wgsl_is_refused(bench, tmp_path, field):
    prompts = lines(tmp_path, {"description": "x", field: "garbage ("}, {"description": "good"})
    options = "--run", bench / "run", "--max-tokens", "2", "--validate", "0"
    done = tat("generate", "--input", prompts, *options)
    refused, answered = map(json.loads, done.out.splitlines())
    assert done.code == 4 and answered["id"] == 2
    assert f"prompts.jsonl:1: {field}:1:1: unexpected 'garbage'" in refused["error"]


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
    ({"descripton": "a"}, "no prompt: no such field: descripton, did you mean description? The"
     " fields are description, signature, context, prefix, suffix, line, id"),
    ({"xyzzy": "a"}, "no such field: xyzzy; the fields are description, signature, context,"),
    ("null", "no prompt: the line: Expected an object, got null"),
    ("{", "no prompt: it ends within an object, list or text; write one object a line, with line"
     " ends in texts written as \\n"),
    ("{'description': 3}", "JSON is malformed: object keys must be strings (byte 1); write one"),
    ({"description": 3}, "no prompt: description: Expected text, got a whole number"),
    ({"id": 1.5}, "no prompt: id: Expected a whole number or text or null, got a number"),
    ({"description": " "}, "empty"),
    ({"description": "(" * 10_000}, "10001 tokens"),
    ("[" * 10_000, "no prompt: lists or objects are nested too deep"),
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


@pytest.mark.gpu
def test_a_long_line_is_answered_by_a_library_beside_others(bench, tmp_path):
    index, long = tmp_path / "index", "area of a disc " * 200
    assert tat("index", bench / "shaders", "-o", index).code == 0
    signature = "fn disc_area(size: f32) -> f32"
    prompts = lines(
        tmp_path, {"description": "area", "signature": signature},
        {"description": long, "signature": signature},
        {"description": long, "signature": "fn f(a: f32) -> sampler"},
    )  # fmt: skip
    run = "generate", "--run", bench / "run", "--index", index, "-q"
    done = tat(*run, "--input", prompts)
    short, answered, refused = map(json.loads, done.out.splitlines())
    assert short["valid"] and answered["valid"] and short["text"] == answered["text"]
    assert answered["adapted_from"]["name"] == "area"
    assert (refused["text"], refused["valid"]) == ("", False)
    assert "functions of the index validates" in refused["problem"]
    assert done.code == 8 and done.err == "tat: 1 of 3 prompts got no text that validates\n"
    prompts = lines(tmp_path, {"description": long}, {"description": "ripples of water " * 200})
    done = tat(*run, "--input", prompts)
    told, unknown = map(json.loads, done.out.splitlines())
    assert told["text"] == (bench / "shaders/area.wgsl").read_text().strip().replace("// ", "/// ")
    assert done.code == 4 and "prompts.jsonl:2: prompt: " in unknown["error"]
