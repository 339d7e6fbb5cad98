"""A world for act 3 without acts 1 and 2: a record, its distributions, and where they go."""

import io
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from release_recipes.index.retry import PATIENCE, Patience
from release_recipes.programs.git import Git
from release_recipes.publish import World
from release_recipes.secrets.token import Token
from release_recipes.settings import Target
from release_recipes.state.folder import State
from release_recipes.state.record import Artifact, Record

__all__ = ["make_world"]

_METADATA = b"Metadata-Version: 2.1\nName: box\nVersion: 1.0\n"


def make_world(
    folder: Path,
    *,
    wheels: int,
    token: str,
    state: State | None = None,
    patience: Patience = PATIENCE,
    **record: Any,  # noqa: ANN401 - the fields of Record
) -> World:
    """Write so many wheels and an sdist, and return the world whose record lists them in the order of upload."""
    dist = folder / "dist"
    dist.mkdir(parents=True)
    names = [f"box-1.0-py3{number}-none-any.whl" for number in range(10, 10 + wheels)]
    for name in names:
        with zipfile.ZipFile(dist / name, "w") as archive:
            archive.writestr("box/__init__.py", f"# {name}\n")
            archive.writestr("box-1.0.dist-info/METADATA", _METADATA)
            archive.writestr("box-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
            archive.writestr("box-1.0.dist-info/RECORD", "")
    with tarfile.open(dist / "box-1.0.tar.gz", "w:gz") as packed:
        for name in ("PKG-INFO", "setup.cfg"):
            member = tarfile.TarInfo(f"box-1.0/{name}")
            member.size = len(_METADATA)
            packed.addfile(member, io.BytesIO(_METADATA))
    return World(_record(dist, [*names, "box-1.0.tar.gz"], record), Git(folder), state, Token(token), dist, patience)


def _record(dist: Path, names: Sequence[str], fields: dict[str, Any]) -> Record:
    plain = Record(
        project="box",
        prior="0.9",
        version="1.0",
        commit="c" * 40,
        base="b" * 40,
        tag="v1.0",
        tag_object="d" * 40,
        pushes_tag=True,
        branch="main",
        remote="origin",
        remote_address="",
        remote_tip="",
        test=False,
        target=Target("", ""),
        github_release=True,
        upload_workers=4,
        keeps_artifacts=False,
        started="2026-01-02T03:04:05+00:00",
        artifacts=tuple(Artifact.of(dist / name) for name in names),
    )
    return replace(plain, **fields)
