// Stored is the residual connection's sum, dropout before it.
// import dropout

@group(0) @binding(_) var<storage, read> residual: array<Element>;
@group(0) @binding(_) var<storage, read> counter: array<u32>;

fn finish(i: u32, value: Element) -> Element {
    let word = dropout_word();
    let j = i * WIDTH;
    let kept = element_of(
        keep(word, j), keep(word, j + 1u), keep(word, j + 2u), keep(word, j + 3u)
    );
    return residual[i] + value * kept;
}
