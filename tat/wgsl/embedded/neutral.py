"""Text of dialects with blanks where it is for a preprocessor: as long as before, near to WGSL."""

import re

from tat.wgsl.embedded.imports import NESTED

# Each is replaced by blanks or by letters of the same length, so that every offset stays.
DIRECTIVE = re.compile(
    r"^[ \t]*\#[ \t]*(?:define_import_path|import|ifdef|ifndef|if|elif|elseif|elsif|else|endif"
    r"|define|undef|include|pragma|extension|enddecl|decl|end)\b[^\n]*",
    re.MULTILINE,
)
NAGA_IMPORT = re.compile(rf"^[ \t]*\#[ \t]*import\b[^\n{{]*(?:{NESTED}[^\n]*)?", re.MULTILINE)
WESL_IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^()\n]*\))?\s*)*import\s+[\w:]+(?:\s*::\s*\{[^;]*\}|\s+as\s+\w+)?\s*;",
    re.MULTILINE,
)
CONDITION = re.compile(r"@(?:if|elif)\s*\((?:[^()\n]|\([^()\n]*\))*\)|@else\b")
PATH = re.compile(r"(?<![\w:])[A-Za-z_]\w*(?:::[A-Za-z_]\w*)+")
VALUE = re.compile(r"\#\{?[A-Za-z_]\w*\}?")
VARIANTS = re.compile(r"\#define\(VARIANTS\).*?\#end\(VARIANTS\)", re.DOTALL)
DECLS = re.compile(r"^[ \t]*DECLS\b", re.MULTILINE)
VIRTUAL = re.compile(r"^[ \t]*(?:virtual|override)[ \t]+(?=fn\b)", re.MULTILINE)
PART = re.compile(r"(?<=\w)\{\w+\}")  # of an identifier: light{X}
TEMPLATE = re.compile(
    r"\{\{[^{}\n;]*[^{}\n;\s][^{}\n;]*\}\}|\{\$[^{}\n]*\$\}|\{%[^{}\n]*%\}|<%[^%\n]*%>"
)
STAGE_VARIABLE = re.compile(
    r"^([ \t]*)(uniform|attribute|varying|flat varying|var)\s+(\w+)\s*:\s*([^;=(){}]+);",
    re.MULTILINE,
)


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _word(found: re.Match[str]) -> str:
    return "x" * len(found[0])


def _number(found: re.Match[str]) -> str:
    return "1".ljust(len(found[0]))


def _stage_variable(found: re.Match[str]) -> str:
    """Babylon's declarations of what a stage reads, as constants of the same length."""
    if found[2] == "var":
        return found[0]
    return found[1] + "var".ljust(len(found[2])) + found[0][len(found[1]) + len(found[2]) :]


def neutral(text: str) -> str:
    """`text` without directives, imports, conditions and templates, each offset as it was.

    >>> neutral("#ifdef A\\nlet x = lib::one(#{N});\\n#endif")
    '        \\nlet x = xxxxxxxx(1   );\\n      '
    """
    if "#define(" in text or "#decl(" in text:
        text = DECLS.sub(_blank, VARIANTS.sub(_blank, text, 1))
    text = VIRTUAL.sub(_blank, text)
    if "#" in text:
        text = DIRECTIVE.sub(_blank, NAGA_IMPORT.sub(_blank, text))
        text = VALUE.sub(_number, text)
    if "import" in text:
        text = WESL_IMPORT.sub(_blank, text)
    if "@" in text:
        text = CONDITION.sub(_blank, text)
    if "::" in text:
        text = PATH.sub(_word, text)
    if "{" in text or "<%" in text:
        text = PART.sub(lambda found: "0" * len(found[0]), TEMPLATE.sub(_template, text))
    return STAGE_VARIABLE.sub(_stage_variable, text)


def _template(found: re.Match[str]) -> str:
    return _number(found) if found[0].startswith("{{") else _blank(found)


def dialect_of(text: str, *, holes: bool = False) -> str:
    """The dialect of WGSL that a text is written in."""
    if re.search(r"^[ \t]*#[ \t]*(?:import|define_import_path)\b|#\{\w+\}", text, re.MULTILINE):
        return "naga_oil"
    if WESL_IMPORT.search(text) or CONDITION.search(text):
        return "wesl"
    if re.search(
        r"^[ \t]*#include\s*<\w+>|^[ \t]*(?:uniform|varying|attribute)\s+\w+\s*:"
        r"|\b(?:vertex|fragment)(?:Inputs|Outputs)\.",
        text,
        re.MULTILINE,
    ):
        return "babylon"
    if DIRECTIVE.search(text):
        return "ggml" if re.search(r"^[ \t]*#decl\(|^[ \t]*#define\(", text, re.MULTILINE) else (
            "preprocessor")  # fmt: skip
    return "template" if holes or TEMPLATE.search(text) else "wgsl"
