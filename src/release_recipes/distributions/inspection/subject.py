"""The subject of the inspections: the distributions of a release, and those of the last release."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from release_recipes.distributions.distribution import Distribution
from release_recipes.findings import Finding
from release_recipes.settings import Settings


@dataclass(frozen=True)
class Subject:
    """The distributions of a release, and their expected name and version."""

    #: All files in ``dist/``, by name.
    files: Sequence[Path]
    #: They say which inspections are skipped, what is an error, and whether there may be no wheel.
    settings: Settings
    #: The project's name and the planned version; empty without a plan.
    planned_name: str = ""
    planned_version: str = ""
    #: Distributions of the last release, if the index has them.
    last: Sequence[Path] = ()
    #: The files that git tracks in the project's folder, with slashes; empty if that is not known.
    tracked: Sequence[str] = ()
    #: Patterns of the kinds of its files; empty if there is no expectation.
    expect: tuple[str, ...] = ()

    @cached_property
    def everything(self) -> tuple[Distribution, ...]:
        """All files, of which some may not be distributions."""
        return tuple(map(Distribution, self.files))

    @property
    def name(self) -> str:
        """The expected name; without a plan, that of the first distribution."""
        return self.planned_name or self._first("Name")

    @property
    def version(self) -> str:
        """The expected version; without a plan, that of the first distribution."""
        return self.planned_version or self._first("Version")

    def _first(self, field: str) -> str:
        return next((dist.metadata.get(field, "") for dist in self.readable), "")

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """The sdists and wheels."""
        return tuple(dist for dist in self.everything if dist.is_wheel or dist.is_sdist)

    @property
    def readable(self) -> tuple[Distribution, ...]:
        """The sdists and wheels that can be read completely; the inspection ``archive`` reports the others."""
        return tuple(dist for dist in self.distributions if not dist.fault)

    @property
    def wheels(self) -> tuple[Distribution, ...]:
        """The readable wheels."""
        return tuple(dist for dist in self.readable if dist.is_wheel)

    @cached_property
    def _before(self) -> tuple[Distribution, ...]:
        return tuple(map(Distribution, self.last))

    def before(self, dist: Distribution) -> Distribution | None:
        """Return the corresponding distribution of the last release."""
        same = [other for other in self._before if (other.is_wheel, other.is_sdist) == (dist.is_wheel, dist.is_sdist)]
        # A compiled wheel for another Python has other files.
        fitting = [other for other in same if other.is_sdist or _python(other.name) == _python(dist.name)]
        return next((other for other in fitting if not other.fault), None)


def each(
    find: Callable[[Distribution], Iterator[Finding]],
    among: Literal["distributions", "readable", "wheels"] = "readable",
) -> Callable[[Subject], Iterator[Finding]]:
    """Return an inspection of each distribution by itself: of the readable ones, the wheels, or all distributions."""
    return lambda subject: (finding for dist in getattr(subject, among) for finding in find(dist))


def _python(filename: str) -> str:
    """Return the Python that a compiled wheel is for, such as ``cp312-cp312``; of another wheel, nothing."""
    return "" if filename.endswith("-any.whl") else "-".join(filename.split("-")[-3:-1])
