"""News fragments: the tools that collect them in a changelog. uv gets a tool that is not installed."""

from pathlib import Path

from release_recipes.errors import ProgramMissing
from release_recipes.processes.run import run

#: Seconds, with the installation.
TIMEOUT = 300.0

#: How each tool collects the fragments of a version, and how it only shows that.
_COLLECT = {"towncrier": ("build", "--yes"), "scriv": ("collect",)}
_DRAFT = {"towncrier": ("build", "--draft")}


def command(tool: str, name: str, version: str, date: str, *, draft: bool = False) -> list[str]:
    """Return the command that collects the fragments of a version.

    Args:
        tool: ``towncrier`` or ``scriv``.
        name: The project's name.
        version: The version that is released.
        date: Its date, ISO 8601.
        draft: Whether it is only shown.
    """
    more = ["--name", name, "--date", date] if tool == "towncrier" else []
    return [tool, *(_DRAFT if draft else _COLLECT)[tool], "--version", version, *more]


def draft(folder: Path, tool: str, name: str, version: str, date: str) -> str:
    """Return what would be written; scriv has no draft, so these are its fragments as they are."""
    if tool in _DRAFT:
        return _run(command(tool, name, version, date, draft=True), folder)
    files = sorted((folder / "changelog.d").glob("[!_.]*.*"))
    texts = [path.read_text("utf-8") for path in files if "{{" not in path.read_text("utf-8")]
    return "\n\n".join(text.strip() for text in texts if _has_words(text))


def _has_words(text: str) -> bool:
    """Return whether a fragment says something outside of comments."""
    lines = (line.strip() for line in text.splitlines())
    return any(line and not line.startswith(("<!--", "..", "-->", "#")) for line in lines)


def collect(folder: Path, tool: str, name: str, version: str, date: str) -> None:
    """Collect the fragments in the changelog, and remove them.

    Raises:
        CommandFailed: The tool failed, or uv cannot get it.
    """
    _run(command(tool, name, version, date), folder)


def _run(argv: list[str], cwd: Path) -> str:
    try:
        return run(argv, cwd=cwd, timeout=TIMEOUT).stdout
    except ProgramMissing:
        more = ["--from", "scriv[toml]"] if argv[0] == "scriv" else []
        return run(["uv", "tool", "run", "--quiet", *more, *argv], cwd=cwd, timeout=TIMEOUT).stdout
