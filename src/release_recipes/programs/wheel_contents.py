"""check-wheel-contents: looks for files that do not belong in a wheel. It is used as a library, which is faster."""

from pathlib import Path


def check(wheel: Path) -> list[tuple[str, str, str]]:
    """Return its findings for a wheel: the code, the message, and a path, which is empty if no file is concerned.

    A wheel that it cannot read has no findings here; other inspections report it.
    """
    from check_wheel_contents.checker import WheelChecker  # type: ignore[import-untyped]
    from check_wheel_contents.contents import WheelContents  # type: ignore[import-untyped]
    from check_wheel_contents.errors import WheelValidationError  # type: ignore[import-untyped]

    checker = WheelChecker()
    checker.configure_options()
    try:
        failures = checker.check_contents(WheelContents.from_wheel(wheel))
    except (WheelValidationError, ValueError):
        return []
    # Several top-level entries (W009) are a single finding; others have a finding for each path.
    return [
        (failure.check.name, failure.check.value, path)
        for failure in failures
        for path in ([", ".join(failure.args)] if failure.check.name in {"W002", "W009"} else failure.args or [""])
    ]
