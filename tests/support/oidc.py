"""Trusted Publishing on loopback: a CI service that gives identities as GitHub does, and an index that knows them.

The index makes the exchange as PyPI documents it; its words are those of PyPI's source (``warehouse/oidc/views.py``).
"""

import base64
import email
import io
import json
import secrets
import time
import uuid
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from support.index import PypiServer, Serving

__all__ = ["PUBLISHER", "IdentityProvider", "TrustedIndex"]

#: The publisher that the index knows, by the fields of PyPI's form.
PUBLISHER: Final = {"repository": "octo/demo", "workflow": "release.yml", "environment": "pypi"}

NO_PUBLISHER: Final = "valid token, but no corresponding publisher (Publisher with matching claims was not found)"


class IdentityProvider(Serving):
    """The service that gives GitHub's jobs their identity tokens; to be used as a context manager."""

    def __init__(self, algorithm: Literal["RS256", "ES256"] = "RS256") -> None:
        """Make a key and bind a free port."""
        self.algorithm = algorithm
        self.key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048)
            if algorithm == "RS256"
            else ec.generate_private_key(ec.SECP256R1())
        )
        self.bearer = secrets.token_urlsafe(32)
        self.claims: dict[str, Any] = {}
        """Claims of the job that replace those of the right one."""
        self.failures = 0
        """How many requests are answered with 503 before one is answered well."""
        self.given: list[str] = []
        """Each identity token."""
        self.audiences: list[str] = []
        """The audience of each request, also of those that were refused."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.audiences += parse_qs(urlsplit(self.path).query)["audience"]
                status = 200 if self.headers["Authorization"] == f"bearer {provider.bearer}" else 401
                if provider.failures:
                    provider.failures, status = provider.failures - 1, 503
                value = provider.identity(provider.audiences[-1]) if status == 200 else ""
                body = json.dumps({"value": value}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def identity(self, audience: str) -> str:
        """Sign the identity of the job for an audience, with the claims that GitHub documents."""
        repository, now = self.claims.get("repository", PUBLISHER["repository"]), int(time.time())
        environment = self.claims.get("environment", PUBLISHER["environment"])
        workflow = f"{repository}/.github/workflows/{PUBLISHER['workflow']}@refs/tags/v1.3.0"
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "sub": f"repo:{repository}:environment:{environment}",
            "jti": str(uuid.uuid4()),
            "repository": repository,
            "repository_owner": repository.partition("/")[0],
            "job_workflow_ref": workflow,
            "environment": environment,
            "iat": now,
            "exp": now + 300,
            **self.claims,
        }
        self.given.append(jwt.encode(claims, self.key, self.algorithm))
        return self.given[-1]

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a job that has the permission ``id-token: write``."""
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "octo/demo",
            "GITHUB_WORKFLOW_REF": "octo/demo/.github/workflows/release.yml@refs/tags/v1.3.0",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.issuer}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.bearer,
        }


class TrustedIndex(PypiServer):
    """A pypiserver that also lets in a job that it knows, and keeps attestations; to be used as a context manager."""

    def __init__(self, folder: Path, provider: IdentityProvider) -> None:
        """Know one publisher, and trust one service."""
        super().__init__(folder)
        self._provider = provider
        self._pypiserver: WSGIApplication = self._server.get_app()  # type: ignore[assignment]
        self._server.set_app(self._respond)
        self.publisher = dict(PUBLISHER)
        self.audience: tuple[str, object] = ("200 OK", {"audience": "demo-index"})
        """The answer to the question for the audience."""
        self.first: list[tuple[str, dict[str, str], object]] = []
        """Answers to the first requests for a token, each a status, headers and JSON, in place of the right ones."""
        self.lifetime = 900
        self.presented: list[str] = []
        """Each identity token that was presented."""
        self.minted: dict[str, float] = {}
        """When each token expires."""
        self.attested: dict[str, str] = {}
        """What came in the field ``attestations``, by file name."""
        self.provenance: dict[str, object] = {}
        """What the index serves, by file name."""
        self._used: set[str] = set()

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables that lead a job to this index; none of them is a token."""
        kept = {name: value for name, value in super().settings.items() if name != "PYPI_API_TOKEN"}
        return kept | {"PYPI_TRUSTED_PUBLISHING": "always"}

    def _respond(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/_/oidc/audience":
            return self._say(environ, start, *self.audience)
        if path == "/_/oidc/mint-token":
            body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            self.presented.append(body["token"])
            if self.first:
                status, headers, said = self.first.pop(0)
                return self._say(environ, start, status, said, headers)
            return self._say(environ, start, *self._mint(body["token"]))
        if path.startswith("/integrity/"):
            served = self.provenance.get(path.split("/")[-2])
            return self._say(environ, start, "200 OK" if served else "404 Not Found", served or {"message": "none"})
        if environ["REQUEST_METHOD"] == "POST":
            self._take(environ)
        return self._pypiserver(environ, start)

    def _say(
        self, environ: WSGIEnvironment, start: StartResponse, status: str, said: object,
        headers: dict[str, str] | None = None,
    ) -> list[bytes]:  # fmt: skip
        self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {status[:3]}")
        body = json.dumps(said).encode()
        named = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
        start(status, list(named.items()))
        return [body]

    def _mint(self, identity: str) -> tuple[str, object]:
        """Exchange an identity token: its signature, audience, issuer, expiry and claims must be right."""

        def no(code: str, description: str) -> tuple[str, object]:
            errors = [{"code": code, "description": description}]
            return "422 Unprocessable Content", {"message": "Token request failed", "errors": errors}

        said: Any = self.audience[1]
        try:
            claims = jwt.decode(
                identity, self._provider.key.public_key(), ["RS256", "ES256"], audience=said["audience"],
                issuer=self._provider.issuer, options={"require": ["aud", "exp", "iat", "iss", "sub", "jti"]},
            )  # fmt: skip
        except jwt.InvalidTokenError:
            return no("invalid-token", "malformed or invalid token")
        workflow = claims["job_workflow_ref"].partition("@")[0].rpartition("/")[2]
        job = {
            "repository": claims["repository"],
            "workflow": workflow,
            "environment": claims.get("environment"),
        }
        if job != self.publisher:
            return no("invalid-publisher", NO_PUBLISHER)
        if claims["jti"] in self._used:
            return no("invalid-reuse-token", "invalid token: already used")
        self._used.add(claims["jti"])
        token, expires = f"pypi-{secrets.token_urlsafe(32)}", int(time.time()) + self.lifetime
        self.minted[token] = expires
        return "200 OK", {"success": True, "token": token, "expires": expires}

    def _take(self, environ: WSGIEnvironment) -> None:
        """Let pypiserver accept a token that was minted and is still valid, and keep the attestations of the file."""
        for token, expires in self.minted.items():
            if environ.get("HTTP_AUTHORIZATION") == _basic(token) and time.time() < expires:
                environ["HTTP_AUTHORIZATION"] = _basic(self.token)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(body)
        message = email.message_from_bytes(f"Content-Type: {environ['CONTENT_TYPE']}\r\n\r\n".encode() + body)
        parts: Any = message.get_payload()
        fields = {part.get_param("name", header="content-disposition"): part for part in parts}
        if "attestations" in fields:
            self.attested[fields["content"].get_filename()] = fields["attestations"].get_payload()


def _basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"__token__:{token}".encode()).decode()
