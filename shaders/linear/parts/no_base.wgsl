// What store_rows adds to every row of C: nothing.

fn base_at(column: u32) -> vec4f {
    return vec4f();
}
