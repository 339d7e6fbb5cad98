"""The releases of the past: how they are kept, shown, rebuilt from the tags, and compared with what is there today."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from release_recipes.cli.history import History
from release_recipes.events import TaskStarted
from release_recipes.programs.git import Git
from release_recipes.state import tag_message
from release_recipes.state.folder import State
from release_recipes.state.history import read, releases
from support.cli import HURRIED, Cli
from support.faulty import FaultyIndex, PageFault
from support.github import FakeGitHub
from support.index import PypiServer
from support.repository import Repository

MINOR = ("release", "--part", "minor", "--skip-tests", "--yes")
FILES = {"demo_package-1.3.0-py3-none-any.whl": b"wheel", "demo_package-1.3.0.tar.gz": b"sdist"}


def kept(repository: Repository) -> Path:
    """Return the file of the history."""
    return repository.path / ".git/release-recipes/history.jsonl"


@pytest.fixture
def published(quick: Repository, known: PypiServer) -> Repository:
    """Return a repository with a release of ours, made without a release."""
    for name, content in FILES.items():
        (known.folder / name).write_bytes(content)
    hashes = {name: sha256 for name, sha256 in known.files().items() if name in FILES}
    message = tag_message.write("demo-package", "1.3.0", known.index_url, hashes)
    quick.git("tag", "--annotate", "--message", message, "v1.3.0")
    quick.git("push", "--quiet", "origin", "v1.3.0")
    return quick


def problems(cli: Cli, repository: Repository, **env: str) -> list[str]:
    """Verify the history, and return what was found."""
    result = cli("history", "--verify", "--json", cwd=repository.path, env=env)
    found = [told["message"] for told in result.json["problems"]]
    assert (result.code, result.json["outcome"]) == ((1, "failed") if found else (0, "verified")), result.err
    return found


def test_a_release_is_kept(quick: Repository, cli: Cli, known: PypiServer) -> None:
    """The history has who released what, where, and how long each step took; a fresh clone has what the tags say."""
    assert cli(*MINOR, cwd=quick.path).code == 0
    (made, before) = cli("history", "--json", cwd=quick.path).json["releases"]
    assert (made["version"], made["outcome"], made["attempts"], made["index"]) == (
        *("1.3.0", "released", 1),
        known.index_url,
    )
    assert made["who"] == "Ada Lovelace <ada@example.org>"
    assert {"check", "build", "upload", "push"} <= made["steps"].keys()
    assert {each["filename"] for each in made["files"]} == FILES.keys()
    assert min(each["size"] for each in made["files"]) > 0
    assert before["version"] == "1.2.3"
    assert made["tag_object"] == quick.git("rev-parse", "v1.3.0")
    shown = cli("history", cwd=quick.path, env={"COLUMNS": "200"}).out
    assert f" 1.3.0     {made['at'][:10]}   Ada Lovelace " in shown
    assert "Where the time went:\n  1.3.0        █" in shown

    clone = quick.path.with_name("clone")
    subprocess.run(["git", "clone", "--quiet", str(quick.remote), str(clone)], check=True)
    (rebuilt, _) = cli("history", "--json", cwd=clone).json["releases"]
    same = ("version", "tag", "tag_object", "commit", "index", "who")
    assert {name: rebuilt[name] for name in same} == {name: made[name] for name in same}
    assert [each["sha256"] for each in rebuilt["files"]] == [each["sha256"] for each in made["files"]]
    assert rebuilt["attempts"] is None


@pytest.mark.usefixtures("known")
def test_attempts_of_a_release(quick: Repository, cli: Cli) -> None:
    """A release that failed at first has two attempts; one that was refused before anything began has none."""
    quick.write("x.py", "")
    quick.git("add", "x.py")
    assert cli(*MINOR, cwd=quick.path).code == 1
    quick.git("rm", "--quiet", "--cached", "x.py")
    (quick.path / "x.py").unlink()
    assert [one["version"] for one in cli("history", "--json", cwd=quick.path).json["releases"]] == ["1.2.3"]
    (quick.path / ".git/hooks/pre-push").write_text("#!/bin/sh\nexit 1\n")
    (quick.path / ".git/hooks/pre-push").chmod(0o755)
    assert cli(*MINOR, cwd=quick.path).code != 0
    (failed, _) = cli("history", "--json", cwd=quick.path).json["releases"]
    assert (failed["outcome"], failed["attempts"]) == ("failed", 1)
    assert cli("history", cwd=quick.path).out.startswith("demo-package: 1 release, and 1 not released\n")
    (quick.path / ".git/hooks/pre-push").unlink()
    assert cli(*MINOR, cwd=quick.path).code == 0
    (made, _) = cli("history", "--json", cwd=quick.path).json["releases"]
    assert (made["outcome"], made["attempts"]) == ("released", 2)


@pytest.mark.usefixtures("known")
def test_killed_and_resumed(quick: Repository, cli: Cli) -> None:
    """A release that was killed and resumed is one release."""
    process = cli.start(*MINOR, cwd=quick.path)
    with process:
        while not list((quick.path / ".git/release-recipes").glob("*/record.json")):
            time.sleep(0.005)
        process.kill()
    (killed, _) = cli("history", "--json", cwd=quick.path).json["releases"]
    assert killed["outcome"] == "unfinished"
    assert cli("resume", cwd=quick.path).code == 0
    (made, _) = cli("history", "--json", cwd=quick.path).json["releases"]
    assert (made["outcome"], made["attempts"]) == ("released", 2)


def test_abandoned_when_its_files_were_public(quick: Repository, cli: Cli, known: PypiServer) -> None:
    """A release that was abandoned is listed once; as released, if all its files and its tag are public."""
    hook = quick.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\n! grep -q refs/heads/\n")
    hook.chmod(0o755)
    hurried = Cli(HURRIED)
    assert hurried(*MINOR, cwd=quick.path).code == 3
    hook.unlink()
    assert cli("abandon", "--yes", cwd=quick.path).code == 0
    assert "refs/tags/v1.3.0" in quick.remote_refs()
    for outcome in ("released", "abandoned"):
        listed = cli("history", "--json", cwd=quick.path).json["releases"]
        assert [(one["version"], one["outcome"]) for one in listed] == [("1.3.0", outcome), ("1.2.3", "released")]
        (known.folder / "demo_package-1.3.0.tar.gz").unlink(missing_ok=True)


def test_a_publication_that_came_later(published: Repository, cli: Cli, known: PypiServer) -> None:
    """What was released stays so in the history, with its files, whatever a later run for the same tag meets."""
    (known.folder / "demo_package-1.3.0.tar.gz").unlink()
    (known.folder / "demo_package-1.3.0-py3-none-any.whl").unlink()
    published.git("tag", "--delete", "v1.3.0")
    published.git("push", "--quiet", "origin", ":v1.3.0")
    assert cli(*MINOR, cwd=published.path).code == 0
    (before, _) = cli("history", "--json", cwd=published.path).json["releases"]
    assert cli("publish", "--tag", "v1.3.0", cwd=published.path).code == 0
    (after, _) = cli("history", "--json", cwd=published.path).json["releases"]
    assert (after["outcome"], after["files"], after["at"]) == ("released", before["files"], before["at"])


@pytest.mark.usefixtures("known")
def test_the_page(quick: Repository, cli: Cli) -> None:
    """The page has table, charts and hashes, needs nothing from elsewhere, and a name in it is only text."""
    assert cli(*MINOR, cwd=quick.path).code == 0
    bad = "<script>alert(1)</script>"
    lines = [
        {"event": "started", "task": "release", "who": bad, "where": bad},
        {"event": "released", "project": "demo-package", "version": "1.1.0", "tag": bad},
    ]
    with kept(quick).open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"at": "2026-01-02T10:00:00+00:00", "run": "ab", **line}) + "\n" for line in lines)
    result = cli("history", "--html", "page.html", cwd=quick.path)
    assert (result.code, result.out.splitlines()[-1]) == (0, "Written: page.html")
    text = (quick.path / "page.html").read_text(encoding="utf-8")
    opened: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            opened.extend([tag, *(name for name, _ in attrs)])

    Parser().feed(text)
    assert {"table", "svg", "desc", "details"} <= {*opened}
    assert not {"script", "link", "img", "src", "href"} & {*opened}
    assert "demo_package-1.3.0.tar.gz" in text
    assert "url(" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_history_flags(published: Repository, cli: Cli) -> None:
    """A number that is none, and a file that is a folder, are wrong usage."""
    for flag, value, said in (
        ("--limit", "x", "--limit is 'x', which is not a number above 0."),
        ("--html", ".", "--html names '.', which is not a file."),
        ("--html", "no/such/page.html", "no/such/page.html cannot be written: No such file or directory."),
    ):
        result = cli("history", flag, value, cwd=published.path)
        assert (result.code, result.err.splitlines()[0]) == (1 if "no/" in value else 2, f"error: {said}")
    short = cli("history", "--limit", "1", cwd=published.path).out
    assert "… and 1 older ones: --limit 2" in short


def test_another_year(quick: Repository, cli: Cli) -> None:
    """The lines of another year get a file of their own, and are still read; what cannot be read is counted."""
    old = {"at": "2020-05-03T10:00:00+00:00", "event": "released", "project": "demo-package", "version": "1.0.0"}
    kept(quick).parent.mkdir(parents=True)
    kept(quick).write_text(f"{json.dumps(old)}\n{{broken\n", encoding="utf-8")
    os.utime(kept(quick), (1_600_000_000, 1_600_000_000))
    assert cli("bump", "--part", "minor", cwd=quick.path).code == 0
    assert [path.name for path in sorted(kept(quick).parent.glob("history*"))] == [
        "history-2020.jsonl",
        "history.jsonl",
    ]
    shown = cli("history", cwd=quick.path)
    assert "1.0.0" in shown.out
    assert "1 lines of the history cannot be read, and are left out." in shown.out
    lines, broken = read(kept(quick).parent)
    assert broken == 1
    assert [one.version for one in releases(lines, "demo-package")] == ["1.0.0"]


@pytest.mark.parametrize(
    "said",
    [
        {"event": "step", "state": "done", "seconds": 1},
        {"event": "step", "step": "build", "seconds": None},
        {"event": "ended", "outcome": "failed"},
        {"event": "ended", "seconds": 1},
        {"event": "recorded", "project": "demo-package", "version": "1.3.0", "artifacts": 5},
        {"event": "released", "project": "demo-package", "version": "1.3.0", "artifacts": [{"filename": "a.whl"}]},
    ],
)
def test_a_line_without_what_its_event_needs(tmp_path: Path, said: dict[str, object]) -> None:
    """Such a line is left out and counted, and the lines around it are still read."""
    about = {"at": "2026-05-03T10:00:00+00:00", "run": "1"}
    whole = {**about, "event": "released", "project": "demo-package", "version": "1.3.0"}
    step = {**about, "event": "step", "step": "build", "seconds": 2.5}
    text = "".join(f"{json.dumps(line)}\n" for line in (whole, {**about, **said}, step))
    (tmp_path / "history.jsonl").write_text(text, encoding="utf-8")
    lines, broken = read(tmp_path)
    assert broken == 1
    (one,) = releases(lines, "demo-package")
    assert (one.version, one.outcome, one.steps) == ("1.3.0", "released", {"build": 2.5})


def test_a_history_that_cannot_be_written(quick: Repository, cli: Cli, known: PypiServer) -> None:
    """It is a warning, once, and the release goes on."""
    kept(quick).mkdir(parents=True)
    result = cli(*MINOR, "--json", cwd=quick.path)
    assert result.code == 0, result.err
    assert [told["message"] for told in result.json["warnings"] if told["check"] == "history"] == [
        "The history cannot be written: Is a directory."
    ]
    assert len(known.files()) == 3


def test_a_history_without_a_name(tmp_path: Path, quick: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where git knows no name, the line has none."""
    monkeypatch.setenv("GIT_COMMITTER_IDENT", "")
    quick.git("config", "user.useConfigOnly", "true")
    for name in ("user.name", "user.email"):
        quick.git("config", "--global", "--unset-all", name)
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    History(State(tmp_path / "state"), TaskStarted("release", "ab")).begin(Git(quick.path))
    (line,), _ = read(tmp_path / "state")
    assert "who" not in line
    assert (line["task"], line["run"]) == ("release", "ab")


