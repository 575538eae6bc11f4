// request: quasicrystal pattern from a sum of plane waves
// paraphrase: interference of waves in evenly spaced directions, ordered but never repeating
// paraphrase: animated aperiodic pattern with five or sevenfold symmetry
// family: wave interference
// tags: pattern, interference, waves, animation, 2d
// difficulty: 1
// split: test
// source: projections of a cubic lattice; D. Shechtman et al., Phys. Rev. Lett. 53, 1984
// picture: mix(vec3f(0.05, 0.1, 0.3), vec3f(1.0, 0.9, 0.6),
//     smoothstep(0.2, 0.8, quasicrystal(13.0 * (uv - 0.5), 7u, 0.0)))

/// Mean of `waves` (1 or more) plane waves at `p`, mapped to [0, 1]. Waves are 1 unit long and run
/// in directions evenly spread over half a turn; `phase`, in turns, moves all of them along. With
/// 1, 2 and 3 waves the pattern repeats; with 4, 5 and more it never does.
fn quasicrystal(p: vec2f, waves: u32, phase: f32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < waves; i++) {
        let angle = 3.14159265 * f32(i) / f32(waves);
        let turns = dot(p, vec2f(cos(angle), sin(angle))) + phase;
        sum += cos(6.2831853 * (turns - round(turns))); // cosines are precise from -π to π only
    }
    return 0.5 + 0.5 * sum / f32(waves);
}
