// request: Gerstner wave displacement of a water surface
// paraphrase: ocean wave with sharp crests moving at deep water speed
// paraphrase: displace a water mesh vertex by a trochoidal wave
// family: water waves
// tags: water, ocean, wave, vertex
// difficulty: 2
// split: train
// source: F. J. Gerstner, "Theorie der Wellen", 1802; Tessendorf, "Simulating Ocean Water", 2001
// picture: mix(vec3f(0.0, 0.15, 0.3), vec3f(0.6, 0.9, 1.0), 0.5 + 7.0 * (
//     gerstner_wave(uv, vec2f(0.8, 0.6), 0.3, 0.9, 0.0).y
//     + gerstner_wave(uv, vec2f(-0.28, 0.96), 0.17, 0.9, 0.1).y))

/// Where a wave takes the point of the surface that rests at `rest` (x, z): x and z run level, y is
/// up, in metres and seconds. `direction` is a unit vector; `steepness` goes from 0 to 1, where the
/// crests become sharp; above, the surface would cut itself. Add the displacements of several.
/// Water moves in circles: towards the crest from both sides, which thins out the trough. In deep
/// water a wave's frequency follows from its length. Counting phases in turns, and dropping whole
/// ones, keeps the motion smooth after hours.
fn gerstner_wave(
    rest: vec2f, direction: vec2f, wavelength: f32, steepness: f32, time: f32,
) -> vec3f {
    let wave_number = 6.2831853 / wavelength;
    let amplitude = steepness / wave_number;
    let frequency = sqrt(9.81 * wave_number) / 6.2831853; // turns per second
    let turns = fract(dot(direction, rest) / wavelength) - fract(frequency * time);
    let phase = 6.2831853 * (turns - round(turns));
    let level = rest - amplitude * sin(phase) * direction;
    return vec3f(level.x, amplitude * cos(phase), level.y);
}
