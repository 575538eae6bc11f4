// request: pack a unit quaternion into 32 bits
// paraphrase: smallest three compression of a rotation for animation or networking
// paraphrase: quantize an orientation to 2 + 10 + 10 + 10 bits
// family: quaternion packing
// tags: packing, quaternion, animation, compression
// difficulty: 3
// split: train
// source: G. Fiedler, "Snapshot Compression", 2015

/// Packs the unit quaternion `q`: which component is largest in magnitude in the top two bits, and
/// the other three, in order, in ten bits each from the top down. The largest follows from them.
/// q and -q are one rotation, so the sign is chosen to make the left-out one positive. The others
/// are within ±sqrt(1/2), which the ten bits span; 512 is an exact zero, so that the identity
/// survives. The rotation is off by less than 0.3 degrees.
fn pack_quaternion(q: vec4f) -> u32 {
    let size = abs(q);
    var largest = select(0u, 1u, size.y > size.x);
    largest = select(largest, 2u, size.z > max(size.x, size.y));
    largest = select(largest, 3u, size.w > max(max(size.x, size.y), size.z));
    var rest = q.yzw;
    switch largest {
        case 1u: {
            rest = q.xzw;
        }
        case 2u: {
            rest = q.xyw;
        }
        case 3u: {
            rest = q.xyz;
        }
        default: {}
    }
    let positive = select(-rest, rest, q[largest] >= 0.0);
    let steps = vec3u(round(positive * (511.0 * sqrt(2.0))) + 512.0);
    return (largest << 30u) | (steps.x << 20u) | (steps.y << 10u) | steps.z;
}
