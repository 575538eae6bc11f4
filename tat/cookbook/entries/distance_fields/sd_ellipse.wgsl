// request: exact signed distance to an ellipse
// paraphrase: SDF of a 2D ellipse with two radii that is a true distance
// paraphrase: nearest point of an ellipse by iteration, for a distance field
// family: ellipse
// tags: sdf, shape, ellipse, iteration, 2d
// difficulty: 3
// split: train
// source: centre of curvature iteration after A. Chatfield, "Simple Method for Distance to
//     Ellipse", 2017
// picture: vec3f(0.5 + 0.5 * cos(100.0 * sd_ellipse(uv - 0.5, vec2f(0.4, 0.15))))

/// Signed distance from `p` to the ellipse around the origin with the half axes `radii` (above 0),
/// negative inside.
/// No closed form is both short and stable, so the nearest point is found by steps: near the
/// current guess the ellipse is almost its circle of curvature, and on a circle the nearest point
/// is known. Three steps come within 4e-4 of the longer axis, six within 1e-6, also if it is flat.
fn sd_ellipse(p: vec2f, radii: vec2f) -> f32 {
    let q = abs(p); // by symmetry one quarter is enough
    let spread = (radii.x * radii.x - radii.y * radii.y) * vec2f(1.0, -1.0) / radii;
    var guess = vec2f(sqrt(0.5)); // on the unit circle; times `radii` it is on the ellipse
    for (var i = 0; i < 6; i++) {
        let centre = spread * guess * guess * guess;
        let curvature_radius = distance(guess * radii, centre);
        let way = q - centre;
        let nearer = centre + way * (curvature_radius / max(length(way), 1e-12));
        guess = normalize(clamp(nearer / radii, vec2f(1e-6), vec2f(1.0)));
    }
    let inside = dot(q / radii, q / radii) < 1.0;
    let gap = distance(q, guess * radii);
    return select(gap, -gap, inside);
}
