"""The HTTP service as clients meet it: a process of its own, asked over the loopback."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from cli_harness import process, tat
from serving import (
    FUNCTIONS,
    PREFIX,
    SUFFIX,
    Client,
    client_fixture,  # noqa: F401
    generated,
    serving,
    tiny_run,  # noqa: F401
)

BOX = "fn box(p: vec2f, b: vec2f, r: f32) -> f32"
CIRCLE = "fn circle(p: vec2f, r: f32) -> f32"


def test_an_infill_has_the_text_of_generate(client, tiny_run, tmp_path):  # noqa: F811
    unchecked = tiny_run, tmp_path, "--validate=0"
    alone = generated(*unchecked)
    answer = client.infill()
    assert answer.status == 200 and answer.json["content"] == alone
    assert b'"content":"' in answer.data  # a client looks for it without a blank
    split = client.infill(input_prefix=PREFIX[:40], prompt=PREFIX[40:])
    assert split.json["content"] == alone
    drawn = generated(*unchecked, "--temperature", "1.5", "--seed", "7")
    assert client.infill(temperature=1.5, seed=7).json["content"] == drawn
    short = generated(*unchecked, "--max-tokens", "3")
    answer = client.infill(n_predict=3).json
    assert (answer["content"], answer["stop_type"]) == (short, "limit")


@pytest.mark.parametrize("prefix", [PREFIX, f"{PREFIX}ret", f"{CIRCLE} {{"])
def test_an_infill_of_a_line_is_the_line_of_generate(client, tiny_run, tmp_path, prefix):  # noqa: F811
    """It is chosen of several, and valid in its place, where the likeliest text may not be."""
    gap = {"input_prefix": prefix, "input_suffix": SUFFIX, "line": True}
    line = client.infill(**gap).json["content"]
    assert client.ask("/validate", {"code": prefix + line + SUFFIX}).json["valid"]
    assert line.strip() and "\n" not in line.strip()
    alone = generated(tiny_run, tmp_path, "--line", prefix=prefix, suffix=SUFFIX)
    assert line.strip() == alone.strip()
    streamed = client.infill(**gap, stream=True, n_cmpl=2).data.decode()
    assert json.loads(streamed.removeprefix("data: "))["content"] == line
    assert client.infill(**gap, t_max_predict_ms=1e-3).json == {
        "index": 0, "content": "", "tokens": [], "stop": True, "stop_type": "eos",
        "model": client.ask("/props").json["model_path"],
    }  # fmt: skip


@pytest.mark.parametrize(("prefix", "suffix"), [
    (f"{PREFIX}return 3.1", SUFFIX), (f"{PREFIX}ret", SUFFIX), (PREFIX.rstrip(" "), SUFFIX),
    (PREFIX.rstrip(" "), SUFFIX[1:]), (f"{CIRCLE} {{", "}\n"), (f"{CIRCLE} {{", ""),
])  # fmt: skip
def test_one_place_has_one_text_however_it_is_asked(client, tiny_run, tmp_path, prefix, suffix):  # noqa: F811
    """Also where a line was begun, and where none has begun yet."""
    alone = generated(tiny_run, tmp_path, prefix=prefix, suffix=suffix).rstrip("\n")
    valid = client.ask("/validate", {"code": prefix + alone + suffix}).json["valid"]
    assert valid or not suffix  # without a suffix it is the model that closes the function, or not
    gap = {"input_prefix": prefix, "input_suffix": suffix}
    whole, streamed = client.infill(**gap).json, client.infill(**gap, stream=True)
    assert whole["content"].rstrip("\n") == alone
    pieces = [json.loads(line[6:]) for line in streamed.data.decode().split("\n\n") if line]
    assert "".join(piece["content"] for piece in pieces) == whole["content"]
    assert pieces[-1]["tokens_predicted"] == whole["tokens_predicted"] > 0
    body = {"prompt": prefix, "suffix": suffix}
    opened, segments = client.ask("/v1/completions", body), {"prefix": prefix, "suffix": suffix}
    tabby = client.ask("/v1/completions", {"segments": segments})
    for answer in (opened, tabby):
        assert answer.json["choices"][0]["text"] == whole["content"]
    ollama = client.ask("/api/generate", {**body, "stream": False}).json
    assert ollama["response"] == whole["content"]
    short = client.infill(**gap, n_predict=3).json
    assert whole["content"].startswith(short["content"]) and 0 < short["tokens_predicted"] <= 3
    line = client.ask("/inline", {"code": prefix + suffix, "offset": len(prefix)}).json["text"]
    assert line == "" or line.rstrip("}\n ") == alone[: len(line.rstrip("}\n "))]


def test_texts_asked_for_together_are_those_asked_for_alone(client):
    bodies = [{"temperature": 0.5 * (n % 4), "seed": n, "n_predict": 5 + n} for n in range(24)]
    alone = [client.infill(**body).json["content"] for body in bodies]
    with ThreadPoolExecutor(12) as threads:
        together = list(threads.map(lambda body: client.infill(**body).json["content"], bodies))
    assert together == alone and len(set(alone)) > 3


def test_llama_vims_requests_are_answered(client):
    warm = client.infill(input_prefix="", input_suffix="", input_extra=[], prompt="", n_predict=0,
                         temperature=0.0, stream=False, samplers=[], cache_prompt=True,
                         response_fields=[""])  # fmt: skip
    assert (warm.status, warm.json) == (200, {})
    fields = ["content", "timings/prompt_n", "timings/predicted_ms", "tokens_cached", "nosuch/x"]
    answer = client.infill(response_fields=fields).json
    assert set(answer) == set(fields[:-1]) and answer["timings/prompt_n"] > 5
    several = client.infill(n_cmpl=3, temperature=2.0).json
    assert [one["index"] for one in several] == [0, 1, 2]
    assert len({one["content"] for one in several}) > 1


def test_stop_words_and_indentation_end_a_text(client):
    whole = client.infill(input_suffix="", n_predict=40, temperature=0).json["content"]
    stop = whole[len(whole) // 2 : len(whole) // 2 + 3]
    answer = client.infill(input_suffix="", n_predict=40, stop=[stop]).json
    assert answer["content"] == whole[: whole.index(stop)]
    assert (answer["stop_type"], answer["stopping_word"]) == ("word", stop)
    block = client.ask("/completion", {"prompt": f"{CIRCLE} {{\n    ", "n_indent": 4}).json
    later = [line for line in block["content"].split("\n")[1:] if line.strip()]
    assert all(line.startswith("    ") for line in later), block


@pytest.mark.parametrize("path", ["/infill", "/completion", "/v1/completions"])
def test_a_stream_says_the_same_text_in_pieces(client, path):
    body = {"input_prefix": PREFIX, "input_suffix": SUFFIX, "prompt": "", "n_predict": 20}
    if path != "/infill":
        body = {"prompt": PREFIX, "n_predict": 20, "max_tokens": 20}
    whole, answer = client.ask(path, body), client.ask(path, {**body, "stream": True})
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    received = [line[6:] for line in answer.data.decode().split("\n\n") if line]
    if path == "/v1/completions":
        assert received.pop() == "[DONE]"
        pieces = [json.loads(one)["choices"][0]["text"] for one in received]
        assert "".join(pieces) == whole.json["choices"][0]["text"] and len(pieces) > 2
        return
    records = [json.loads(one) for one in received]
    assert "".join(record["content"] for record in records) == whole.json["content"]
    assert [record["stop"] for record in records] == [False] * (len(records) - 1) + [True]
    assert records[-1]["tokens_predicted"] == whole.json["tokens_predicted"]


def test_the_model_is_described_and_its_tokens_are_counted(client, tiny_run):  # noqa: F811
    props = client.ask("/props").json
    assert props["total_slots"] == 4 and props["default_generation_settings"]["n_ctx"] == 128
    [model] = client.ask("/v1/models").json["data"]
    assert model["id"] == tiny_run.name
    tokens = client.ask("/tokenize", {"content": "fn é🙂()"}).json["tokens"]
    pieces = client.ask("/tokenize", {"content": "fn f()", "with_pieces": True}).json["tokens"]
    assert tokens and "".join(piece["piece"] for piece in pieces) == "fn f()"


def test_generate_answers_from_the_library_and_the_model(client, tiny_run):  # noqa: F811
    body = {"description": "rounded box", "signature": BOX}
    [best] = client.ask("/generate", body).json["candidates"]
    alone = tat("generate", body["description"], "--signature", body["signature"], "--run",
                tiny_run, "--index", "cookbook", "--device", "cpu", "-q")  # fmt: skip
    assert best["text"] == alone.out.rstrip("\n") and best["valid"] and best["picture"]
    assert best["origin"]["license"] == "MIT" and best["origin"]["file"].endswith(".wgsl")
    body = {"description": "signed distance to a circle", "index": False}
    [best] = client.ask("/generate", body).json["candidates"]
    alone = tat("generate", body["description"], "--run", tiny_run, "--device", "cpu", "-q")
    assert best["text"] == alone.out.rstrip("\n") and best["origin"] is None and best["valid"]
    refused = client.ask("/generate", {"description": "x", "signature": "fn (("})
    assert refused.status == 400 and "signature:1:4" in refused.json["error"]["message"]


def test_words_alone_are_answered_in_any_thread(client, tiny_run):  # noqa: F811
    """The threads that ask read the library's functions, many at once."""
    asked = ("signed distance to a rounded box", "luminance of a linear colour", "rgb to hsv")
    alone = {
        words: tat("generate", words, "--run", tiny_run, "--index", "cookbook", "--device", "cpu",
                   "-q").out.rstrip("\n")
        for words in asked
    }  # fmt: skip
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(
            lambda words: (words, client.ask("/generate", {"description": words})), asked * 8
        ))  # fmt: skip
    for words, answer in answers:
        assert answer.status == 200, answer.data
        [best] = answer.json["candidates"]
        assert best["text"] == alone[words] and best["valid"]
        assert best["origin"]["file"].endswith(".wgsl")


