// request: hash three integers into three random integers
// paraphrase: pcg3d hash of a vec3u, for three random numbers per pixel and frame
// paraphrase: mix x, y and a frame number into a random vec3u
// family: integer hash
// tags: hash, random, 3d
// difficulty: 1
// split: train
// source: Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020
// picture: vec3f(pcg3d(vec3u(vec2u(uv * 64.0), 7u)) >> vec3u(8u)) * 0x1p-24

/// One round of mixing: every component takes in the product of the other two, the new ones first.
fn mix_components(v: vec3u) -> vec3u {
    let x = v.x + v.y * v.z;
    let y = v.y + v.z * x;
    let z = v.z + x * y;
    return vec3u(x, y, z);
}

/// Hashes three words into three: each output depends on all inputs, so that one call on pixel and
/// frame numbers gives three independent random words. A bijection, like each of its steps.
fn pcg3d(key: vec3u) -> vec3u {
    let v = mix_components(key * 1664525u + 1013904223u);
    return mix_components(v ^ (v >> vec3u(16u)));
}
