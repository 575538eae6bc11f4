// request: solve Kepler's equation for the eccentric anomaly
// paraphrase: where is a planet on its elliptical orbit at a given time
// paraphrase: invert M = E - e sin E with Newton's method
// family: kepler equation
// tags: newton, orbit, astronomy, roots
// difficulty: 2
// split: test
// source: J. M. A. Danby, "Fundamentals of Celestial Mechanics", 1988, chapter 6

/// Eccentric anomaly E with E - e sin(E) = `mean_anomaly`, all in radians, for an `eccentricity` e
/// from 0 to below 1. Whole turns are taken off first and added again, so that a late orbit is
/// solved as well as the first one.
fn solve_kepler(mean_anomaly: f32, eccentricity: f32) -> f32 {
    let turns = 6.2831853 * round(mean_anomaly / 6.2831853);
    let m = mean_anomaly - turns;
    // From this start the steps never fly off, even for an orbit close to a parabola.
    var e = m + 0.85 * eccentricity * sign(m);
    for (var i = 0; i < 8; i++) {
        let change = (e - eccentricity * sin(e) - m) / (1.0 - eccentricity * cos(e));
        e -= change;
        if abs(change) < 1e-7 {
            break;
        }
    }
    return turns + e;
}
