"""Writes the code that replays tables as an object file, which calls for neither Numba nor LLVM.

Numba's functions return a status and write results and errors to addresses. Each function of
`FUNCTIONS` gets a wrapper in C's convention: int64 in, int64 out, -1 after an error.
"""

import os
from typing import Any

import llvmlite.binding as llvm

from tat.backends.cpu import table_rows
from tat.backends.cpu.compiled import FUNCTIONS

# Arrays over addresses own no memory, so what would free it is never called.
_RUNTIME = """
define void @NRT_MemInfo_call_dtor(ptr %info) {
  ret void
}
"""
_WRAPPER = """
declare i32 @"{target}"(ptr, ptr{types})

define i64 @{name}({taken}) {{
  %result = alloca i64
  %error = alloca ptr
  store i64 0, ptr %result
  %status = call i32 @"{target}"(ptr %result, ptr %error{given})
  %failed = icmp sgt i32 %status, 0
  %value = load i64, ptr %result
  %answer = select i1 %failed, i64 -1, i64 %value
  ret i64 %answer
}}
"""


def object_file() -> bytes:
    """The object file for the processor level in NUMBA_CPU_NAME, of functions compiled just now."""
    target = llvm.Target.from_triple(llvm.get_process_triple())
    machine = target.create_target_machine(
        cpu=os.environ["NUMBA_CPU_NAME"], features="", opt=3, reloc="pic", codemodel="default"
    )
    module = llvm.parse_assembly(_RUNTIME)
    for name, count in FUNCTIONS.items():
        compiled = _compiled(getattr(table_rows, name))
        module.link_in(llvm.parse_bitcode(compiled.library._final_module.as_bitcode()))
        module.link_in(llvm.parse_assembly(_wrapper(name, compiled.fndesc.llvm_func_name, count)))
    for function in module.functions:
        if not function.is_declaration and function.name not in FUNCTIONS:
            function.linkage = "internal"
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return machine.emit_object(module)


def _compiled(kernel: Any) -> Any:
    """The one form of a kernel that there is."""
    [form] = kernel.overloads.values()
    return form


def _wrapper(name: str, target: str, count: int) -> str:
    values = [f"i64 %a{i}" for i in range(count)]
    given, types = "".join(f", {value}" for value in values), ", i64" * count
    return _WRAPPER.format(
        name=name, target=target, types=types, taken=", ".join(values), given=given
    )