def test_validation_search_pictures_and_completion(client):
    assert client.ask("/validate", {"code": FUNCTIONS["area.wgsl"]}).json["valid"]
    wrong = client.ask("/validate", {"code": "fn f() -> f32 { return q; }"}).json
    assert (wrong["valid"], wrong["problem"]["line"], wrong["problem"]["column"]) == (False, 1, 24)
    hits = client.ask("/search?q=rounded+box&top=3&kind=function").json["hits"]
    assert len(hits) == 3 and {hit["kind"] for hit in hits} == {"function"}
    ring = "fn ring(uv: vec2f) -> vec3f { return vec3f(uv, 0.5); }"
    assert client.ask("/validate", {"code": ring}).json["picture"] == "ring(uv)"
    assert client.ask("/picture", {"code": ring}).data.startswith(b"\x89PNG")
    assert client.ask("/picture", {"code": "fn f() {}"}).status == 400
    unknown = client.ask("/picture", {"code": "fn f(uv: vec2f) -> vec3f { return colour(uv); }"})
    assert unknown.status == 422 and "colour" in unknown.json["error"]["message"]
    code = "// 🙂\n" + FUNCTIONS["circle.wgsl"].replace("length(p)", "p.")
    at = len(code[: code.index("p.;") + 2].encode("utf-16-le")) // 2
    received = client.ask("/complete", {"code": code, "offset": at}).json
    assert received["from"] == at and [item["label"] for item in received["items"]][:2] == [
        "x",
        "y",
    ]
    text = client.ask("/inline", {"code": PREFIX + SUFFIX, "offset": len(PREFIX)}).json["text"]
    assert client.ask("/validate", {"code": PREFIX + text + SUFFIX}).json["valid"] and text


