"""Trees that look like projects with shaders: our own code, in all forms, and its functions.

Each file says which functions tat has to find in it and at which lines and columns, by writing the
host text around shaders whose places it counts itself.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

GLSL = "void main() { gl_FragColor = vec4(1.0); }\nstruct Light { vec3 color; float power; };"
HLSL = "cbuffer B { float4 tint; };\nfloat4 main(float4 p : SV_POSITION) : SV_TARGET { return p; }"
JSON = '{"fn main()": {"struct Light": "fn a(x: f32)"}, "alias": ["var<x>", 1]}'
PROSE = "Call fn main() once; each struct Light has an alias = name, and var<storage> is explained."
OTHERS = (GLSL, HLSL, JSON, PROSE)


class Wanted(NamedTuple):
    """A function that has to be found, and where it stands; from 1, in characters."""

    name: str
    line: int
    column: int


class Made(NamedTuple):
    """A file of a tree."""

    path: str
    data: bytes
    wanted: tuple[Wanted, ...]


def shader(number: int, kind: int) -> str:
    """A module of two functions, different for each number."""
    name = f"f{number}"
    texts = (
        f"// é 𝄞 number {number}\nfn {name}_a(x: f32) -> f32 {{\n\treturn x * {number}.5;\n}}\n"
        f"fn {name}_b(v: vec3f) -> f32 {{ return {name}_a(v.x); }}\n",
        f"struct S{number} {{ a: f32, b: array<vec4f, 4> }}\n@group(0) @binding({number % 8})"
        f" var<storage, read_write> s{number}: S{number};\n"
        f"@compute @workgroup_size(8) fn {name}_a() {{ s{number}.a = {name}_b(1u); }}\n"
        f"fn {name}_b(i: u32) -> f32 {{ return s{number}.b[i].x; }}\n",
        f"const K{number} = {number};\nfn {name}_a(p: vec2f) -> vec2f {{\n  var q = p;\n  for (var"
        f" i = 0; i < K{number}; i++) {{ q = q * 0.5 + p; }}\n  return q;\n}}\n"
        f"@fragment fn {name}_b() -> @location(0) vec4f {{ return {name}_a(vec2f(1)).xyxy; }}\n",
    )
    return texts[kind % len(texts)]


HOSTS = (
    ("ts", "// it's\nimport {{ x }} from 'y';\nexport const a = `{other}`;\n"
           "export const shader = /* wgsl */ `", "`;\nconst z = a / 2; // `\n", "`"),
    ("js", "const other = `{other}`, re = /[`'\"]/;\ncreate({{ code: wgsl`", "` }});\n", "`"),
    ("tsx", "const A = () => <p>Don't</p>;\nconst s = String.raw`", "`;\n", ""),
    ("mjs", "const deep = `${{on ? `", "` : 'off'}}`;\nconst q = `{other}`;\n", "`"),
    ("rs", "// a 'life\nconst G: &str = r#\"{other}\"#;\nconst S: &'static str = r##\"",
           "\"##;\n", ""),
    ("rs", "fn a<'x>(c: char) {{ let q = '\"'; g(\"", "\"); }}\n", '"'),
    ("py", "# it's\nG = '''{other}'''\nS = \"\"\"", '"""\n', ""),
    ("py", "def f():\n\treturn (r'''", "''', 'x')\n", ""),
    ("html", "<!-- <script> -->\n<p title='a>b'>`</p><script type=\"x-shader/x-fragment\">{other}"
             "</script>\n<script type=\"text/wgsl\">", "</script>\n", ""),
    ("vue", "<template>it's</template>\n<script setup lang=\"ts\">\nconst s = `",
            "`\n</script>\n", "`"),
    ("md", "# It's\n```glsl\n{other}\n```\n\n```wgsl\n", "```\n{other}\n", ""),
    ("md", "- list\n\n  ~~~js\n  const s = `", "`\n  ~~~\n", "`"),
    ("wesl", "// a file of its own\n", "", ""),
    ("cc", "// it's\nconst char* g = R\"x({other})x\";\nconst char kS[] = R\"wgsl(",
           ")wgsl\";\nchar q = '\"';\n", ""),
    ("go", "// it's\nvar g = `{other}`\nvar s = `", "`\n", ""),
    ("swift", "/* /* \" */ */\nlet s = #\"\"\"\n", "\n\"\"\"#\n", ""),
    ("java", "class A {{ String s = \"\"\"\n", "\"\"\";\n}}\n", ""),
    ("cs", "char q = '\"';\nvar s = @\"", "\";\n", ""),
    ("kt", "val q = '\"'\nval s = \"\"\"", "\"\"\"\n", ""),
)  # fmt: skip


