// request: full-screen triangle from the vertex index alone
// paraphrase: cover the whole screen with one triangle without a vertex buffer
// paraphrase: clip space position of vertex 0, 1 or 2 for a post-processing pass
// family: screen coverage
// tags: vertex, fullscreen, post-processing
// difficulty: 1
// split: train
// source: WebGPU specification, clip space coordinates

/// Clip space position of vertex `index` (0 to 2) of an anticlockwise triangle around the screen,
/// at the near plane: (-1, -1), (3, -1), (-1, 3). Draw 3 vertices with no buffer bound.
/// One large triangle beats two that make a rectangle: along their seam the pixels of a 2 x 2 quad
/// would be shaded twice. The texture coordinates are vec2f(0.5, -0.5) * position.xy + 0.5.
fn fullscreen_triangle(index: u32) -> vec4f {
    let far = vec2u(index & 1u, index >> 1u);
    return vec4f(4.0 * vec2f(far) - 1.0, 0.0, 1.0);
}
