"""Predeclared names of the language, and the numbers of arguments that callable ones take.

From the specification's chapters on types, enumerants and built-in functions, and with naga's
extensions. The numbers are those of all overloads.
"""

from collections.abc import Iterable

Arity = frozenset[int]  # numbers of arguments that a call may have


def _words(*texts: str) -> list[str]:
    return " ".join(texts).split()


def _table(low: int, high: int, names: str) -> dict[str, Arity]:
    return dict.fromkeys(_words(names), frozenset(range(low, high + 1)))


_ATOMIC = _words("Add Sub Max Min And Or Xor Exchange")
_TEXTURE_ATOMIC = _words("Min Max Add And Or Xor")
_PACKED = _words("4x8snorm 4x8unorm 4xI8 4xU8 2x16snorm 2x16unorm 2x16float")
_SUBGROUP_1 = _words(
    "Add ExclusiveAdd InclusiveAdd All And Any BroadcastFirst ExclusiveMul InclusiveMul Max Min"
    " Mul Or Xor"
)
_SUBGROUP_2 = _words("Broadcast Shuffle ShuffleDown ShuffleUp ShuffleXor")

FUNCTIONS: dict[str, Arity] = {
    **_table(0, 0, "storageBarrier textureBarrier workgroupBarrier subgroupBarrier subgroupElect"),
    **_table(0, 1, "subgroupBallot"),
    **_table(1, 1, """
        abs acos acosh all any arrayLength asin asinh atan atanh atomicLoad bitcast ceil cos cosh
        countLeadingZeros countOneBits countTrailingZeros degrees determinant dpdx dpdxCoarse
        dpdxFine dpdy dpdyCoarse dpdyFine exp exp2 firstLeadingBit firstTrailingBit floor fract
        frexp fwidth fwidthCoarse fwidthFine inverseSqrt length log log2 modf normalize
        pack4xI8Clamp pack4xU8Clamp quadSwapDiagonal quadSwapX quadSwapY quantizeToF16 radians
        reverseBits round saturate sign sin sinh sqrt tan tanh textureNumLayers textureNumLevels
        textureNumSamples transpose trunc workgroupUniformLoad"""),
    **_table(1, 1, " ".join(f"pack{kind} unpack{kind}" for kind in _PACKED)),
    **_table(1, 1, " ".join(f"subgroup{kind}" for kind in _SUBGROUP_1)),
    **_table(1, 2, "textureDimensions"),
    **_table(2, 2, """
        atan2 atomicStore cross distance dot dot4I8Packed dot4U8Packed ldexp max min pow
        quadBroadcast reflect step"""),
    **_table(2, 2, " ".join(f"atomic{kind}" for kind in _ATOMIC)),
    **_table(2, 2, " ".join(f"subgroup{kind}" for kind in _SUBGROUP_2)),
    **_table(2, 4, "textureLoad"),
    **_table(3, 3, """
        atomicCompareExchangeWeak clamp extractBits faceForward fma mix refract select smoothstep
        textureSampleBaseClampToEdge"""),
    **_table(3, 4, "textureStore"),
    **_table(3, 4, " ".join(f"textureAtomic{kind}" for kind in _TEXTURE_ATOMIC)),
    **_table(3, 5, "textureSample"),
    **_table(3, 6, "textureGather"),
    **_table(4, 4, "insertBits"),
    **_table(4, 6, """
        textureGatherCompare textureSampleBias textureSampleCompare textureSampleCompareLevel
        textureSampleLevel"""),
    **_table(5, 7, "textureSampleGrad"),
}  # fmt: skip

_MATRICES = {f"mat{c}x{r}": c * r for c in (2, 3, 4) for r in (2, 3, 4)}

TYPES: dict[str, Arity] = {
    **_table(0, 1, "bool f16 f32 f64 i32 i64 u32 u64"),
    **{
        f"vec{size}{kind}": frozenset(range(size + 1))
        for size in (2, 3, 4)
        for kind in ("", "f", "h", "i", "u")
    },
    **{
        f"{name}{kind}": frozenset(range(size + 1))
        for name, size in _MATRICES.items()
        for kind in ("", "f", "h")
    },
}

_TEXTURES = _words("""
    texture_1d texture_2d texture_2d_array texture_3d texture_cube
    texture_cube_array texture_multisampled_2d
    texture_storage_1d texture_storage_2d texture_storage_2d_array
    texture_storage_3d""")
# Names that a template list may follow; "<" behind any other name compares.
GENERATORS = frozenset((
    *(f"vec{size}" for size in (2, 3, 4)), *_MATRICES, *_TEXTURES, "array", "atomic", "bitcast",
    "ptr", "binding_array", "acceleration_structure", "ray_query", "coop_mat8x8", "coop_mat16x16",
    "coopLoad", "coopLoadT",
))  # fmt: skip

_PLAIN_TYPES = _words("""
    sampler sampler_comparison texture_depth_2d texture_depth_2d_array texture_depth_cube
    texture_depth_cube_array texture_depth_multisampled_2d
    texture_external RayDesc RayIntersection""")
_SPACES = _words(
    "read write read_write atomic function private workgroup uniform storage handle push_constant"
    " immediate task_payload ray_payload incoming_ray_payload vertex_return A B C"
)
_FORMATS = [
    f"{channels}{kind}"
    for channels in ("r", "rg", "rgba")
    for kind in _words(
        "8unorm 8snorm 8uint 8sint 16unorm 16snorm 16uint 16sint 16float",
        "32uint 32sint 32float 64uint",
    )
]
_OTHER_FORMATS = _words("bgra8unorm rgb10a2unorm rgb10a2uint rg11b10ufloat")
_EXTENSIONS = _words("""
    coopStore coopStoreT coopMultiplyAdd traceRay
    rayQueryInitialize rayQueryProceed rayQueryGenerateIntersection rayQueryConfirmIntersection
    rayQueryTerminate rayQueryGetCommittedIntersection rayQueryGetCandidateIntersection
    getCommittedHitVertexPositions getCandidateHitVertexPositions
    RAY_FLAG_NONE RAY_FLAG_FORCE_OPAQUE RAY_FLAG_FORCE_NO_OPAQUE RAY_FLAG_TERMINATE_ON_FIRST_HIT
    RAY_FLAG_SKIP_CLOSEST_HIT_SHADER RAY_FLAG_CULL_BACK_FACING RAY_FLAG_CULL_FRONT_FACING
    RAY_FLAG_CULL_OPAQUE RAY_FLAG_CULL_NO_OPAQUE RAY_FLAG_SKIP_TRIANGLES RAY_FLAG_SKIP_AABBS
    RAY_QUERY_INTERSECTION_NONE RAY_QUERY_INTERSECTION_TRIANGLE
    RAY_QUERY_INTERSECTION_GENERATED RAY_QUERY_INTERSECTION_AABB""")


def _all(*groups: Iterable[str]) -> frozenset[str]:
    return frozenset(name for group in groups for name in group)


NAMES = _all(FUNCTIONS, TYPES, GENERATORS, _PLAIN_TYPES, _EXTENSIONS)
"""Every predeclared name that may stand wherever a name is used."""

ENUMERANTS = _all(_SPACES, _FORMATS, _OTHER_FORMATS)
"""The predeclared names that only stand in template lists."""

ARITIES: dict[str, Arity] = {**FUNCTIONS, **TYPES}
"""Numbers of arguments, by name, of what is callable with a fixed choice of them."""
