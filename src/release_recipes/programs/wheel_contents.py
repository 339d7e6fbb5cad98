"""check-wheel-contents: looks for what does not belong into a wheel. It is used as a library; its start costs more."""

from pathlib import Path


def check(wheel: Path) -> list[tuple[str, str, str]]:
    """Return what it says of a wheel: the code, the words, and a path, which is empty where it is about no file.

    A wheel that it cannot read says nothing: other inspections tell why.
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
    # Several toplevel entries (W009) are one fault in as many words; the rest is told a path at a time.
    return [
        (failure.check.name, failure.check.value, path)
        for failure in failures
        for path in ([", ".join(failure.args)] if failure.check.name in {"W002", "W009"} else failure.args or [""])
    ]