# ---- verify ------------------------------------------------------------------------------------------------------


def test_all_is_as_it_was(published: Repository, cli: Cli) -> None:
    """A clean run says what was looked at, and what was not."""
    result = cli("history", "--verify", cwd=published.path)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "Looked at 2 releases: 2 tags, 3 files.",
        "Not looked at: the hashes of 1 file (their tags list none).",
        "Not looked at, because there are none here: signatures, attestations, assets.",
    ]


def move(repository: Repository, _: PypiServer) -> None:
    """Move the tag on the remote."""
    repository.git("push", "--quiet", "--force", "origin", "v1.2.3^{}:refs/tags/v1.3.0")


def untag(repository: Repository, _: PypiServer) -> None:
    """Delete the tag on the remote."""
    repository.git("push", "--quiet", "origin", ":refs/tags/v1.3.0")


def rewrite(repository: Repository, _: PypiServer) -> None:
    """Rewrite the branch, so that the tag's commit is on none."""
    repository.git("commit", "--quiet", "--amend", "--message=other")
    repository.git("push", "--quiet", "--force", "origin", "main")


def replace(_: Repository, index: PypiServer) -> None:
    """Replace a file on the index."""
    (index.folder / "demo_package-1.3.0.tar.gz").write_bytes(b"other")


