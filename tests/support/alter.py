"""Change a module in each wheel of a folder, with a RECORD that agrees: only the hash tells. A script."""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path


def alter(wheel: Path, name: str = "demo/__init__.py") -> None:
    """Add a byte to a member of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        entries = archive.infolist()
        members = {entry.filename: archive.read(entry) for entry in entries}
    members[name] += b"#"
    record = next(each for each in members if each.endswith("RECORD"))
    digest = base64.urlsafe_b64encode(hashlib.sha256(members[name]).digest()).rstrip(b"=").decode()
    lines = members[record].decode().splitlines()
    lines = [f"{name},sha256={digest},{len(members[name])}" if line.startswith(f"{name},") else line for line in lines]
    members[record] = ("\n".join(lines) + "\n").encode()
    with zipfile.ZipFile(wheel, "w") as archive:
        for entry in entries:
            archive.writestr(entry, members[entry.filename])


if __name__ == "__main__":
    for found in Path(sys.argv[1]).glob("*.whl"):
        alter(found)
