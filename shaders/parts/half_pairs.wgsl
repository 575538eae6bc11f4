// Factors in f16 by pairs of places of a sum, an even and an odd one.

// 4 rows, or columns, by 2 places: (row 0, even), (row 0, odd), (row 1, even), ...
struct Pairs {
    first: vec4<f16>,
    second: vec4<f16>,
}

alias Load = array<vec4<f16>, 4>; // 16 elements: 4 rows by 4 places, or twice a quad of rows by 2

// The first 2 places of 4 rows.
fn even_pairs(load: Load) -> Pairs {
    return Pairs(vec4<f16>(load[0].xy, load[1].xy), vec4<f16>(load[2].xy, load[3].xy));
}

// The last 2 places of 4 rows.
fn odd_pairs(load: Load) -> Pairs {
    return Pairs(vec4<f16>(load[0].zw, load[1].zw), vec4<f16>(load[2].zw, load[3].zw));
}

// Quads of one place and of the next.
fn paired(even: vec4<f16>, odd: vec4<f16>) -> Pairs {
    return Pairs(
        vec4<f16>(even.x, odd.x, even.y, odd.y),
        vec4<f16>(even.z, odd.z, even.w, odd.w),
    );
}

// The sum of what even and odd places came to.
fn both(pair: vec2<f16>) -> f32 {
    return f32(pair.x) + f32(pair.y);
}
