"""Attestations (:pep:`740`): pypi-attestations makes them with the identity of the job in CI, and verifies them.

They are signed with Sigstore: Fulcio certifies the job's identity, Rekor logs the signature. The roots of trust are
refreshed while signing; verification uses them, and asks nobody.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from release_recipes import events
from release_recipes.errors import Failed
from release_recipes.index.trusted import TrustedToken, identity
from release_recipes.secrets.token import Token

if TYPE_CHECKING:
    from pypi_attestations import Attestation

    from release_recipes.index.publisher import Publisher

#: The fault of a file without attestations.
ABSENT = "the index has no attestation for it"

#: Makes an attestation for each file, in JSON.
Signer = Callable[[Sequence[Path]], list[str]]


def sigstore(files: Sequence[Path]) -> list[str]:
    """Sign files with Sigstore; errors are those of its libraries."""
    from pypi_attestations import Attestation, Distribution
    from sigstore.models import ClientTrustConfig
    from sigstore.oidc import IdentityToken
    from sigstore.sign import SigningContext

    found = identity("sigstore")
    job = IdentityToken(found.reveal() if found else "")
    with (
        events.effect(f"sign {len(files)} files with Sigstore"),
        SigningContext.from_trust_config(ClientTrustConfig.production()).signer(job, cache=True) as signer,
    ):
        return [Attestation.sign(signer, Distribution.from_file(file)).model_dump_json() for file in files]


def attesting(token: Token | None) -> Publisher | None:
    """Return the publisher for whom files are attested; ``None`` if they are not."""
    return token.publisher if isinstance(token, TrustedToken) and token.attests and not _hindrance(token) else None


def attest(files: Sequence[Path], token: Token, sign: Signer) -> dict[str, str]:
    """Make an attestation for each file, and verify it. Returns them in JSON, by file name; empty if none are made.

    Raises:
        Failed: One could not be made.
    """
    if isinstance(token, TrustedToken) and token.attests and (hindrance := _hindrance(token)):
        events.tell(f"The files are uploaded without attestations: {hindrance}.")
    publisher = attesting(token)
    if publisher is None:
        return {}
    from pypi_attestations import Attestation

    try:
        made = dict(zip(files, sign(files), strict=True))
        for file, attestation in made.items():
            _verify([Attestation.model_validate_json(attestation)], file, publisher)
    except Exception as error:  # noqa: BLE001 - of four libraries, each with its own; nothing is uploaded yet
        message = f"The attestations could not be made: {str(error).rstrip('.') or type(error).__name__}."
        hint = "This attempt uploaded no file. Run the same command again, or set PYPI_ATTESTATIONS=false."
        raise Failed(message, hint) from None
    return {file.name: attestation for file, attestation in made.items()}


def fault(file: Path, served: bytes | None, publisher: Publisher) -> str:
    """Say what is wrong with the provenance that an index serves for a file; empty if nothing is."""
    from pypi_attestations import AttestationError, Provenance

    if served is None:
        return ABSENT
    try:
        bundles = Provenance.model_validate_json(served).attestation_bundles
        found = [attestation for bundle in bundles for attestation in bundle.attestations]
        _verify(found, file, publisher)
    except (AttestationError, ValueError) as error:
        return str(error).splitlines()[0].rstrip(".")
    return "" if found else ABSENT


def can_verify() -> bool:
    """Return whether the library for attestations is installed."""
    return importlib.util.find_spec("pypi_attestations") is not None


def fault_of(filename: str, sha256: str, served: bytes | None) -> str:
    """Say what is wrong with the provenance of a file that was published some time ago; empty if nothing is.

    Each attestation is verified against the publisher that the index names with it.
    """
    from pypi_attestations import AttestationError, Distribution, Provenance

    if served is None:
        return ABSENT
    try:
        for bundle in Provenance.model_validate_json(served).attestation_bundles:
            for attestation in bundle.attestations:
                attestation.verify(bundle.publisher, Distribution(name=filename, digest=sha256), offline=True)
    except (AttestationError, ValueError) as error:
        return str(error).splitlines()[0].rstrip(".")
    return ""


def _verify(attestations: Sequence[Attestation], file: Path, publisher: Publisher) -> None:
    """Verify attestations against a file and the job that published it.

    Raises:
        AttestationError: One is not valid, or of something else.
    """
    from pypi_attestations import Distribution, GitHubPublisher, GitLabPublisher

    logging.getLogger("sigstore").setLevel(logging.ERROR)  # it warns that nothing is refreshed
    job: GitHubPublisher | GitLabPublisher = GitHubPublisher(
        repository=publisher.repository, workflow=publisher.workflow
    )
    if publisher.forge == "GitLab":
        job = GitLabPublisher(repository=publisher.repository, workflow_filepath=publisher.workflow)
    for attestation in attestations:
        attestation.verify(job, Distribution.from_file(file), offline=True)


def _hindrance(token: TrustedToken) -> str:
    """Say why files cannot be attested; empty if they can."""
    try:
        import pypi_attestations  # noqa: F401
    except ImportError:
        return "pypi-attestations is not installed (pip install 'release-recipes[attest]')"
    if token.publisher is None:
        return "they can be made in the CI of GitHub and GitLab only"
    if token.publisher.forge == "GitLab" and not os.environ.get("SIGSTORE_ID_TOKEN"):
        return "the job lacks id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore"
    return ""
