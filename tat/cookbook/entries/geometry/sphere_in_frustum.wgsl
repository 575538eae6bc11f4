// request: frustum culling of a bounding sphere from the view-projection matrix
// paraphrase: is a sphere at least partly inside the camera frustum
// paraphrase: extract frustum planes from a matrix and cull an object on the GPU
// family: frustum culling
// tags: culling, frustum, visibility, matrix
// difficulty: 2
// split: train
// source: Gribb and Hartmann, "Fast Extraction of Viewing Frustum Planes", 2001

/// Whether the sphere may be seen through `view_projection`, which maps to WebGPU's clip space
/// (-w <= x, y <= w and 0 <= z <= w). False only if it lies behind one of the six planes; a large
/// sphere beyond an edge may pass although it is outside.
/// Each plane is a sum of rows of the matrix. Normals need no unit length: the radius is scaled.
fn sphere_in_frustum(view_projection: mat4x4f, centre: vec3f, radius: f32) -> bool {
    let rows = transpose(view_projection);
    var planes = array<vec4f, 6>(
        rows[3] + rows[0], // left
        rows[3] - rows[0],
        rows[3] + rows[1], // bottom
        rows[3] - rows[1],
        rows[2], // near, at depth 0 and not at -w as in OpenGL
        rows[3] - rows[2],
    );
    for (var i = 0; i < 6; i++) {
        let plane = planes[i];
        if dot(plane.xyz, centre) + plane.w < -radius * length(plane.xyz) {
            return false;
        }
    }
    return true;
}
