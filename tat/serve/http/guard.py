"""Who may ask: clients on this machine, or with a token; never a page of another site.

A page that a browser shows may send requests to any address. So the Host header has to name this
server (a name that leads here by DNS is none of its), and an Origin has to be the server's own.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from tat.serve.http.replies import RefusedError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Guard:
    """The conditions of a request; `host` is the one that is listened on beyond this machine."""

    port: int
    host: str = ""
    token: str = ""

    def check(self, environment: Mapping[str, str], public: bool = False) -> None:
        """RefusedError unless a request may be answered; `public`: the page, which holds nothing.

        `environment` is WSGI's.
        """
        given = environment.get("HTTP_HOST", "").lower()
        if given not in self._hosts() and not (self.host and self.token):
            raise RefusedError(403, f"the Host header {given[:100]!r} is not this server's")
        origin = environment.get("HTTP_ORIGIN")
        if origin is not None and origin.lower() != f"http://{given}":
            raise RefusedError(403, "pages of other sites may not ask; open the server's own page")
        if environment.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin"):
            raise RefusedError(403, "pages of other sites may not ask; open the server's own page")
        if self.token and not public and not self._knows(environment):
            hint = [("WWW-Authenticate", "Bearer")]
            raise RefusedError(401, "say the token: Authorization: Bearer TOKEN", hint)

    def _hosts(self) -> set[str]:
        names = {*_LOOPBACK, self.host.lower()} - {""}
        bare = names if self.port == 80 else set()
        return bare | {f"{name}:{self.port}" for name in names}

    def _knows(self, environment: Mapping[str, str]) -> bool:
        scheme, _, token = environment.get("HTTP_AUTHORIZATION", "").partition(" ")
        same = hmac.compare_digest(token.strip().encode("utf-8", "replace"), self.token.encode())
        return scheme.lower() == "bearer" and same
