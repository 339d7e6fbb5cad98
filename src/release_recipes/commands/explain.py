"""Explain an error, a check or a subject, from the pages of the documentation, which are installed with the package."""

import difflib
import re
from pathlib import Path

from release_recipes import events
from release_recipes.errors import WrongUsage, typed

#: The errors, and the pages, that say what to do about a check.
_ERRORS = {"token": "no-token", "token-fits": "no-token", "claim": "claimed-elsewhere", "secrets": "secrets-found",
           "closed-index": "private-index", "pins": "monorepo"}  # fmt: skip
#: The checks without which a release stops later, or harms another one.
_NEEDED = frozenset({"token", "claim"})


def pages() -> Path:
    """Return the folder with the pages: that of the installed package, or of the repository."""
    package = Path(__file__).parents[1]
    return next(each for each in (package / "docs", package.parents[1] / "docs") if each.is_dir())


def explain(_where: Path, *, subject: str) -> str:
    """Show what is known of a subject. Returns ``done``.

    Raises:
        WrongUsage: Nothing has this name.
    """
    known = sections()
    name = subject.strip().lower().removesuffix(".md").rpartition("/")[2]
    text = known.get(name)
    if name in {"-h", "--help"}:  # Invoke takes them for the name
        names = "a name that a message has in brackets, such as `token`, or a page, such as `tutorial`"
        text = f"`{typed('explain', 'NAME')}` explains {names}. All checks: `{typed('explain', 'checks')}`."
    if text is None:
        hint = f"Errors and checks have names: {typed('explain', 'checks')}"
        if near := difflib.get_close_matches(subject, known, 3):
            others = f" ({', '.join(near[1:])})" if near[1:] else ""
            hint = f"Did you mean{others}: {typed('explain', near[0])}"
        raise WrongUsage(f"Nothing is named {subject!r}.", hint)
    events.emit(events.Page(text))
    return "done"


def sections() -> dict[str, str]:
    """Return what is known of each name, as Markdown: pages by their name, then checks, then errors."""
    folder = pages()
    files = [path for path in sorted(folder.rglob("*.md")) if path.stem != "index"]
    known = {path.stem: re.sub(r"<!--.*?-->\n?", "", path.read_text("utf-8")) for path in files}  # notes for our tests
    listed, _, others = known["checks"].partition("## Other names")
    rows = re.findall(r"(?m)^\| `([a-z-]+)` \| (.*?) \|", listed)
    parts = re.split(r"(?m)^(?=## )", known["troubleshooting"])
    errors = {part.split()[1]: part for part in parts if re.match(r"## [a-z-]+\n", part)}
    for check, about in rows:
        more = known.get(check, "") or (known | errors).get(_ERRORS.get(check, ""), "").partition("\n\n")[2]
        skip = f'If the release is right all the same: `skip_checks = ["{check}"]` in `[tool.release]`.'
        skip = f"What is wrong, and what to do, stands in the message. {skip}\n\n" if check not in _NEEDED else ""
        known[check] = f"## {check}\n\nThis check protects from {about}.\n\n{skip}{more}"
    for name, about in re.findall(r"(?m)^\| `([a-z-]+)` \| (.*?) \|", others):
        known.setdefault(name, f"## {name}\n\nThis is about {about}.\n")
    return known | errors
