// request: inverse of the error function
// paraphrase: erfinv, to turn one uniform number into a Gaussian one
// paraphrase: normal quantile function from a polynomial fit
// family: error function
// tags: erfinv, gaussian, special-function, random
// difficulty: 2
// split: train
// source: M. Giles, "Approximating the erfinv Function", GPU Computing Gems, 2012

/// The y with erf(y) = `x`, for x between -1 and 1, both exclusive, to about 6 digits.
/// sqrt(2) times it, for x = 2 u - 1, is a standard normal number from a uniform u: unlike
/// Box-Muller it keeps the order, so that stratified u give stratified normals.
fn inverse_error_function(x: f32) -> f32 {
    let w = -log((1.0 - x) * (1.0 + x)); // 1 - x² would round before the logarithm
    var p: f32;
    if w < 5.0 {
        let c = w - 2.5;
        p = 2.81022636e-8;
        p = p * c + 3.43273939e-7;
        p = p * c - 3.5233877e-6;
        p = p * c - 4.39150654e-6;
        p = p * c + 0.00021858087;
        p = p * c - 0.00125372503;
        p = p * c - 0.00417768164;
        p = p * c + 0.246640727;
        p = p * c + 1.50140941;
    } else {
        let c = sqrt(w) - 3.0;
        p = -0.000200214257;
        p = p * c + 0.000100950558;
        p = p * c + 0.00134934322;
        p = p * c - 0.00367342844;
        p = p * c + 0.00573950773;
        p = p * c - 0.0076224613;
        p = p * c + 0.00943887047;
        p = p * c + 1.00167406;
        p = p * c + 2.83297682;
    }
    return p * x;
}
