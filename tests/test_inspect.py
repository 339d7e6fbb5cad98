"""Each inspection fires on a bad distribution, and is silent on a good one."""

import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from distributions.made import INFO, METADATA, SDIST, SDIST_FILES, TOP, WHEEL, WHEEL_FILES, record, sdist, wheel, write
from release_recipes import events
from release_recipes.distributions.inspection import INSPECTIONS, Subject, inspect
from release_recipes.distributions.inspection import archive as archives
from release_recipes.errors import BadDistribution
from release_recipes.findings import Finding
from release_recipes.settings import Settings

GOOD = {WHEEL: wheel(), SDIST: sdist()}


def told(
    folder: Path,
    files: Mapping[str, bytes],
    last: Mapping[str, bytes] | None = None,
    tracked: tuple[str, ...] = (),
    **settings: object,
) -> tuple[list[Finding], list[Finding]]:
    """Inspect a release of demo-package 1.3.0; its problems and its warnings."""
    warnings: list[Finding] = []
    paths, before = write(folder / "dist", files), write(folder / "last", last or {})
    chosen = Settings(**settings)  # type: ignore[arg-type]
    subject = Subject(paths, chosen, "demo-package", "1.3.0", before, tracked)
    with events.listening(lambda event: warnings.append(event.finding) if isinstance(event, events.Warned) else None):
        try:
            inspect(subject)
        except BadDistribution as refused:
            return refused.findings, warnings
    return [], warnings


def metadata_files(old: str, new: str) -> dict[str, bytes]:
    """Return both distributions with another metadata."""
    text = METADATA.replace(old, new)
    assert text != METADATA
    return {
        WHEEL: wheel({**WHEEL_FILES, f"{INFO}/METADATA": text}),
        SDIST: sdist({**SDIST_FILES, f"{TOP}/PKG-INFO": text}),
    }


def bad_wheel(files: Mapping[str, str]) -> dict[str, bytes]:
    """Return the release with files in its wheel, or in the place of the wheel's."""
    return {**GOOD, WHEEL: wheel({**WHEEL_FILES, **files})}


def bad_sdist(more: Callable[[tarfile.TarFile], object]) -> dict[str, bytes]:
    """Return the release with a member of another kind in its sdist."""
    return {**GOOD, SDIST: sdist(more=more)}


def member(name: str, kind: bytes, target: str = "") -> Callable[[tarfile.TarFile], object]:
    """Return what puts a member of a kind into an sdist."""

    def put(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)

    return put


def sparse(archive: tarfile.TarFile) -> None:
    """Put a sparse file into an sdist, as GNU tar's pax format writes one."""
    info = tarfile.TarInfo(f"{TOP}/hole")
    version = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1"}
    info.pax_headers = {**version, "GNU.sparse.map": "0,0", "GNU.sparse.size": "9"}
    archive.addfile(info)


def duplicated() -> bytes:
    """Return the wheel with its module twice."""
    packed = wheel()
    path = Path("twice.whl")
    path.write_bytes(packed)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("demo/__init__.py", "import os\n")
    return path.read_bytes()


def misled() -> bytes:
    """Return the wheel with another size in the local header of its first member than in the directory."""
    packed = bytearray(wheel())
    packed[22:26] = struct.pack("<L", 7)
    return bytes(packed)


MISLED = "the header of demo/__init__.py does not match the directory"


def hidden() -> bytes:
    """Return the wheel with data before its first member, which a program that reads from the start would see."""
    path = Path("hidden.whl")
    path.write_bytes(b"PK\3\4 hidden" + wheel())
    return path.read_bytes()


