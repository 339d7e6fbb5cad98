"""The subject of the inspections: the distributions of a release, and those of the last release."""

from collections.abc import Collection
from dataclasses import dataclass

from release_recipes.distributions.distribution import Distribution


@dataclass(frozen=True)
class Subject:
    """The distributions of a release, and their expected name and version."""

    #: All files in ``dist/``, by name.
    everything: tuple[Distribution, ...]
    #: The project's name; without a plan, that of the first distribution.
    name: str
    #: The planned version; without a plan, that of the first distribution.
    version: str
    #: Distributions of the last release, if the index has them.
    last: tuple[Distribution, ...] = ()
    #: The files that git tracks in the project's folder, with slashes; empty if that is not known.
    tracked: tuple[str, ...] = ()
    #: Whether warnings of ``twine check`` stop the release.
    twine_strict: bool = False
    #: The names of inspections to skip.
    skipped: Collection[str] = ()
    #: Whether there may be no wheel: by the setting ``wheels``.
    sdist_alone: bool = False
    #: Patterns of the kinds of its files; empty if there is no expectation.
    expect: tuple[str, ...] = ()

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

    def before(self, dist: Distribution) -> Distribution | None:
        """Return the corresponding distribution of the last release."""
        same = [other for other in self.last if (other.is_wheel, other.is_sdist) == (dist.is_wheel, dist.is_sdist)]
        # A compiled wheel for another Python has other files.
        fitting = [other for other in same if other.is_sdist or _python(other.name) == _python(dist.name)]
        return next((other for other in fitting if not other.fault), None)


def _python(filename: str) -> str:
    """Return the Python that a compiled wheel is for, such as ``cp312-cp312``; of another wheel, nothing."""
    return "" if filename.endswith("-any.whl") else "-".join(filename.split("-")[-3:-1])
