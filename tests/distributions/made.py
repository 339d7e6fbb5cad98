"""A good wheel and a good sdist of `demo-package` 1.3.0, and what it takes to make bad ones of them."""

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

__all__ = ["INFO", "METADATA", "SDIST", "SDIST_FILES", "TOP", "WHEEL", "WHEEL_FILES", "sdist", "tar", "wheel", "zipped"]

WHEEL: Final = "demo_package-1.3.0-py3-none-any.whl"
SDIST: Final = "demo_package-1.3.0.tar.gz"
INFO: Final = "demo_package-1.3.0.dist-info"
TOP: Final = "demo_package-1.3.0"

METADATA: Final = """\
Metadata-Version: 2.4
Name: demo-package
Version: 1.3.0
Summary: Greet people.
License-Expression: MIT
License-File: LICENSE
Requires-Python: >=3.11
Description-Content-Type: text/markdown

# demo-package
"""

WHEEL_FILES: Final[Mapping[str, str]] = {
    "demo/__init__.py": '"""Greet people."""\n',
    f"{INFO}/METADATA": METADATA,
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{INFO}/entry_points.txt": "[console_scripts]\ndemo = demo:main\n\n[demo.plugins]\nfirst = demo.plugins [extra]\n",
    f"{INFO}/licenses/LICENSE": "MIT\n",
}
"""What the good wheel holds, but for RECORD."""

SDIST_FILES: Final[Mapping[str, str]] = {
    f"{TOP}/PKG-INFO": METADATA,
    f"{TOP}/LICENSE": "MIT\n",
    f"{TOP}/pyproject.toml": "[project]\n",
    f"{TOP}/demo/__init__.py": '"""Greet people."""\n',
}


def record(files: Mapping[str, str], info: str = INFO) -> str:
    """Return a true RECORD."""
    lines = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(text.encode())}")
    return "\n".join([*lines, f"{info}/RECORD,,\n"])


def wheel(files: Mapping[str, str] = WHEEL_FILES, *, info: str = INFO, recorded: str | None = None) -> bytes:
    """Return a wheel with a true RECORD, or with another one."""
    return zipped({**files, f"{info}/RECORD": record(files, info) if recorded is None else recorded})


def zipped(files: Mapping[str, str]) -> bytes:
    """Return a ZIP archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()


def sdist(files: Mapping[str, str] = SDIST_FILES, more: Callable[[tarfile.TarFile], object] = lambda _: None) -> bytes:
    """Return an sdist; `more` may put members of other kinds into it."""
    return tar({name: text.encode() for name, text in files.items()}, more)


def tar(files: Mapping[str, bytes], more: Callable[[tarfile.TarFile], object] = lambda _: None) -> bytes:
    """Return a tar archive behind gzip."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        more(archive)
    return gzip.compress(packed.getvalue(), mtime=0)


def write(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files, and return their paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return sorted(folder.iterdir())
