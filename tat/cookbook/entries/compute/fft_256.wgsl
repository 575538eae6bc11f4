// request: fast Fourier transform of 256 complex numbers
// paraphrase: radix-2 Stockham FFT in workgroup memory
// paraphrase: forward and inverse FFT kernel for ocean waves or audio
// family: fourier transform
// tags: fft, signal, complex, workgroup, kernel
// difficulty: 3
// split: train
// source: Govindaraju et al., "High Performance Discrete Fourier Transforms on Graphics
//     Processors", SC 2008

@group(0) @binding(0) var<storage, read_write> signal: array<vec2f>; // (re, im), 256 to a row
@group(0) @binding(1) var<storage, read> roots: array<vec2f, 128>; // cos and -sin of pi k / 128
@group(0) @binding(2) var<uniform> inverse: u32; // 0 forward, 1 inverse

var<workgroup> spectrum: array<vec2f, 256>;

/// Replaces each row of 256 numbers by its Fourier transform; one workgroup per row. The inverse
/// is not scaled: divide by 256 to come back.
/// Pass by pass, transforms of `length` numbers are joined in pairs into ones twice as long, of
/// even and odd elements. Stockham's variant stores them so that the result comes out in order
/// without the bit reversal. Both numbers are read before anyone writes, which saves a second
/// array. The roots of unity come from the host: a GPU's sin may be off by 2^-11, and that error
/// would grow from pass to pass.
@compute @workgroup_size(128)
fn fft_256(
    @builtin(workgroup_id) row: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let start = 256u * row.x;
    spectrum[lane] = signal[start + lane];
    spectrum[lane + 128u] = signal[start + lane + 128u];
    for (var length = 1u; length < 256u; length *= 2u) {
        workgroupBarrier();
        let place = lane % length; // within the transform
        let root = roots[place * (128u / length)];
        let turn = select(root, vec2f(root.x, -root.y), inverse == 1u);
        let even = spectrum[lane];
        let odd = spectrum[lane + 128u];
        let turned = vec2f(dot(odd, vec2f(turn.x, -turn.y)), dot(odd, turn.yx));
        workgroupBarrier();
        let first = 2u * lane - place;
        spectrum[first] = even + turned;
        spectrum[first + length] = even - turned;
    }
    workgroupBarrier();
    signal[start + lane] = spectrum[lane];
    signal[start + lane + 128u] = spectrum[lane + 128u];
}
