// Grid: a thread for each element of y, 256 a workgroup. No reduction.
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

fn elements() -> u32 {
    return params.batch * params.length * row_width();
}

fn make_element(i: u32) {
    let head = 2u * params.pairs;
    let width = row_width();
    let row = i / width;
    let column = i % width;
    var value = f32(x[i]);
    if (column < params.heads * head) {
        let position = start[row / params.length] + row % params.length;
        let known = min(position, arrayLength(&turns) / head - 1u);
        let place = known * head + column % head / 2u * 2u; // the sine, and then the cosine
        // The other of the pair; heads begin at even columns, and rows at any element.
        let odd = column % 2u == 1u;
        let other = f32(x[select(i + 1u, i - 1u, odd)]) * turns[place] * params.direction;
        value = value * turns[place + 1u] + select(-other, other, odd);
    }
    y[i] = Y(value);
}