def remove(_: Repository, index: PypiServer) -> None:
    """Delete a file on the index."""
    (index.folder / "demo_package-1.3.0.tar.gz").unlink()


def remove_all(_: Repository, index: PypiServer) -> None:
    """Delete a release on the index."""
    for name in FILES:
        (index.folder / name).unlink()


def add(_: Repository, index: PypiServer) -> None:
    """Add a file to a release on the index."""
    (index.folder / "demo_package-1.3.0-cp311-cp311-win_amd64.whl").write_bytes(b"more")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (move, "The tag v1.3.0 was moved: the remote has {old}, released was {ours}."),
        (untag, "The tag v1.3.0 is not on the remote."),
        (rewrite, "The commit of v1.3.0 is on no branch of the remote."),
        (replace, "demo_package-1.3.0.tar.gz has another sha256 today: d9298a10d1b0…, released was {sdist}…"),
        (remove, "demo_package-1.3.0.tar.gz is missing on {index}."),
        (remove_all, "{index} has no files of demo-package 1.3.0."),
        (add, "demo_package-1.3.0-cp311-cp311-win_amd64.whl is on {index}, but was not released."),
    ],
)
def test_what_is_not_as_it_was(
    published: Repository, cli: Cli, known: PypiServer, change: Callable[[Repository, PypiServer], None], said: str
) -> None:
    """Each change after a release is found, and told alone."""
    words = {
        "old": published.git("rev-parse", "v1.2.3^{}")[:12],
        "ours": published.git("rev-parse", "v1.3.0")[:12],
        "sdist": known.files()["demo_package-1.3.0.tar.gz"][:12],
        "index": known.index_url,
    }
    change(published, known)
    assert problems(cli, published) == [said.format(**words)]


