// Stored is the residual connection's sum, dropout before it.
// import dropout

@group(0) @binding(_) var<storage, read> residual: array<Element>;
@group(0) @binding(_) var<storage, read> counter: array<u32>;

fn beside(i: u32) -> Element {
    return residual[i];
}

fn finish(i: u32, value: Element, other: Element) -> Element {
    let word = dropout_word();
    let j = i * WIDTH;
    let kept = element_of(
        keep(word, j), keep(word, j + 1u), keep(word, j + 2u), keep(word, j + 3u)
    );
    return other + value * kept;
}