@pytest.mark.parametrize(("path", "body", "status"), [
    ("/infill", b"{", 400), ("/infill", b"[" * 100_000, 400), ("/infill", {}, 400),
    ("/infill", b'{"input_prefix":"\\ud800","input_suffix":""}', 400),
    ("/infill", {"input_prefix": 3, "input_suffix": ""}, 400),
    ("/validate", {"text": "fn f( {}"}, 400), ("/validate", b"", 400),
    ("/infill", {"input_prefix": "", "input_suffix": "", "top_p": 7, "temperature": 1}, 400),
    ("/infill", {"input_prefix": "", "input_suffix": "", "stop": ["x"] * 99}, 400),
    ("/api/generate", {"prompt": "x", "options": {"top_p": 7, "temperature": 1}}, 400),
    ("/api/generate", {"prompt": "x", "options": 3}, 400), ("/api/tags", {}, 405),
    ("/v1/completions", {}, 400), ("/generate", {}, 400), ("/nosuch", None, 404),
    ("/../../etc/passwd", None, 404), ("/infill", None, 405), ("/search", {}, 405),
    ("/search?q=%ff&top=-1", None, 200), ("/search?q=", None, 200),
])  # fmt: skip
def test_bad_requests_get_an_explanation(client, path, body, status):
    answer = client.ask(path, body)
    assert answer.status == status, answer.data[:300]
    if status != 200:
        assert answer.json["error"]["code"] == status and answer.json["error"]["message"]