BAD: Mapping[str, tuple[str, str, Callable[[], Mapping[str, bytes]]]] = {
    "no sdist": ("dist-set", "No sdist was built.", lambda: {WHEEL: wheel()}),
    "no wheel": ("dist-set", "No wheel was built.", lambda: {SDIST: sdist()}),
    "two sdists": (
        "dist-set",
        "There are 2 sdists: demo_package-1.2.0.tar.gz, demo_package-1.3.0.tar.gz.",
        lambda: {**GOOD, "demo_package-1.2.0.tar.gz": sdist()},
    ),
    "a stray file": (
        "dist-set",
        "dist/ contains files that are not distributions: notes.txt.",
        lambda: {**GOOD, "notes.txt": b""},
    ),
    "two wheels for one machine": (
        "dist-set",
        "demo_package-1.3-py3-none-any.whl and demo_package-1.3.0-py3-none-any.whl are for the same tags.",
        lambda: {**GOOD, "demo_package-1.3-py3-none-any.whl": wheel()},
    ),
    "no distribution's name": (
        "dist-names",
        "demo_package-1.3.0-any.whl is not a valid name for a distribution.",
        lambda: {SDIST: sdist(), "demo_package-1.3.0-any.whl": wheel()},
    ),
    "another name": (
        "dist-names",
        f"{WHEEL}: its metadata says other-package, not demo-package.",
        lambda: metadata_files("demo-package\nV", "other-package\nV"),
    ),
    "another version": (
        "dist-names",
        f"{SDIST}: the PKG-INFO inside says version 1.2.9, not 1.3.0.",
        lambda: metadata_files("Version: 1.3.0", "Version: 1.2.9"),
    ),
    "another version in the egg-info": (
        "dist-names",
        f"{SDIST}: {TOP}/demo.egg-info/PKG-INFO says version 1.2.9, not 1.3.0.",
        lambda: {
            **GOOD,
            SDIST: sdist({**SDIST_FILES, f"{TOP}/demo.egg-info/PKG-INFO": METADATA.replace("1.3.0", "1.2.9")}),
        },
    ),
    "a name that is not normalised": (
        "file-names",
        "Demo-Package-1.3.0.tar.gz is not a normalised file name; it must start with demo_package-1.3.0.",
        lambda: {WHEEL: wheel(), "Demo-Package-1.3.0.tar.gz": sdist()},
    ),
    "a local version": (
        "local-version",
        f"{WHEEL} has the local version 1.3.0+g1234.",
        lambda: metadata_files("Version: 1.3.0", "Version: 1.3.0+g1234"),
    ),
    "half a file": (
        "archive",
        f"{SDIST} cannot be read completely: Compressed file ended before the end-of-stream marker was reached.",
        lambda: {**GOOD, SDIST: sdist()[:-60]},
    ),
    "no ZIP": ("archive", f"{WHEEL} cannot be read completely: File is not a zip file.", lambda: {**GOOD, WHEEL: b"?"}),
    "a member twice": (
        "archive",
        f"{WHEEL} contains demo/__init__.py 2 times.",
        lambda: {**GOOD, WHEEL: duplicated()},
    ),
    "data after a ZIP": (
        "archive",
        f"{WHEEL} is a ZIP that can be read in two ways: there is data after the end.",
        lambda: {**GOOD, WHEEL: wheel() + b"more"},
    ),
    "data before a ZIP": (
        "archive",
        f"{WHEEL} is a ZIP that can be read in two ways: there is hidden data before demo/__init__.py.",
        lambda: {**GOOD, WHEEL: hidden()},
    ),
    "headers that disagree": (
        "archive",
        f"{WHEEL} is a ZIP that can be read in two ways: {MISLED}.",
        lambda: {**GOOD, WHEEL: misled()},
    ),
    "data after a tar": (
        "archive",
        f"{SDIST} cannot be read completely: Not a gzipped file (b'mo').",
        lambda: {**GOOD, SDIST: sdist() + b"more"},
    ),
    "a sparse file": ("archive", f"{SDIST} contains a sparse file: {TOP}/hole.", lambda: bad_sdist(sparse)),
    "a device": (
        "archive",
        f"{SDIST} contains a special file: {TOP}/null.",
        lambda: bad_sdist(member(f"{TOP}/null", tarfile.CHRTYPE)),
    ),
    "an absolute path": (
        "paths",
        f"{WHEEL} contains /etc/profile, an absolute path.",
        lambda: bad_wheel({"/etc/profile": ""}),
    ),
    "a path upwards": (
        "paths",
        f"{WHEEL} contains demo/../../other.py, a path that leads out of the archive.",
        lambda: bad_wheel({"demo/../../other.py": ""}),
    ),
    "a backslash": (
        "paths",
        f"{SDIST} contains {TOP}/demo\\data.txt, a path with a backslash, which is a folder on Windows only.",
        lambda: {**GOOD, SDIST: sdist({**SDIST_FILES, f"{TOP}/demo\\data.txt": ""})},
    ),
    "an over-long path": (
        "paths",
        f"{WHEEL} contains demo/{'x' * 55}…{'x' * 17}.py, a path of 308 characters, too long for Windows.",
        lambda: bad_wheel({f"demo/{'x' * 300}.py": ""}),
    ),
    "a link out of the sdist": (
        "paths",
        f"{SDIST} contains {TOP}/demo/link, a link out of the archive, to ../../../etc/passwd.",
        lambda: bad_sdist(member(f"{TOP}/demo/link", tarfile.SYMTYPE, "../../../etc/passwd")),
    ),
    "a hard link out of the sdist": (
        "paths",
        f"{SDIST} contains {TOP}/link, a link out of the archive, to /etc/passwd.",
        lambda: bad_sdist(member(f"{TOP}/link", tarfile.LNKTYPE, "/etc/passwd")),
    ),
    "a file beside the sdist's folder": (
        "paths",
        f"{SDIST} contains setup.py, which is outside of {TOP}/.",
        lambda: {**GOOD, SDIST: sdist({**SDIST_FILES, "setup.py": ""})},
    ),
    "no PKG-INFO": (
        "metadata-files",
        f"{SDIST} has no PKG-INFO.",
        lambda: {**GOOD, SDIST: sdist({f"{TOP}/setup.py": ""})},
    ),
    "no METADATA": (
        "metadata-files",
        f"{WHEEL} has no METADATA.",
        lambda: {**GOOD, WHEEL: wheel({k: v for k, v in WHEEL_FILES.items() if "METADATA" not in k})},
    ),
    "two .dist-info": (
        "metadata-files",
        f"{WHEEL} must have one .dist-info folder, but has 2: demo_package-1.3.0.dist-info, other-1.dist-info.",
        lambda: bad_wheel({"other-1.dist-info/METADATA": METADATA}),
    ),
    "a wrong hash in RECORD": (
        "record",
        f"{WHEEL}: the hash of demo/__init__.py differs from RECORD.",
        lambda: {**GOOD, WHEEL: wheel({**WHEEL_FILES, "demo/__init__.py": "evil\n"}, recorded=record(WHEEL_FILES))},
    ),
    "a file that RECORD lacks": (
        "record",
        f"{WHEEL}: demo/more.py is not in RECORD.",
        lambda: {**GOOD, WHEEL: wheel({**WHEEL_FILES, "demo/more.py": ""}, recorded=record(WHEEL_FILES))},
    ),
    "a file that only RECORD has": (
        "record",
        f"{WHEEL}: RECORD lists demo/gone.py, which does not exist.",
        lambda: {**GOOD, WHEEL: wheel(recorded=record({**WHEEL_FILES, "demo/gone.py": ""}))},
    ),
    "an old hash in RECORD": (
        "record",
        f"{WHEEL}: RECORD has no secure hash of demo/__init__.py.",
        lambda: {**GOOD, WHEEL: wheel(recorded=record(WHEEL_FILES).replace("sha256=", "md5=", 1))},
    ),
    "a wrong size in RECORD": (
        "record",
        f"{WHEEL}: demo/__init__.py has 20 bytes, but RECORD lists 21.",
        lambda: {**GOOD, WHEEL: wheel(recorded=record(WHEEL_FILES).replace(",20\n", ",21\n", 1))},
    ),
    "a file twice in RECORD": (
        "record",
        f"{WHEEL}: RECORD lists a file twice.",
        lambda: {**GOOD, WHEEL: wheel(recorded=record(WHEEL_FILES) + record(WHEEL_FILES))},
    ),
    "a plain linux tag": (
        "platform-tags",
        "demo_package-1.3.0-cp311-cp311-linux_x86_64.whl is for the platform linux_x86_64, which PyPI refuses.",
        lambda: {SDIST: sdist(), "demo_package-1.3.0-cp311-cp311-linux_x86_64.whl": wheel()},
    ),
    "an entry point that names nothing": (
        "entry-points",
        f"{WHEEL}: entry_points.txt has demo = demo main, which is not a reference to an object.",
        lambda: bad_wheel({f"{INFO}/entry_points.txt": "[console_scripts]\ndemo = demo main\n"}),
    ),
    "an entry point without a group": (
        "entry-points",
        f"{WHEEL}: entry_points.txt cannot be read: File contains no section headers.",
        lambda: bad_wheel({f"{INFO}/entry_points.txt": "demo = demo:main\n"}),
    ),
    "a requirement by address": (
        "direct-urls",
        f"{WHEEL} requires other from https://example.org/other.whl.",
        lambda: metadata_files("Requires-P", "Requires-Dist: other @ https://example.org/other.whl\nRequires-P"),
    ),
    "no licence file": (
        "license-files",
        f"{SDIST} lists the licence file LICENSE, but does not contain {TOP}/LICENSE.",
        lambda: {**GOOD, SDIST: sdist({k: v for k, v in SDIST_FILES.items() if "LICENSE" not in k})},
    ),
    "no licence file in the wheel": (
        "license-files",
        f"{WHEEL} lists the licence file LICENSE, but does not contain {INFO}/licenses/LICENSE.",
        lambda: {**GOOD, WHEEL: wheel({k: v for k, v in WHEEL_FILES.items() if "LICENSE" not in k})},
    ),
    "a classifier that nobody knows": (
        "classifiers",
        f"{SDIST} has the classifier 'Framework :: Frobnicate', which PyPI does not know.",
        lambda: metadata_files("Requires-P", "Classifier: Framework :: Frobnicate\nRequires-P"),
    ),
    "metadata that is none": (
        "twine-check",
        f"twine check: {WHEEL}: Invalid distribution metadata: '!!' is invalid for 'requires-python'.",
        lambda: metadata_files(">=3.11", "!!"),
    ),
    "a page that cannot be rendered": (
        "twine-check",
        (
            f"twine check: {WHEEL}: long_description has syntax errors in markup and would not be rendered on PyPI: "
            'line 1: Error: Content block expected for the "code" directive; none found.'
        ),
        lambda: metadata_files("text/markdown\n\n# demo-package", "text/x-rst\n\n.. code::\n\n*no end"),
    ),
    "a .env": (
        "secrets",
        f"{SDIST} contains {TOP}/.env, a file for credentials.",
        lambda: {**GOOD, SDIST: sdist({**SDIST_FILES, f"{TOP}/.env": "A=b\n"})},
    ),
    "a .pypirc": (
        "secrets",
        f"{WHEEL} contains demo/.pypirc, a file for credentials.",
        lambda: bad_wheel({"demo/.pypirc": ""}),
    ),
    "a credential in a module": (
        "secrets",
        f"{WHEEL}!demo/settings.py contains a credential in line 2: an AWS access key.",
        # In two parts, so that this file has none.
        lambda: bad_wheel({"demo/settings.py": "# keys\nKEY = 'AKIA" + "QZ2X4TESTKEYS7WY'\n"}),
    ),
    "a private key": (
        "secrets",
        f"{SDIST} contains {TOP}/tests/id_ed25519, a file for credentials.",
        lambda: {**GOOD, SDIST: sdist({**SDIST_FILES, f"{TOP}/tests/id_ed25519": ""})},
    ),
}
"""A release that is refused, by what is wrong with it: the inspection, its sentence, and the files."""


