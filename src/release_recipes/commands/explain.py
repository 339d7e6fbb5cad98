"""Explain an error, a check or a subject, from the pages of the documentation, which are installed with the package."""

import difflib
import re
from pathlib import Path

from release_recipes import events
from release_recipes.errors import WrongUsage, typed


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
    text = known.get(subject.strip().lower().removesuffix(".md"))
    if text is None:
        near = difflib.get_close_matches(subject, known, 3)
        hint = f"Did you mean: {' | '.join(typed('explain', each) for each in near)}" if near else ""
        raise WrongUsage(
            f"Nothing is named {subject!r}.", hint or f"Errors and checks have names: {typed('explain', 'checks')}"
        )
    events.emit(events.Page(text))
    return "done"


def sections() -> dict[str, str]:
    """Return what is known of each name, as Markdown: pages by their name, then checks, then errors."""
    folder = pages()
    known = {path.stem: path.read_text("utf-8") for path in sorted(folder.rglob("*.md")) if path.stem != "index"}
    rows = re.findall(r"(?m)^\| `([a-z-]+)` \| (.*?) \|", known["checks"])
    known |= {
        check: f"## {check}\n\nThis check protects from {about}.\n\n"
        f'To release without it: `skip_checks = ["{check}"]` in `[tool.release]`.\n\n{known.get(check, "")}'
        for check, about in rows
    }
    parts = re.split(r"(?m)^(?=## )", known["troubleshooting"])
    return known | {part.split()[1]: part for part in parts if re.match(r"## [a-z-]+\n", part)}
