"""The forms of other services that clients of the HTTP service speak: OpenAI, Tabby, Ollama."""

import json

import pytest
from serving import PREFIX, SUFFIX, client_fixture, generated, tiny_run  # noqa: F401  fixtures


def test_openai_minuet_and_tabby_forms(client, tiny_run, tmp_path):  # noqa: F811
    alone = generated(tiny_run, tmp_path, "--validate=0")
    body = {"model": "x", "prompt": PREFIX, "suffix": SUFFIX, "max_tokens": 50, "stop": None,
            "options": {"num_ctx": 9}, "logit_bias": {}}  # fmt: skip
    answer = client.ask("/v1/completions", body).json
    assert answer["object"] == "text_completion" and answer["model"] == tiny_run.name
    assert [choice["text"] for choice in answer["choices"]] == [alone]
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["completion_tokens"] > 0
    two = client.ask("/v1/completions", {**body, "prompt": [PREFIX, "fn "], "n": 2, "seed": 3}).json
    assert [choice["index"] for choice in two["choices"]] == [0, 1, 2, 3]
    segments = {"prefix": PREFIX, "suffix": SUFFIX, "filepath": "/etc/passwd", "declarations": []}
    tabby = client.ask("/v1/completions", {"language": "wgsl", "segments": segments}).json
    assert tabby["choices"] == [{"index": 0, "text": alone}] and tabby["id"]
    assert client.ask("/v1/events", {"type": "view"}).status == 200


def test_ollamas_form_gives_the_text_of_generate(client, tiny_run, tmp_path):  # noqa: F811
    alone = generated(tiny_run, tmp_path, "--validate=0")
    body = {"model": "x", "prompt": PREFIX, "suffix": SUFFIX, "raw": True, "keep_alive": "5m",
            "options": {"num_predict": 50, "temperature": 0, "num_ctx": 9}}  # fmt: skip
    whole = client.ask("/api/generate", {**body, "stream": False}).json
    assert (whole["response"], whole["done"], whole["done_reason"]) == (alone, True, "stop")
    assert whole["model"] == tiny_run.name and whole["eval_count"] > 0 < whole["eval_duration"]
    answer = client.ask("/api/generate", body)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    records = [json.loads(line) for line in answer.data.splitlines()]
    assert "".join(record["response"] for record in records) == alone and len(records) > 2
    assert [record["done"] for record in records] == [False] * (len(records) - 1) + [True]
    assert records[-1]["eval_count"] == whole["eval_count"]
    drawn = generated(tiny_run, tmp_path, "--validate=0", "--temperature", "1.5", "--seed", "7")
    options = {"temperature": 1.5, "seed": 7}
    asked = {**body, "stream": False, "options": options}
    assert client.ask("/api/generate", asked).json["response"] == drawn
    asked["options"] = {"num_predict": 3, "stop": ["nosuch"]}
    short = client.ask("/api/generate", asked).json
    assert (short["eval_count"], short["done_reason"]) == (3, "length")


def test_ollamas_clients_learn_what_is_loaded(client, tiny_run):  # noqa: F811
    loaded = client.ask("/api/generate", {"model": "x"}).json
    assert (loaded["response"], loaded["done_reason"]) == ("", "load")
    [model] = client.ask("/api/tags").json["models"]
    assert model["name"] == model["model"] == tiny_run.name
    assert client.ask("/api/version").json["version"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v1/completions", {"prompt": "fn ", "n": 9}, "n: 9 texts; a request has 1 to 8"),
        ("/v1/completions", {"prompt": "fn ", "n": 0}, "n: 0 texts"),
        ("/v1/completions", {"prompt": "fn ", "max_tokens": -4}, "max_tokens: -4"),
        ("/generate", {"description": "area", "n": 9}, "n: 9 texts"),
        ("/generate", {"descripton": "area"}, "`description` is there"),
        ("/validate", {"text": "fn a() {}"}, "there are code, name, offset"),
        ("/generate", {}, "give a signature or a gap"),
    ],
)
def test_a_body_that_means_nothing_is_refused_by_its_field(client, path, body, said):
    answer = client.ask(path, body)
    assert answer.status == 400 and said in answer.data.decode(), answer.data