def trees() -> Iterator[Made]:
    """The files of all trees: each form with each kind of shader, line ends, marks and tabs."""
    number = 0
    for form, (suffix, before, after, quote) in enumerate(HOSTS):
        for kind in range(5):
            number += 1
            text = shader(number, kind)
            written = text.replace("\\", "\\\\").replace(quote, f"\\{quote}") if quote else text
            other = OTHERS[(form + kind) % len(OTHERS)]
            if "'\"'" in before or suffix == "py":
                other = other.replace('"', "")
            head = before.format(other=other)
            whole = head + written + after.format(other=PROSE)
            yield _made(f"{suffix}{form}/k{kind}.{suffix}", whole, text, len(head), kind)


def _made(path: str, whole: str, text: str, start: int, kind: int) -> Made:
    """A file with the line ends and the mark that its kind asks for."""
    wanted = []
    for line in text.split("\n"):
        for word in line.split("fn ")[1:]:
            name = word.split("(")[0]
            at = whole.index(f"fn {name}(")
            begin = whole.rfind("\n", 0, at) + 1
            ahead = whole[max(begin, start) : at]
            first = max(begin, start) + ahead.index("@") if "@" in ahead else at
            wanted.append(Wanted(name, whole.count("\n", 0, first) + 1, first - begin + 1))
    if kind == 3:
        whole = whole.replace("\n", "\r\n")
    data = whole.encode()
    return Made(path, b"\xef\xbb\xbf" + data if kind == 4 else data, tuple(wanted))


def decoys() -> Iterator[Made]:
    """Files with strings of other languages, in which there is nothing to find."""
    for number, other in enumerate(OTHERS):
        quoted = other.replace("\\", "").replace('"', "'")
        yield Made(f"none/{number}.ts", f"const wgsl = `{other}`, a = wgsl`{other}`;".encode(), ())
        yield Made(f"none/{number}.rs", f'const WGSL: &str = r#"{other}"#;'.encode(), ())
        yield Made(f"none/{number}.py", f'WGSL = """{quoted}"""'.encode(), ())
        yield Made(f"none/{number}.md", f"# x\n```\n{other}\n```\n{other}\n".encode(), ())
        page = f"<script type='x-shader/x-vertex'>{other}</script><p>{other}</p>"
        yield Made(f"none/{number}.html", page.encode(), ())


def write(folder: Path, files: Iterator[Made]) -> list[Made]:
    """Put the files into a folder."""
    made = list(files)
    for file in made:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return made


DIALECTS = {
    "bevy/math.wesl": "const TAU = 6.28;\nfn turn(x: f32) -> f32 { return x * TAU; }\n",
    "bevy/main.wesl": "import package::math::turn;\nimport super::math::{TAU as WHOLE};\n"
                      "@if(FAST) fn go() -> f32 { return 1.0; }\n"
                      "@else fn go() -> f32 { return turn(WHOLE); }\n",
    "oil/light.wgsl": "#define_import_path oil::light\nstruct Light { power: f32 }\n"
                      "fn lit(l: Light) -> f32 {\n#ifdef HALF\n    return l.power * 0.5;\n#else\n"
                      "    return l.power;\n#endif\n}\n",
    "oil/scene.wgsl": "#import oil::light::{Light, lit}\nfn scene() -> f32 { return lit(Light(2.0))"
                      " + oil::light::lit(Light(1.0)); }\n",
    "babylon/noise.ts": "export const noise = `fn noise(x: f32) -> f32 { return fract(x * 7); }`;",
    "babylon/wave.ts": "export const wave = `#include<noise>\n#if defined(BIG) && STEPS > 2\n"
                       "fn wave(x: f32) -> f32 { return noise(x) * 2.0; }\n#else\n"
                       "fn wave(x: f32) -> f32 { return noise(x); }\n#endif\n`;",
    "ggml/common.tmpl": "#define SIZE 64\nfn square(x: f32) -> f32 { return x * x; }\n",
    "ggml/scale.tmpl": '#include "common.tmpl"\n#define TWICE(v) ((v) + (v))\n'
                       "@compute @workgroup_size(SIZE) fn scale() { _ = TWICE(square(2.0)); }\n",
    "web/holes.ts": "const N = 8;\nconst kind = pick();\nconst head = `struct P { at: vec3f }`;\n"
                    "export const step = `${head}\n"
                    "@group(0) @binding(${slot}) var<storage, read_write> ps: array<P, ${N}>;\n"
                    "const SCALE: ${kind} = ${scale};\n"
                    "@compute @workgroup_size(${N}, ${M}) fn step() { ps[${index}].at.${axis} ="
                    " SCALE ${op} 1.0; ${extra} }\n`;",
    "web/parts.ts": "export const part = `fn part(p: P) -> f32 { return p.at.x; }`;",
    "web/broken.ts": "export const broken = `fn fine(x: f32) -> f32 { return x; }\n"
                     "fn wrong(x: f32) -> u32 { return gone(x); }`;",
}  # fmt: skip
"""Projects that need more than finding: imports, conditions, includes, holes and other files."""
