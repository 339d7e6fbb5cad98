"""Find credentials by their form, in files, in distributions, and in what is staged for a commit.

A finding tells the place and the kind, never the credential. A line is left out that says so itself, or that stands
below one that does: ``release-recipes: allow-secret``, or the words of gitleaks and detect-secrets.

Only named formats are looked for, to which their issuers gave a prefix or a frame: these are rarely wrong, and a hook
that is often wrong is turned off. Besides, every value counts that a release on this machine would use.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from release_recipes.errors import CommandFailed, InvalidSetting, NoRepository, Problem, ReleaseError, WrongUsage
from release_recipes.programs.git import Git
from release_recipes.settings import sources
from release_recipes.tokens import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: What takes a line, and the one below it, out of the search.
ALLOWED = re.compile(rb"release-recipes: ?allow-secret|gitleaks:allow|pragma: allowlist (?:nextline )?secret")

#: Bytes of one file, or member of an archive, that are looked at: PyPI takes no larger distribution.
LARGEST = 100 * 1024 * 1024

#: How deep archives in archives are opened: a wheel in an sdist.
DEEPEST = 3


@dataclass(frozen=True, order=True)
class Finding:
    """A place where a credential stands."""

    #: As it was given; a member of an archive follows after ``!``.
    path: str
    #: Starts at 1.
    line: int
    kind: str

    def __str__(self) -> str:
        """Return what a person reads."""
        return f"{self.path}:{self.line}: {self.kind}"


class SecretsFound(ReleaseError):
    """Credentials stand where they could be published."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take every finding."""
        self._findings = findings
        count = len(findings)
        hint = (
            "Take it out, and revoke it if it was ever pushed or published; what only looks like one is allowed by a "
            "comment: release-recipes: allow-secret"
        )
        super().__init__(f"{count} {'credential' if count == 1 else 'credentials'} found.", hint)

    @property
    def problems(self) -> list[Problem]:
        """Each finding as a problem of its own."""
        return [Problem("secret", str(finding), "") for finding in self._findings]


@dataclass(frozen=True)
class Form:
    """One form of credential."""

    kind: str
    #: One of these stands in every such credential: looked for first, since that is fast.
    marks: tuple[bytes, ...]
    pattern: re.Pattern[bytes]


def _form(kind: str, marks: str, pattern: str) -> Form:
    return Form(kind, tuple(mark.encode() for mark in marks.split()), re.compile(pattern.encode()))


