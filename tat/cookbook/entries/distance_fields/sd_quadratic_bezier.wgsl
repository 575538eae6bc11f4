// request: distance from a point to a quadratic Bezier curve with thickness
// paraphrase: SDF of a curved stroke given by two end points and a control point
// paraphrase: distance field of a quadratic spline segment that also works when it is straight
// family: bezier
// tags: sdf, shape, bezier, curve, 2d
// difficulty: 3
// split: test
// source: roots of the derivative of the squared distance, isolated and refined by Newton's method
// picture: vec3f(1.0, 0.5, 0.2) * (1.0 - smoothstep(0.0, 0.01, sd_quadratic_bezier(
//     uv, vec2f(0.1, 0.8), vec2f(0.4, -0.4), vec2f(0.9, 0.7), 0.08)))

/// The root in [low, high] of the cubic k.x + k.y t + k.z t² + k.w t³, which rises there; without
/// one, a value near the end that is closer to it. Newton's method, kept in a shrinking bracket.
fn rising_root(k: vec4f, low: f32, high: f32) -> f32 {
    var bracket = vec2f(low, high);
    var t = 0.5 * (low + high);
    for (var i = 0; i < 10; i++) {
        let value = k.x + t * (k.y + t * (k.z + t * k.w));
        let slope = k.y + t * (2.0 * k.z + t * 3.0 * k.w);
        bracket = select(vec2f(t, bracket.y), vec2f(bracket.x, t), value > 0.0);
        let newton = t - value / max(slope, 1e-20);
        let inside = newton >= bracket.x && newton <= bracket.y;
        t = select(0.5 * (bracket.x + bracket.y), newton, inside);
    }
    return t;
}

/// Distance from `p` to the curve from `a` to `c` with the control point `b`, drawn with a round
/// pen of diameter `thickness`; negative inside the stroke. Straight and even pointlike curves will
/// do. The squared distance has at most two minima in t: its derivative, a cubic, rises through
/// zero there, and so before the first or after the last of its own turning points.
fn sd_quadratic_bezier(p: vec2f, a: vec2f, b: vec2f, c: vec2f, thickness: f32) -> f32 {
    let d = a - p;
    let u = b - a;
    let v = a - 2.0 * b + c;
    let k = vec4f(dot(d, u), 2.0 * dot(u, u) + dot(d, v), 3.0 * dot(u, v), dot(v, v));
    let discriminant = k.z * k.z - 3.0 * k.w * k.y;
    var turns = vec2f(1.0, 0.0);
    if discriminant > 0.0 {
        let root = sqrt(discriminant);
        turns = saturate(vec2f(-k.z - root, -k.z + root) / max(3.0 * k.w, 1e-20));
    }
    let early = rising_root(k, 0.0, turns.x);
    let late = rising_root(k, turns.y, 1.0);
    let nearest = min(
        min(length(d), distance(p, c)),
        min(length(d + early * (2.0 * u + early * v)), length(d + late * (2.0 * u + late * v))),
    );
    return nearest - 0.5 * thickness;
}
