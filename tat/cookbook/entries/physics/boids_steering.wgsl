// request: boids flocking rules in a compute shader
// paraphrase: steer each bird by separation, alignment and cohesion with its neighbours
// paraphrase: flock simulation step that finds the acceleration of every boid
// family: flocking
// tags: boids, flocking, simulation, particles, kernel
// difficulty: 3
// split: test
// source: C. Reynolds, "Flocks, Herds, and Schools", SIGGRAPH 1987

struct Boid {
    position: vec2f,
    velocity: vec2f,
}

struct Flock {
    view: f32, // distance within which others are seen
    separation: f32, // weights of the three rules
    alignment: f32,
    cohesion: f32,
}

@group(0) @binding(0) var<uniform> flock: Flock;
@group(0) @binding(1) var<storage, read> boids: array<Boid>;
@group(0) @binding(2) var<storage, read_write> steering: array<vec2f>;

/// Acceleration of each boid, from those within its view: away from them, the more the closer; to
/// their mean velocity; and to the middle of their positions. A boid that sees nobody flies on.
/// Neighbours count by number and not by distance, except for separation, which is what keeps a
/// dense flock from collapsing. Two boids in one place do not push: they have no direction to go.
@compute @workgroup_size(64)
fn boids_steering(@builtin(global_invocation_id) id: vec3u) {
    let count = arrayLength(&boids);
    if id.x >= count {
        return;
    }
    let me = boids[id.x];
    var push = vec2f(0.0);
    var velocities = vec2f(0.0);
    var offsets = vec2f(0.0);
    var seen = 0.0;
    for (var i = 0u; i < count; i++) {
        let way = boids[i].position - me.position;
        let square = dot(way, way);
        if i == id.x || square >= flock.view * flock.view {
            continue;
        }
        push -= way / max(square, 1e-12);
        velocities += boids[i].velocity;
        offsets += way;
        seen += 1.0;
    }
    if seen == 0.0 {
        steering[id.x] = vec2f(0.0);
        return;
    }
    let align = velocities / seen - me.velocity;
    let gather = offsets / seen;
    steering[id.x] = flock.separation * push + flock.alignment * align + flock.cohesion * gather;
}
