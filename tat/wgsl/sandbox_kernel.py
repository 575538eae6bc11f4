"""One run of a compute kernel on a wgpu device, its resources made from bytes and read back."""

from dataclasses import dataclass

import wgpu

from tat.wgsl.protocol import TEXEL_BYTES, Binding, Run

_BUFFERS = {"storage": "storage", "read": "read-only-storage", "uniform": "uniform"}


@dataclass(frozen=True)
class _Resource:
    """A binding, its description in a layout, and the object that holds its bytes."""

    binding: Binding
    layout: dict
    bound: dict | wgpu.GPUObjectBase
    holder: wgpu.GPUBuffer | wgpu.GPUTexture | None = None


def run_kernel(device: wgpu.GPUDevice, module: wgpu.GPUShaderModule, request: Run) -> list[bytes]:
    """Bytes of the storage buffers and storage textures afterwards, in the order of bindings."""
    resources = [_resource(device, binding) for binding in request.bindings]
    groups = [_of_group(resources, group) for group in range(_group_count(request.bindings))]
    layouts = [
        device.create_bind_group_layout(entries=[_entry(r, r.layout) for r in members])
        for members in groups
    ]
    pipeline = device.create_compute_pipeline(
        layout=device.create_pipeline_layout(bind_group_layouts=layouts),
        compute={"module": module, "entry_point": request.entry_point},
    )
    encoder = device.create_command_encoder()
    compute = encoder.begin_compute_pass()
    compute.set_pipeline(pipeline)
    for index, (layout, members) in enumerate(zip(layouts, groups, strict=True)):
        entries = [{"binding": r.binding.binding, "resource": r.bound} for r in members]
        compute.set_bind_group(index, device.create_bind_group(layout=layout, entries=entries))
    compute.dispatch_workgroups(*request.workgroups)
    compute.end()
    device.queue.submit([encoder.finish()])
    return [_read(device, r) for r in resources if r.binding.returned]


def _group_count(bindings: list[Binding]) -> int:
    return max((binding.group for binding in bindings), default=-1) + 1


def _of_group(resources: list[_Resource], group: int) -> list[_Resource]:
    return [resource for resource in resources if resource.binding.group == group]


def _entry(resource: _Resource, layout: dict) -> dict:
    return {
        "binding": resource.binding.binding,
        "visibility": wgpu.ShaderStage.COMPUTE,
        **layout,
    }


def _resource(device: wgpu.GPUDevice, binding: Binding) -> _Resource:
    if binding.kind == "sampler":
        sampler = device.create_sampler(mag_filter="linear", min_filter="linear")
        return _Resource(binding, {"sampler": {"type": "filtering"}}, sampler)
    if binding.kind in _BUFFERS:
        return _buffer(device, binding)
    return _texture(device, binding)


def _buffer(device: wgpu.GPUDevice, binding: Binding) -> _Resource:
    usage = wgpu.BufferUsage.UNIFORM if binding.kind == "uniform" else wgpu.BufferUsage.STORAGE
    usage |= wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST
    buffer = device.create_buffer_with_data(data=binding.data, usage=usage)
    return _Resource(
        binding, {"buffer": {"type": _BUFFERS[binding.kind]}}, {"buffer": buffer}, buffer
    )


def _texture(device: wgpu.GPUDevice, binding: Binding) -> _Resource:
    usage = wgpu.TextureUsage.COPY_SRC | wgpu.TextureUsage.COPY_DST
    written = binding.kind == "storage_texture"
    usage |= wgpu.TextureUsage.STORAGE_BINDING if written else wgpu.TextureUsage.TEXTURE_BINDING
    size = (binding.width, binding.height, 1)
    texture = device.create_texture(size=size, usage=usage, format=binding.format)
    if binding.data:
        device.queue.write_texture({"texture": texture}, binding.data, _rows(binding), size)
    if written:
        layout = {"storage_texture": {"access": "write-only", "format": binding.format}}
    else:
        layout = {"texture": {"sample_type": "float"}}
    return _Resource(binding, layout, texture.create_view(), texture)


def _read(device: wgpu.GPUDevice, resource: _Resource) -> bytes:
    binding = resource.binding
    if binding.kind == "storage":
        return bytes(device.queue.read_buffer(resource.holder))
    size = (binding.width, binding.height, 1)
    source = {"texture": resource.holder}
    return bytes(device.queue.read_texture(source, _rows(binding), size))


def _rows(binding: Binding) -> dict:
    row = binding.width * TEXEL_BYTES[binding.format]
    return {"bytes_per_row": row, "rows_per_image": binding.height}
