"""What a person asks for, as the parts of a source that the model was trained on."""

from dataclasses import dataclass

from tat.data.samples import Source, completion_source, infill_source
from tat.errors import UsageError


@dataclass(frozen=True)
class Prompt:
    """A request for a function, or for the text of a gap between prefix and suffix."""

    description: str = ""
    signature: str = ""
    context: str = ""  # declarations that the function may use
    prefix: str | None = None
    suffix: str | None = None

    def __post_init__(self) -> None:
        gap = self.prefix is not None or self.suffix is not None
        if gap and (self.description or self.signature or self.context):
            raise UsageError(
                "prompt: a gap has a prefix and a suffix and nothing else; drop the rest"
            )
        if not gap and not (self.description.strip() or self.signature.strip()):
            raise UsageError("prompt: empty; describe the function, or give --signature or a gap")

    @property
    def source(self) -> Source:
        """Marked parts, in the order of the training samples."""
        if self.prefix is not None or self.suffix is not None:
            return infill_source(self.prefix or "", self.suffix or "")
        return completion_source(self.description, self.signature, self.context)

    @property
    def lead(self) -> str:
        """Text in front of what the model generates, to make it whole: the given signature."""
        return f"{self.signature.strip()} " if self.signature.strip() else ""
