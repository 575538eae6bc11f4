"""A module that was read: its text, and where each part of it comes from."""

from dataclasses import dataclass
from hashlib import sha256

from tat.wgsl.embedded.placed import Anchor, place_in


@dataclass(frozen=True)
class ModuleText:
    """A WGSL module: a .wgsl file, the field `wgsl` of a JSON line, or a shader in another file.

    `places` says where the text of the last comes from; its first `front` characters are linked
    declarations of others. `holes` are the texts of holes of its host that no guess could fill.
    """

    origin: str  # path, path:line, or path:line:column
    text: str
    id: str = ""  # of a JSON line, which its functions in other lines name as `module_id`
    license: str = ""  # as a JSON line says it, or a LICENSE file above
    places: tuple[Anchor, ...] = ()
    front: int = 0
    holes: tuple[str, ...] = ()
    name: str = ""  # of the string in its host

    @property
    def content_hash(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    def place(self, offset: int) -> str:
        """path:line of an offset, with the column where the file is in another language."""
        if self.places:
            file, line, column = place_in(self.places, offset)
            return f"{file}:{line}:{column}"
        line = self.text.count("\n", 0, offset) + 1
        return f"{self.origin}:{line}"