def test_a_body_that_is_too_large_is_not_taken_in(client):
    with client.raw() as raw:
        raw.sendall(b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: 4000001\r\n\r\nx")
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_hostile_prompt_is_a_prompt(client):
    for prefix in ("(" * 20_000, "\0", "/*" * 5000, "fn f() {" * 400, "é漢🙂" * 3000, "}" * 99):
        answer = client.infill(input_prefix=prefix, n_predict=4)
        assert answer.status == 200, (prefix[:9], answer.data)
    deep = client.ask("/validate", {"code": "fn f() { " + "(" * 5000}).json
    assert not deep["valid"] and client.ask("/validate", {"code": ""}).json["valid"]


def test_no_page_of_another_site_may_ask(client):
    port = client.host.rpartition(":")[2]
    refused = [
        {"Host": "evil.example"}, {"Host": f"evil.example:{port}"}, {"Host": "127.0.0.1:1"},
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"},
        {"Origin": "http://localhost:1", "Host": f"localhost:{port}"},
    ]  # fmt: skip
    for headers in refused:
        for path, body in (("/", None), ("/health", None), ("/infill", {})):
            answer = client.ask(path, body, **headers)
            assert answer.status == 403, headers
            assert "Access-Control-Allow-Origin" not in answer.headers
    for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
        assert client.ask("/health", Host=host, Origin=f"http://{host}").status == 200
    assert client.ask("/health", method="OPTIONS").status == 405


def test_only_who_knows_the_token_may_ask_from_elsewhere(tmp_path):
    for arguments in (["--host", "0.0.0.0"], ["--host", "0.0.0.0", "--token", "env"]):
        done = process("serve", *arguments)
        assert done.code == 2 and "--token" in done.err
    named = process("serve", "--host", "0.0.0.0", "--token", "env", "--run", "no", TAT_TOKEN="x")
    assert named.code == 4 and "no" in named.err  # the token was taken, and then a run looked for
    assert "--tcp" in process("serve", "--lsp", "--tcp", "0.0.0.0:9").err
    with serving("--token", "sesame", "--host", "127.0.0.1", "--run", "bundled", "-q") as address:
        client = Client(address)
        assert client.ask("/").status == 200  # the page holds nothing
        for given in ("", "Bearer x", "Basic sesame", "Bearer sesame2", "Bearer \xe9"):
            assert client.ask("/search?q=box", Authorization=given).status == 401
        assert client.ask("/search?q=box", Authorization="Bearer sesame").status == 200


def test_the_page_asks_no_other_address(client):
    page = client.ask("/")
    assert page.status == 200 and "connect-src 'self'" in page.headers["Content-Security-Policy"]
    text = page.data.decode()
    assert "/*page.js*/" not in text and "tatEditor" in text
    for mark in ('src="http', "src='http", 'href="http', "@import", "url(http", 'fetch("http'):
        assert mark not in text


def test_half_a_request_holds_no_one_up(client):
    waiting = [client.raw() for _ in range(60)]
    for raw in waiting:
        raw.sendall(b"POST /infill HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    try:
        assert client.infill(n_predict=3).status == 200
    finally:
        for raw in waiting:
            raw.close()


def test_without_a_model_the_rest_is_served(tmp_path, monkeypatch):
    empty = tmp_path / "nosuch"
    done = process("serve", "--run", empty, "--port", "0")
    assert done.code == 4 and "nosuch" in done.err
    with serving("--run", "none", "-q") as address:
        client = Client(address)
        health = client.ask("/health")
        assert health.status == 503 and "no model" in health.json["error"]["message"]
        assert client.infill().status == 503
        assert client.ask("/validate", {"code": "fn f() {}"}).json["valid"]
        asked = {"description": "rounded box", "signature": BOX}
        [found] = client.ask("/generate", asked).json["candidates"]
        assert found["valid"] and found["origin"]["license"] == "MIT"
        for words in ("signed distance to a rounded box", "rounded box of singing teapots"):
            [found] = client.ask("/generate", {"description": words}).json["candidates"]
            assert found["valid"] and "box" in found["origin"]["name"].lower(), found
        [refused] = client.ask("/generate", {"description": "qqq zzz"}).json["candidates"]
        assert not refused["valid"] and "no model" in refused["problem"]["message"]


def test_a_port_that_is_taken_is_named(client):
    done = process("serve", "--run", "none", "--port", client.host.rpartition(":")[2])
    assert done.code == 1 and "choose another --port" in done.err


def test_words_alone_get_the_functions_that_generate_gives():
    asked = "signed distance to a torus"
    with serving("--run", "bundled", "--device", "cpu", "-q") as address:
        body = {"description": asked, "n": 2}
        served = Client(address).ready().ask("/generate", body).json["candidates"]
    done = tat("generate", asked, "--n-best", "2", "--json", "--device", "cpu", "-q")
    texts = json.loads(done.out)["texts"]
    assert [one["text"] for one in served] == [one["text"] for one in texts]
    assert [one["origin"] for one in served] == [one["adapted_from"] for one in texts]
