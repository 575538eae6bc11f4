"""Shaders in tests, and indexes of them."""

import pytest

from tat.retrieval.chunks import Document
from tat.retrieval.index import Index
from tat.retrieval.query import search

MODULE = """\
// SPDX-License-Identifier: MIT OR Apache-2.0

const SCALE = 2.0;

/// A ray of light.
struct Ray {
    origin: vec3f,
    direction: vec3f,
}

/// Where a ray is after a while.
fn pointAt(ray: Ray, t: f32) -> vec3f {
    return ray.origin + SCALE * t * ray.direction;
}

@compute @workgroup_size(64)
fn main() { let p = pointAt(Ray(), 1.0); }
"""
BOX = """\
/// Signed distance, negative inside.
fn sdRoundedBox(p: vec2f, half_size: vec2f, radius: f32) -> f32 {
    let q = abs(p) - half_size + radius;
    return length(max(q, vec2f(0.0))) + min(max(q.x, q.y), 0.0) - radius;
}
"""
CIRCLE = "fn sd_circle(p: vec2f, radius: f32) -> f32 { return length(p) - radius; }\n"
HASH = "fn hash_2d(p: vec2f) -> f32 { return fract(sin(dot(p, vec2f(12.9, 78.2))) * 43758.5); }\n"


def module(file: str, text: str, line: int = 1, **fields) -> Document:
    return Document(file, line, file.partition(".")[0], text, **fields)


def index_of(*documents: Document) -> Index:
    index = Index()
    index.update(documents)
    return index


@pytest.fixture(name="shaders", scope="module")
def shaders_fixture() -> Index:
    files = {"ray.wgsl": MODULE, "box.wgsl": BOX, "circle.wgsl": CIRCLE, "hash.wgsl": HASH}
    return index_of(*(module(file, text) for file, text in files.items()))


def names(index: Index, query: str, **options) -> list[str]:
    return [hit.name for hit in search(index, query, **options)]
