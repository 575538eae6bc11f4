"""Plans on any GPU through wgpu, by the WGSL shaders in shaders/."""
