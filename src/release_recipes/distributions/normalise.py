"""Repack an sdist so that two builds of a commit are identical.

setuptools and pdm-backend put the time of the build and the umask into an sdist, regardless of ``SOURCE_DATE_EPOCH``.
The contents of the files are unchanged. See https://reproducible-builds.org/docs/archives/.
"""

import gzip
import io
import tarfile
from pathlib import Path


def normalise(sdist: Path, epoch: int) -> None:
    """Sort the members and set every time to ``epoch`` (seconds), every owner to 0, every mode to 644 or 755.

    Links, directories and executable bits stay.
    """
    packed = io.BytesIO()
    with tarfile.open(sdist) as old, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isreg() else None)
    with sdist.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=epoch) as zipped:
        zipped.write(packed.getvalue())
