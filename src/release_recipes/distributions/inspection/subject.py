"""What is inspected: the distributions of one release, and those of the release before."""

from collections.abc import Collection
from dataclasses import dataclass

from release_recipes.distributions.distribution import Distribution


@dataclass(frozen=True)
class Subject:
    """The distributions of one release, and what they should be."""

    #: All that lies in ``dist/``, by name.
    everything: tuple[Distribution, ...]
    #: The project's name; that of the first distribution where nobody planned one.
    name: str
    #: The planned version; likewise.
    version: str
    #: Distributions of the last release, where the index has them.
    last: tuple[Distribution, ...] = ()
    #: Whether what ``twine check --strict`` adds stops the release.
    twine_strict: bool = False
    #: Inspections that are not made.
    skipped: Collection[str] = ()

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """The sdists and wheels."""
        return tuple(one for one in self.everything if one.is_wheel or one.is_sdist)

    @property
    def readable(self) -> tuple[Distribution, ...]:
        """The sdists and wheels that can be read to the end; the inspection ``archive`` tells of the others."""
        return tuple(one for one in self.distributions if not one.fault)

    @property
    def wheels(self) -> tuple[Distribution, ...]:
        """The readable wheels."""
        return tuple(one for one in self.readable if one.is_wheel)

    def before(self, one: Distribution) -> Distribution | None:
        """Return what the last release had in the place of a distribution."""
        same = (other for other in self.last if (other.is_wheel, other.is_sdist) == (one.is_wheel, one.is_sdist))
        return next((other for other in same if not other.fault), None)