@pytest.mark.parametrize("what", [pytest.param(what, marks=pytest.mark.red(BAD[what][0])) for what in BAD])
def test_a_bad_distribution_is_refused_by_name(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inspection that is meant for it names the file and what is wrong; without that inspection it is silent."""
    monkeypatch.chdir(tmp_path)
    name, sentence, make = BAD[what]
    files = make()
    problems, _ = told(tmp_path, files)
    assert (name, sentence) in [(problem.check, problem.message) for problem in problems]
    assert all(problem.hint for problem in problems)
    others, _ = told(tmp_path, files, skip_checks=(name,))
    assert sentence not in [problem.message for problem in others]


# In two parts, so that this file has none.
PRIVATE = "-----BEGIN " + "PRIVATE KEY-----\n" + "A" * 64 + "\n-----END " + "PRIVATE KEY-----\n"
TOKEN = "# keys\nKEY = 'AKIA" + "QZ2X4TESTKEYS7WY'\n"


@pytest.mark.parametrize(
    ("name", "text", "last", "stops"),
    [
        ("demo/key.pem", PRIVATE, "", True),
        ("tests/key.pem", PRIVATE, "", False),
        ("demo/key.pem", PRIVATE, PRIVATE, False),
        ("demo/key.pem", PRIVATE, PRIVATE.replace("A", "B"), True),
        ("demo/keys.py", TOKEN, TOKEN, True),
        ("tests/keys.py", TOKEN, "", True),
        ("tests/.env", "A=b\n", "", True),
        ("tests/.env", "A=b\n", "A=b\n", False),
        ("tests/.env", "A=b\n", "A=c\n", True),
    ],
)
def test_a_key_of_tests_or_of_the_last_release(name: str, text: str, last: str, stops: bool, tmp_path: Path) -> None:
    """A private key of tests, and what the last release has with the same content, only warn; a token always stops."""
    before = {file.replace("1.3.0", "1.2.3"): content for file, content in SDIST_FILES.items()}
    if last:
        before[f"{TOP.replace('1.3.0', '1.2.3')}/{name}"] = last
    files = {**GOOD, SDIST: sdist({**SDIST_FILES, f"{TOP}/{name}": text})}
    problems, warned = told(tmp_path, files, {SDIST.replace("1.3.0", "1.2.3"): sdist(before)})
    found, silent = (problems, warned) if stops else (warned, problems)
    assert {name in each.message for each in found if each.check == "secrets"} == {True}
    assert [each for each in silent if each.check == "secrets"] == []


@pytest.mark.red("size")
def test_a_file_of_more_than_100_mb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyPI's limit is that of the inspection."""
    assert archives.LARGEST == 104_857_600
    monkeypatch.setattr(archives, "LARGEST", 99)
    assert min(map(len, GOOD.values())) > 99
    problems, _ = told(tmp_path, GOOD)
    assert [problem.message for problem in problems if problem.check == "size"] == [
        f"{WHEEL} has 0 MB; the limit of PyPI is 100 MB.",
        f"{SDIST} has 0 MB; the limit of PyPI is 100 MB.",
    ]


@pytest.mark.green(*(each.name for each in INSPECTIONS))
def test_a_good_release_passes_every_inspection(tmp_path: Path) -> None:
    """There is neither a problem nor a warning."""
    assert told(tmp_path, GOOD) == ([], [])


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """One refusal lists every problem, in the order of the inspections."""
    problems, _ = told(tmp_path, {**bad_wheel({"demo/.pypirc": ""}), "notes.txt": b""})
    assert [problem.check for problem in problems] == ["dist-set", "secrets"]


def test_every_inspection_is_seen_red() -> None:
    """Each inspection that can stop a release has a bad distribution here, or a test of its own."""
    assert {name for name, _, _ in BAD.values()} | {"expected", "size", *WARNINGS} == {
        each.name for each in INSPECTIONS
    }
    assert len({each.name for each in INSPECTIONS}) == len(INSPECTIONS)


WARNINGS = {"wheel-contents", "missing-files", "changed-files", "portable-names"}
"""Inspections that stop nothing."""

STRICT = f"twine check: {WHEEL}: long_description missing."


def test_what_strict_mode_adds_warns(tmp_path: Path) -> None:
    """A project without a description is released, and told."""
    problems, warnings = told(tmp_path, metadata_files("\n# demo-package\n", ""))
    assert problems == []
    assert STRICT in [warning.message for warning in warnings]


def test_what_strict_mode_adds_stops_where_it_is_configured(tmp_path: Path) -> None:
    """With twine_strict the same is a problem."""
    problems, _ = told(tmp_path, metadata_files("\n# demo-package\n", ""), twine_strict=True)
    assert STRICT in [problem.message for problem in problems]


@pytest.mark.red("portable-names")
@pytest.mark.parametrize(
    ("files", "why"),
    [
        (("demo/Data.json", "demo/data.json"), "differ in case only"),
        (("demo/aux.py",), "are reserved on Windows"),
    ],
)
def test_names_that_not_every_system_has(files: tuple[str, ...], why: str, tmp_path: Path) -> None:
    """A name that Windows or macOS cannot have, or cannot keep apart from another, is a warning."""
    # E13
    problems, warnings = told(tmp_path, bad_wheel(dict.fromkeys(files, "")))
    assert problems == []
    sentence = f"{WHEEL} contains names that {why}: {', '.join(files)}."
    assert [warning.message for warning in warnings if warning.check == "portable-names"] == [sentence]


@pytest.mark.red("missing-files")
@pytest.mark.parametrize("top", ["", "src/"])
def test_files_of_the_package_that_the_wheel_lacks(top: str, tmp_path: Path) -> None:
    """What git tracks in a package's folder and a first wheel lacks is a warning; tests and sources are none of it."""
    # E4
    lacking = ("demo/sub/__init__.py", "demo/templates/a.html")
    there = ("demo/__init__.py", "demo/tests/test_it.py", "demo/fast.pyx")
    tracked = tuple(f"{top}{name}" for name in (*there, *lacking))
    problems, warnings = told(tmp_path, GOOD, tracked=tracked)
    assert problems == []
    assert [warning.message for warning in warnings if warning.check == "missing-files"] == [
        f"{WHEEL} does not contain files that git tracks in {top}demo: {', '.join(lacking)}."
    ]


@pytest.mark.green("missing-files")
def test_a_wheel_that_has_all_files_of_its_package(tmp_path: Path) -> None:
    """Where the wheel has what git tracks there is nothing to say."""
    assert told(tmp_path, GOOD, tracked=tuple(name for name in WHEEL_FILES if name.startswith("demo/"))) == ([], [])


@pytest.mark.red("wheel-contents")
def test_strays_in_a_wheel_warn(tmp_path: Path) -> None:
    """What check-wheel-contents finds is told, a path at a time."""
    problems, warnings = told(tmp_path, bad_wheel({"tests/__init__.py": "", "demo/__init__.pyc": "x"}))
    assert problems == []
    assert [(warning.check, warning.message) for warning in warnings] == [
        ("wheel-contents", f"{WHEEL}: Wheel contains .pyc/.pyo files (demo/__init__.pyc)."),
        ("wheel-contents", f"{WHEEL}: Wheel contains common toplevel name in library (tests/)."),
        ("wheel-contents", f"{WHEEL}: Wheel contains multiple toplevel library entries (demo/, tests/)."),
    ]


OLD = "demo_package-1.2.0"


def test_strays_that_the_last_release_had_are_not_told_again(tmp_path: Path) -> None:
    """Only what is new since the last release warns."""
    info = f"{OLD}.dist-info"
    before = {name.replace(INFO, info): text for name, text in WHEEL_FILES.items()} | {"tests/__init__.py": ""}
    files = bad_wheel({"tests/__init__.py": "", "demo/__init__.pyc": "x"})
    _, warnings = told(tmp_path, files, {f"{OLD}-py3-none-any.whl": wheel(before, info=info)})
    assert [warning.message for warning in warnings if warning.check == "wheel-contents"] == [
        f"{WHEEL}: Wheel contains .pyc/.pyo files (demo/__init__.pyc).",
    ]


@pytest.mark.red("changed-files")
def test_files_that_are_new_or_gone_are_listed(tmp_path: Path) -> None:
    """Against the last release, without regard to the version in the names of folders."""
    before = {name.replace(TOP, OLD): text for name, text in SDIST_FILES.items() if "pyproject" not in name}
    last = {f"{OLD}.tar.gz": sdist({**before, f"{OLD}/demo/messages.mo": ""})}
    problems, warnings = told(tmp_path, GOOD, last)
    assert problems == []
    assert [(warning.check, warning.message) for warning in warnings] == [
        ("changed-files", f"{SDIST} compared with {OLD}.tar.gz: new: pyproject.toml; removed: demo/messages.mo."),
    ]


@pytest.mark.parametrize(("python", "compared"), [("cp311", True), ("cp312", False)])
def test_a_compiled_wheel_is_compared_with_that_for_the_same_python(
    python: str, compared: bool, tmp_path: Path
) -> None:
    """The module in a wheel for another Python has another name, which is no change."""
    files = {name: text for name, text in WHEEL_FILES.items() if not name.endswith("/WHEEL")}
    made = {}
    for version, tag in (("1.2.3", python), ("1.3.0", "cp311")):
        about = f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: false\nTag: {tag}-{tag}-win_amd64\n"
        own = {**files, f"{INFO}/WHEEL": about, f"demo/fast.{tag}-{version[:3]}.pyd": ""}
        made[version] = {f"demo_package-{version}-{tag}-{tag}-win_amd64.whl": wheel(own)}
    _, warnings = told(tmp_path, {SDIST: GOOD[SDIST], **made["1.3.0"]}, made["1.2.3"])
    assert ("changed-files" in [warning.check for warning in warnings]) is compared


def test_what_may_be_a_key_of_the_tests_warns(tmp_path: Path) -> None:
    """A file such as server.key is more often than not one that a test suite made."""
    files = {**GOOD, SDIST: sdist({**SDIST_FILES, f"{TOP}/tests/server.key": ""})}
    problems, warnings = told(tmp_path, files)
    assert problems == []
    assert [warning.message for warning in warnings] == [
        f"{SDIST} contains {TOP}/tests/server.key, which may be a private key."
    ]


@pytest.mark.parametrize("name", [".env.example", "sample.env"])
def test_an_example_is_no_secret(name: str, tmp_path: Path) -> None:
    """What is there to be copied is released."""
    assert told(tmp_path, {**GOOD, SDIST: sdist({**SDIST_FILES, f"{TOP}/{name}": "A=\n"})}) == ([], [])


def test_a_link_inside_the_sdist_is_fine(tmp_path: Path) -> None:
    """Only links that lead out are refused."""
    link = member(f"{TOP}/docs/license", tarfile.SYMTYPE, "../LICENSE")
    assert told(tmp_path, bad_sdist(link)) == ([], [])


@pytest.mark.parametrize(
    "platform",
    [
        *("any", "win32", "win_amd64", "win_arm64", "macosx_10_9_universal2", "macosx_11_0_arm64", "linux_armv7l"),
        *("manylinux1_x86_64", "manylinux2014_aarch64", "manylinux_2_28_x86_64", "musllinux_1_2_x86_64"),
        *("ios_13_0_arm64_iphoneos", "android_21_arm64_v8a", "pyodide_2024_0_wasm32"),
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
    ],
)
def test_a_platform_that_pypi_takes(platform: str, tmp_path: Path) -> None:
    """Each kind of machine that PyPI knows passes."""
    problems, _ = told(tmp_path, {SDIST: sdist(), f"demo_package-1.3.0-py3-none-{platform}.whl": wheel()})
    assert problems == []
