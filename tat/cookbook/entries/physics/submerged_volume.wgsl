// request: volume of the part of a sphere that is under water
// paraphrase: buoyancy of a floating ball from its depth
// paraphrase: spherical cap volume below a surface, for Archimedes' force
// family: buoyancy
// tags: buoyancy, water, sphere, force
// difficulty: 1
// split: test
// source: Archimedes, "On the Sphere and Cylinder"

/// Volume of the part of a ball of `radius` that lies below the surface, when its centre is `depth`
/// below it (negative: above); 0 for a ball in the air. The lift is this times the density of the
/// water and gravity, and grows smoothly as the ball sinks in.
fn submerged_volume(radius: f32, depth: f32) -> f32 {
    let height = clamp(radius + depth, 0.0, 2.0 * radius); // of the cap under water
    return 1.04719755 * height * height * (3.0 * radius - height);
}
