"""A release of nine wheels and an sdist comes right, whatever happens to some of the uploads."""

from collections.abc import Callable

import pytest

from faults.row import Row, rows, show
from faults.scene import RELEASED, SDIST, WHEEL, Breaks, Scene, nothing
from support import faulty
from support.faulty import Fault, delayed, stored

#: Beside the wheel that the project builds, eight that differ from it in their tag.
WHEELS = (WHEEL, *(f"demo_package-1.3.0-py3{minor}-none-any.whl" for minor in range(1, 9)))
END = RELEASED | {"index": sorted([*WHEELS, SDIST])}

RETAG = '''"""Make eight more wheels of the one in dist/, each with a tag of its own."""

import base64
import hashlib
import pathlib
import zipfile

(built,) = pathlib.Path("dist").glob("*.whl")
for minor in range(1, 9):
    with zipfile.ZipFile(built) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    record = next(name for name in members if name.endswith("/RECORD"))
    wheel = record.replace("/RECORD", "/WHEEL")
    members[wheel] = members[wheel].replace(b"Tag: py3-none-any", f"Tag: py3{minor}-none-any".encode())
    digest = base64.urlsafe_b64encode(hashlib.sha256(members[wheel]).digest()).rstrip(b"=").decode()
    entry = f"{wheel},sha256={digest},{len(members[wheel])}"
    lines = [entry if line.startswith(wheel) else line for line in members[record].decode().splitlines()]
    members[record] = ("\\n".join(lines) + "\\n").encode()
    with zipfile.ZipFile(str(built).replace("-py3-", f"-py3{minor}-"), "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
'''


def upload(fault: Fault, *filenames: str, times: int | None = 1) -> Breaks:
    """Break the upload of each of these files."""

    def do(scene: Scene) -> None:
        for filename in filenames:
            scene.proxy.plan(fault, times, filename)

    return do


PARALLEL = rows(
    Row("upload: nine wheels, three reset", upload(faulty.RESET_DURING, *WHEELS[2:5]), "these sent again", "again in",
        sent=13, end=END),
    Row("upload: nine wheels, five responses lost", upload(faulty.RESPONSE_LOST, *WHEELS[2:7]),
        "asked, not sent again", "again in", sent=10, end=END),
    Row("upload: nine wheels, the first refused", upload(faulty.FORBIDDEN, WHEELS[0]), "nothing stored",
        f"The index refused {WHEELS[0]}", 1, 1, then=("release", "--part", "minor", "--skip-tests"), end=END),
    Row("upload: nine wheels, the first stored, then silence", upload(stored(faulty.TIME_OUT), WHEELS[0]),
        "asked, not sent again", "again in", sent=10, end=END),
)  # fmt: skip


@pytest.fixture
def many(scene: Scene) -> Scene:
    """Have the project build nine wheels, of which three are sent at once."""
    noxfile = (scene.repository.path / "noxfile.py").read_text()
    scene.repository.write("retag.py", RETAG)
    configured = (scene.repository.path / "pyproject.toml").read_text(encoding="utf-8")
    scene.repository.write("pyproject.toml", f"{configured}upload_workers = 3\n")
    scene.repository.write("noxfile.py", f'{noxfile.rstrip()}\n    session.run(sys.executable, "retag.py")\n')
    scene.base = scene.repository.commit("chore: build nine wheels")
    scene.repository.git("push", "--quiet", "origin", "main")
    return scene


@PARALLEL
def test_parallel(row: Row, many: Scene, record_property: Callable[[str, object], None]) -> None:
    """A fault of one upload among many comes to the outcome, the words, the exit code and the end of its row."""
    show(row, many, record_property)


def test_one_wheel_is_refused_while_others_are_on_their_way(
    many: Scene, record_property: Callable[[str, object], None]
) -> None:
    """When one of many is refused, what is on its way ends and nothing new begins; resume sends the rest."""
    many.proxy.plan(faulty.FORBIDDEN, None, WHEELS[3])
    for name in WHEELS[1:3]:
        many.proxy.plan(delayed(1.5), 1, name)
    row = Row("upload: nine wheels, one refused", nothing, "others end, none begins",
              f"The index refused {WHEELS[3]}: 403", 3, 4, end=END)  # fmt: skip
    show(row, many, record_property)
    sent = [request.filename for request in many.proxy.uploads]
    assert sent[0] == WHEELS[0]
    assert sent.index(SDIST) == len(sent) - 1
