"""pypiserver: the embedded index for rehearsals, on loopback, with a temporary token."""

import contextlib
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from release_recipes.secrets.token import Token
from release_recipes.settings import Target


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
        """Log nothing: standard error is for the console."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[Target, Token]]:
    """Serve an empty index from a folder, which is made, on a free port of loopback, until the block ends.

    Yields:
        Its addresses, and its token.
    """
    import pypiserver

    folder.mkdir(exist_ok=True)
    token = secrets.token_urlsafe(24)
    app = pypiserver.app(
        roots=[folder], authenticate=["update"], auther=lambda user, password: (user, password) == ("__token__", token),
        disable_fallback=True, overwrite=False,
    )  # fmt: skip
    with make_server("127.0.0.1", 0, app, server_class=_Server, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield Target(address, f"{address}simple/"), Token(token)
        finally:
            server.shutdown()