def test_a_yanked_file(published: Repository, cli: Cli, known: PypiServer) -> None:
    """A yanked file is found, with the reason."""
    with FaultyIndex(known.upload_url, known.index_url) as proxy:
        yank = PageFault("yanked", lambda entry: entry.replace("<a ", '<a data-yanked="broken" ', 1))
        proxy.plan(yank, None)
        message = tag_message.write("demo-package", "1.3.0", proxy.index_url, {})
        published.git("tag", "--force", "--annotate", "--message", message, "v1.3.0")
        published.git("push", "--quiet", "--force", "origin", "v1.3.0")
        found = problems(cli, published, PYPI_INDEX_URL=proxy.index_url)
    assert "demo_package-1.3.0.tar.gz is yanked: broken." in found


def test_an_index_that_does_not_answer(published: Repository, cli: Cli) -> None:
    """What could not be looked at has not been verified."""
    found = problems(cli, published, PYPI_INDEX_URL="http://127.0.0.1:9/simple/")
    assert [text for text in found if text.startswith("This could not be verified: ")]


@pytest.fixture
def signed(published: Repository, tmp_path: Path) -> Repository:
    """Sign the tag with a key that git trusts."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ada@example.com {(key.with_suffix('.pub')).read_text()}")
    published.git("config", "gpg.format", "ssh")
    published.git("config", "user.signingkey", str(key))
    published.git("config", "gpg.ssh.allowedSignersFile", str(allowed))
    message = published.git("tag", "--list", "--format=%(contents)", "v1.3.0")
    published.git("tag", "--force", "--sign", "--message", message, "v1.3.0")
    published.git("push", "--quiet", "--force", "origin", "v1.3.0")
    return published


def test_signatures(signed: Repository, cli: Cli, tmp_path: Path) -> None:
    """A good signature is counted; one of a key that is not trusted is found."""
    assert "1 signatures" in cli("history", "--verify", cwd=signed.path).out
    (tmp_path / "allowed").write_text("")
    (said,) = problems(cli, signed)
    assert said.startswith("The signature of v1.3.0 is not valid: ")


def test_the_release_on_github(published: Repository, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that is missing there, an asset that is missing, and one that was replaced are found."""
    with FakeGitHub(published.remote) as hub:
        for name, value in hub.environment().items():
            monkeypatch.setenv(name, value)
        hub.host_remote_of(published, monkeypatch)
        missing = "GitHub has no release of v1.3.0."
        assert missing in problems(cli, published)
        release = hub.add_release("v1.3.0", draft=False)
        for name, content in FILES.items():
            hub.add_asset(release, name, content)
        assert missing not in problems(cli, published)
        names = list(FILES)
        release.assets.clear()
        hub.add_asset(release, names[0], b"other")
        found = problems(cli, published)
    assert f"{names[0]} of v1.3.0 on GitHub is another file." in found
    assert f"The release v1.3.0 on GitHub lacks {names[1]}." in found
