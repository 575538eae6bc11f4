// Grid: a thread for each pair of columns of y, 256 a workgroup; a row of odd width ends in one. No
// reduction.
// import each_element

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<X>;
@group(0) @binding(3) var<storage, read> turns: array<f32>;
@group(0) @binding(4) var<storage, read> start: array<u32>;

alias Y = f32;
alias X = f32;

fn row_width() -> u32 {
    return params.heads * 2u * params.pairs + params.others;
}

fn pairs_of_row() -> u32 {
    return (row_width() + 1u) / 2u;
}

fn elements() -> u32 {
    return params.batch * params.length * pairs_of_row();
}

fn make_element(i: u32) {
    let head = 2u * params.pairs;
    let width = row_width();
    let row = i / pairs_of_row();
    let column = i % pairs_of_row() * 2u;
    let at = row * width + column;
    let first = f32(x[at]);
    if (column >= params.heads * head) {
        y[at] = Y(first);
        if (column + 1u < width) {
            y[at + 1u] = Y(f32(x[at + 1u]));
        }
        return;
    }
    let position = start[row / params.length] + row % params.length;
    let known = min(position, arrayLength(&turns) / head - 1u);
    let place = known * head + column % head; // the sine, and then the cosine
    let second = f32(x[at + 1u]);
    let sine = turns[place] * params.direction;
    let cosine = turns[place + 1u];
    y[at] = Y(first * cosine - second * sine);
    y[at + 1u] = Y(second * cosine + first * sine);
}
