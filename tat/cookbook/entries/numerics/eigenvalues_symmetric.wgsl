// request: eigenvalues of a symmetric 3x3 matrix
// paraphrase: principal stresses or principal curvatures of a symmetric tensor
// paraphrase: Jacobi eigenvalue iteration for a small covariance matrix, sorted ascending
// family: eigenvalues
// tags: matrix, eigenvalues, tensor, linear-algebra
// difficulty: 3
// split: train
// source: C. G. J. Jacobi, Crelle's Journal 30, 1846; Golub and Van Loan, "Matrix Computations"

/// Eigenvalues, ascending, of the symmetric matrix with the given `diagonal` (xx, yy, zz) and
/// `off_diagonal` (yz, xz, xy), exact to a few ulp of the largest in magnitude. The closed form
/// by an arc cosine is shorter, but halves the digits of eigenvalues that lie close together.
/// Each step turns the xy plane so that xy vanishes, then renames the axes to do the next plane;
/// what is off the diagonal shrinks quadratically, so that four rounds of three are enough.
fn eigenvalues_symmetric(diagonal: vec3f, off_diagonal: vec3f) -> vec3f {
    var d = diagonal;
    var o = off_diagonal; // each element stands in the place of the axis that it leaves out
    for (var i = 0; i < 12; i++) {
        if o.z != 0.0 {
            let gap = d.y - d.x;
            let twice = select(-2.0, 2.0, gap >= 0.0) * o.z;
            let tangent = twice / (abs(gap) + length(vec2f(gap, twice)));
            let cosine = inverseSqrt(1.0 + tangent * tangent);
            let sine = tangent * cosine;
            d += tangent * o.z * vec3f(-1.0, 1.0, 0.0);
            o = vec3f(cosine * o.x + sine * o.y, cosine * o.y - sine * o.x, 0.0);
        }
        d = d.yzx;
        o = o.yzx;
    }
    let low = min(min(d.x, d.y), d.z);
    let high = max(max(d.x, d.y), d.z);
    let middle = max(min(d.x, d.y), min(max(d.x, d.y), d.z));
    return vec3f(low, middle, high);
}
