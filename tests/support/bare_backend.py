"""A build backend that needs nothing but Python; each project of the kind "bare" carries a copy (:pep:`517`).

The same project always gives the same bytes, whatever the clock, the umask and the folder.
"""

import base64
import gzip
import hashlib
import io
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

# The names that the build front end passes are part of PEP 517, used or not.
# ruff: noqa: ARG001


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    """Write the sdist and return its file name."""
    stem = f"{_project()['name'].replace('-', '_')}-{_project()['version']}"
    members = {"PKG-INFO": _metadata(), **_files("pyproject.toml", "README.md", "_backend", "demo", "tests")}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, content in members.items():
            member = tarfile.TarInfo(f"{stem}/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    Path(sdist_directory, f"{stem}.tar.gz").write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return f"{stem}.tar.gz"


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Write the wheel and return its file name."""
    stem = f"{_project()['name'].replace('-', '_')}-{_project()['version']}"
    members = {
        **_files("demo"),
        f"{stem}.dist-info/METADATA": _metadata(),
        f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: bare\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{path},sha256={_record_hash(content)},{len(content)}" for path, content in members.items()]
    members[f"{stem}.dist-info/RECORD"] = "\n".join([*record, f"{stem}.dist-info/RECORD,,\n"]).encode()
    with zipfile.ZipFile(Path(wheel_directory, f"{stem}-py3-none-any.whl"), "w") as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return f"{stem}-py3-none-any.whl"


def _project() -> dict[str, Any]:
    """Return the `[project]` table of pyproject.toml."""
    project: dict[str, Any] = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _metadata() -> bytes:
    """Return the core metadata, with the README as description."""
    project = _project()
    headers = {
        "Metadata-Version": "2.1",
        "Name": project["name"],
        "Version": project["version"],
        "Summary": project["description"],
        "Requires-Python": project["requires-python"],
        "Description-Content-Type": "text/markdown",
    }
    lines = "".join(f"{name}: {value}\n" for name, value in headers.items())
    lines += "".join(f"Requires-Dist: {requirement}\n" for requirement in project.get("dependencies", ()))
    return f"{lines}\n{Path('README.md').read_text(encoding='utf-8')}".encode()


def _files(*roots: str) -> dict[str, bytes]:
    """Return the content of each file at or below the roots, sorted by path."""
    paths = [path for root in roots for path in (Path(root), *Path(root).rglob("*"))]
    return {
        path.as_posix(): path.read_bytes()
        for path in sorted(paths)
        if path.is_file() and "__pycache__" not in path.parts
    }


def _record_hash(content: bytes) -> str:
    """Return the hash as a wheel's RECORD wants it: url-safe base64 without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