# Each with its issuer's page, or source, about it.
FORMS: tuple[Form, ...] = (
    # A macaroon behind a prefix, whichever index made it: https://pypi.org/help/#apitoken; "Ag" is the first byte
    # of the second version of that format: rescrv/libmacaroons, doc/format.txt
    _form("a PyPI token", "pypi-Ag", r"pypi-Ag[A-Za-z0-9_-]{60,}"),
    # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    _form("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9_.-]{36,}"),
    _form("a GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{60,}"),
    # https://docs.gitlab.com/security/tokens/#token-prefixes
    _form(
        "a GitLab token",
        "glpat- gloas- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- glwt- glsoat- glffct- GR1348941",
        r"\b(?:gl(?:pat|oas|dt|rtr?|cbt|ptt|ft|imt|agent|wt|soat|ffct)-|GR1348941)[A-Za-z0-9_.-]{20,}",
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    _form("an AWS access key", "AKIA ASIA ABIA ACCA", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b(?<!EXAMPLE)"),
    _form(
        "an AWS secret key",
        "secret_access_key SECRET_ACCESS_KEY SecretAccessKey",
        r"(?i:aws_?)?(?i:secret_?access_?key)[\"']?\s{0,3}[=:]\s{0,3}[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    ),
    # RFC 7468, RFC 9580 (OpenPGP), and OpenSSH's PROTOCOL.key; in JSON and in shells a line's end is written \n.
    _form(
        "a private key",
        "PRIVATE",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\+[rn]|[\w-]+: [^\r\n]+)*[A-Za-z0-9+/]{32}",
    ),
    # https://github.com/FiloSottile/age: Bech32 with that prefix
    _form("an age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    # https://docs.slack.dev/authentication/tokens and https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    _form("a Slack token", "xox xapp-", r"\b(?:xox[abeoprs]|xoxe\.xox[bp]|xapp)-[0-9A-Za-z-]{20,}"),
    _form(
        "a Slack webhook", "hooks.slack.com/", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,}"
    ),
    # https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format; before that a UUID in .npmrc
    _form("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}"),
    _form("an npm token", ":_authToken", r":_authToken\s?=\s?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
    # https://guides.rubygems.org/api-key-scopes, and rust-lang/crates.io, util/token.rs
    _form("a RubyGems key", "rubygems_", r"\brubygems_[0-9a-f]{48}"),
    _form("a crates.io token", "cio", r"\bcio[A-Za-z0-9]{32}\b"),
    # https://docs.docker.com/security/access-tokens
    _form("a Docker token", "dckr_pat_ dckr_oat_", r"\bdckr_[op]at_[A-Za-z0-9_-]{24,}"),
    # https://cloud.google.com/docs/authentication/api-keys
    _form("a Google API key", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    # https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string
    _form("an Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    # https://docs.stripe.com/keys
    _form("a Stripe key", "sk_live_ rk_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    # https://platform.claude.com/docs/en/api/admin-api, https://platform.openai.com/docs/api-reference/authentication
    _form("an Anthropic key", "sk-ant-", r"\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{80,}"),
    _form("an OpenAI key", "T3BlbkFJ", r"\bsk-[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}"),
    # https://huggingface.co/docs/hub/security-tokens
    _form("a Hugging Face token", "hf_", r"\bhf_[A-Za-z]{34}\b"),
    # https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys
    _form("a SendGrid key", "SG.", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    # https://docs.digitalocean.com/reference/api/create-personal-access-token
    _form("a DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", r"\bdo[opr]_v1_[0-9a-f]{64}"),
    # https://developer.hashicorp.com/vault/docs/concepts/tokens, and Terraform's "atlasv1"
    _form("a Vault token", "hvs. hvb.", r"\bhv[bs]\.[A-Za-z0-9_-]{90,}"),
    _form("a Terraform token", ".atlasv1.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}"),
    # https://core.telegram.org/bots/features#botfather
    _form("a Telegram token", ":AA", r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    # https://docs.databricks.com/aws/en/dev-tools/auth/pat, https://shopify.dev/docs/apps/build/authentication-authorization
    _form("a Databricks token", "dapi", r"\bdapi[0-9a-f]{32}\b"),
    _form("a Shopify token", "shpat_ shpca_ shppa_ shpss_", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    # https://docs.sentry.io/account/auth-tokens, https://grafana.com/docs/grafana/latest/administration/service-accounts
    _form("a Sentry token", "sntrys_ sntryu_", r"\b(?:sntryu_[0-9a-f]{64}|sntrys_[A-Za-z0-9+/=_]{60,})"),
    _form("a Grafana token", "glsa_ glc_", r"\b(?:glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/]{40,})"),
)

#: Files that hold nothing but credentials, and the pattern of a line of theirs that has a value.
_FILES = {
    ".env": rb"(?m)^\s*(?:export\s+)?\w+\s*=\s*[\"']?[^\s\"'#]",
    ".pypirc": rb"(?m)^\s*password\s*[:=]\s*\S",
    ".netrc": rb"\bpassword\s+\S",
    "_netrc": rb"\bpassword\s+\S",
    ".git-credentials": rb"(?m)^\w+://[^/\s]*@",
}

#: The fewest different characters in a credential: ``ghp_xxxx…`` is somebody's example.
_DIFFERENT = 9

#: The fewest characters of a value of this machine that is looked for; a shorter one is a word.
_SHORTEST_HELD = 16


def scan(folder: Path, names: Sequence[str] = (), *, staged: bool = False) -> list[Finding]:
    """Look into what is named; else into what is staged, or into the tracked tree around a folder.

    Raises:
        WrongUsage: What is named is not there, or is named besides ``staged``.
        NoRepository: Nothing is named, and there is no repository.
    """
    if names and staged:
        raise WrongUsage("--staged and --file exclude each other.", "Give one of them.")
    git = _repository(folder)
    with contextlib.suppress(InvalidSetting):  # credentials are held before pyproject.toml is read
        sources(git.path if git else folder)
    if names:
        return scan_files(_existing(names, folder), root=folder)
    if git is None:
        message = "This folder is not in the working tree of a git repository."
        raise NoRepository(message, "Name what to look into: invoke scan --file PATH")
    return scan_staged(git) if staged else scan_tree(git)


def scan_files(paths: Iterable[Path], *, root: Path | None = None) -> list[Finding]:
    """Look into files, folders, and archives (wheels, sdists, zips) with what they hold.

    Args:
        paths: Where to look.
        root: What their names are told below; whole names where there is none.

    Raises:
        OSError: A file cannot be read.
    """
    found: list[Finding] = []
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else (path,):
            if file.is_file() and not (file.is_symlink() and path.is_dir()):
                name = file.relative_to(root) if root and file.is_relative_to(root) else file
                found += _in_file(name.as_posix(), file)
    return found


def scan_tree(git: Git) -> list[Finding]:
    """Look into every tracked file of a working tree, as it stands."""
    paths = (git.path / name for name in git.tracked())
    return scan_files((path for path in paths if path.is_file() and not path.is_symlink()), root=git.path)


def scan_staged(git: Git) -> list[Finding]:
    """Look into the lines that the next commit would add."""
    # One line of context: an allowing comment may stand in the line above.
    plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--text", "--no-renames", "--unified=1")
    prefixes = ("--src-prefix=a/", "--dst-prefix=b/", "--inter-hunk-context=0", "--diff-filter=d", "--submodule=short")
    with tempfile.TemporaryDirectory(prefix="release-recipes-") as folder:
        # Into a file: what a process of ours prints is masked, and then nothing would be found.
        patch = Path(folder, "staged.diff")
        git.ask("-c", "core.quotePath=true", "diff", "--cached", *plain, *prefixes, f"--output={patch}")
        hunks = list(_hunks(patch.read_bytes()))
    return [finding for hunk in hunks for finding in hunk.findings()]


def _repository(folder: Path) -> Git | None:
    """Return the repository around a folder, which may have no commit yet; ``None`` where there is none."""
    try:
        return Git(Path(Git(folder).ask("rev-parse", "--show-toplevel")))
    except CommandFailed:
        return None


def _existing(names: Sequence[str], folder: Path) -> list[Path]:
    """Return the files and folders that a person named.

    Raises:
        WrongUsage: One is not there.
    """
    paths = [folder / name for name in names]
    if missing := next((path for path in paths if not path.exists()), None):
        raise WrongUsage(f"There is no file {missing}.", "Name files, folders or distributions that exist.")
    return paths


# -- one text --------------------------------------------------------------------------------------------------------


def scan_bytes(name: str, data: bytes) -> list[Finding]:
    """Look into the content of one file, whose name tells what a line of it is."""
    return sorted({Finding(name, data.count(b"\n", 0, at) + 1, kind) for at, kind in _places(name, data)})


def _places(name: str, data: bytes) -> Iterator[tuple[int, str]]:
    """Yield where a credential begins, and its kind."""
    found = [
        (match.start(), form.kind)
        for form in FORMS
        if any(mark in data for mark in form.marks)
        for match in form.pattern.finditer(data)
        if len(set(match[0])) >= _DIFFERENT
    ]
    own = _FILES.get(PurePosixPath(name.rpartition("!")[2]).name)
    if own and (match := re.search(own, data)):
        found.append((match.end() - 1, "a file for credentials"))
    if not found and (at := _held(data)) is not None:
        found.append((at, "a credential that is in use here"))
    yield from (place for place in found if not _is_allowed(data, place[0]))


def _held(data: bytes) -> int | None:
    """Return where a value stands that we hold; ``None`` where there is none."""
    text = data.decode("utf-8", "replace")
    start = next((span[0] for span in MASK.spans(text) if span[1] - span[0] >= _SHORTEST_HELD), None)
    return None if start is None else len(text[:start].encode())


def _is_allowed(data: bytes, start: int) -> bool:
    """Say whether a comment allows it: on its own line or the one above."""
    line = data.rfind(b"\n", 0, start)
    above = data.rfind(b"\n", 0, max(line, 0)) + 1
    stop = data.find(b"\n", start)
    return ALLOWED.search(data, above, stop if stop >= 0 else len(data)) is not None


# -- files and archives ----------------------------------------------------------------------------------------------


def _in_file(name: str, path: Path) -> list[Finding]:
    if path.stat().st_size > LARGEST:
        return [_too_large(name)]
    return _in_content(name, path.read_bytes(), 0)


def _in_content(name: str, data: bytes, depth: int) -> list[Finding]:
    """Look into a file, and into what an archive holds; one that cannot be read is looked at as it is."""
    found = scan_bytes(name, data)
    if depth < DEEPEST:
        try:
            for member, content in _members(data):
                inside = f"{name}!{member}"
                found += [_too_large(inside)] if content is None else _in_content(inside, content, depth + 1)
        except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, RuntimeError, ValueError, NotImplementedError):
            pass  # the inspection of distributions refuses it; here it is a file like others
    return found


def _members(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Yield what an archive holds: names and contents, ``None`` for one that is too large."""
    if data.startswith(b"PK\3\4"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    with archive.open(info) as member:
                        yield info.filename, _limited(member.read(LARGEST + 1))
    elif data.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for entry in archive:
                if entry.isfile() and (file := archive.extractfile(entry)):
                    yield entry.name, _limited(file.read(LARGEST + 1))


def _limited(content: bytes) -> bytes | None:
    return content if len(content) <= LARGEST else None


def _too_large(name: str) -> Finding:
    return Finding(name, 1, f"not looked into: larger than {LARGEST // 1024 // 1024} MiB")


# -- what is staged --------------------------------------------------------------------------------------------------

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True)
class _Hunk:
    """A piece of a staged file."""

    path: str
    #: The number of its first line.
    first: int
    lines: list[bytes]
    #: The numbers of the lines that are new.
    added: set[int]

    def findings(self) -> Iterator[Finding]:
        """Yield what stands in the lines that are new."""
        for finding in scan_bytes(self.path, b"\n".join(self.lines)):
            number = self.first + finding.line - 1
            if number in self.added:
                yield Finding(self.path, number, finding.kind)


def _hunks(patch: bytes) -> Iterator[_Hunk]:
    """Yield the hunks of a patch; lines are counted, since what they hold may look like a header."""
    name = ""
    lines = iter(patch.split(b"\n"))
    for line in lines:
        if line.startswith(b"+++ "):
            name = _unquoted(line[4:].rstrip(b"\t")).removeprefix("b/")
        elif header := _HUNK.match(line):
            yield _hunk(name, lines, int(header[1] or 1), int(header[2]), int(header[3] or 1))


def _hunk(name: str, lines: Iterator[bytes], old: int, first: int, new: int) -> _Hunk:
    """Take a hunk's lines off a patch."""
    hunk = _Hunk(name, first, [], set())
    while old > 0 or new > 0:
        line = next(lines)
        if line[:1] in {b"+", b" "}:
            if line[:1] == b"+":
                hunk.added.add(first + len(hunk.lines))
            hunk.lines.append(line[1:])
            new -= 1
        old -= line[:1] in {b"-", b" "}
    return hunk


def _unquoted(name: bytes) -> str:
    """Return a path as it is: git writes unusual ones as a C string."""
    if name.startswith(b'"'):
        name = codecs.escape_decode(name[1:-1])[0]
    return name.decode("utf-8", "replace")
