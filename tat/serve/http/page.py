"""The page at /: one file that asks no other address, with the policy that says so."""

from functools import cache

from tat.resources import resource
from tat.serve.http.replies import Reply

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


@cache
def page() -> bytes:
    """The page with its style, its script and the editor inside."""
    folder = resource("serve", "page")
    text = (folder / "page.html").read_text("utf-8")
    for name in ("style.css", "editor.js", "page.js"):
        text = text.replace(f"/*{name}*/", (folder / name).read_text("utf-8"))
    return text.encode()


def page_reply() -> Reply:
    """The page as an answer."""
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", _POLICY)]
    return Reply(200, headers, page())
