"""Act 3: publish. Every step can run again at any time, with the same result."""

from collections.abc import Mapping

from release_recipes import events
from release_recipes.publish import claim, github, install_from_index, push, update_branch, upload, verify, watch
from release_recipes.publish.step import Done, Step, World
from release_recipes.state.record import Record

__all__ = [
    "BY_CI", "OF_TAG", "REHEARSAL", "RELEASE", "TEST", "UPLOAD", "Step", "World", "describe", "following",
    "publish", "steps_of",
]  # fmt: skip

#: A release, in order.
RELEASE: tuple[Step, ...] = (
    claim.STEP,
    upload.STEP,
    push.STEP,
    github.STEP,
    verify.STEP,
    update_branch.STEP,
    install_from_index.AFTER_RELEASE,
)

#: A release that CI publishes on its tag.
BY_CI: tuple[Step, ...] = (claim.STEP, push.STEP, update_branch.STEP, watch.STEP, install_from_index.AFTER_RELEASE)

#: A rehearsal, which installs the package at its end.
REHEARSAL: tuple[Step, ...] = (
    *(github.REHEARSED if step is github.STEP else step for step in RELEASE[:-1]),
    install_from_index.STEP,
)

#: A release to TestPyPI, which leaves the repository unchanged.
TEST: tuple[Step, ...] = (upload.STEP, verify.STEP, install_from_index.STEP)

#: The publication of a tag that exists, wholly or in part.
OF_TAG: Mapping[str, tuple[Step, ...]] = {
    "": (upload.STEP, github.STEP, verify.STEP),
    "index": (upload.STEP, verify.STEP),
    "github": (verify.STEP, github.STEP),
}

#: An upload without a release.
UPLOAD: tuple[Step, ...] = (upload.STEP, verify.STEP)


def steps_of(record: Record) -> tuple[Step, ...]:
    """Return the steps of a release: to TestPyPI, by CI, or from this machine."""
    if record.test:
        return TEST
    return BY_CI if record.by_ci else RELEASE


def describe(record: Record, steps: tuple[Step, ...]) -> list[tuple[str, list[str]]]:
    """Return each step's name and what it would do, or why it is left out."""
    return [
        (step.name, [f"left out: {why}"] if (why := step.left_out(record)) else step.describe(record)) for step in steps
    ]


def following(record: Record, steps: tuple[Step, ...]) -> list[str]:
    """Return the names of the steps that are not left out."""
    return [step.name for step in steps if not step.left_out(record)]


def publish(world: World, steps: tuple[Step, ...]) -> Done:
    """Run every step, and return the result of the last one.

    Raises:
        ReleaseError: A step could not continue. What was published stays public, and ``resume`` finishes the release.
    """
    done = Done()
    for step in steps:
        with events.step(step.name) as running:
            why = step.left_out(world.record)
            done = Done(why, "left out") if why else step.converge(world)
            running.note, running.state = done.note, done.state
    return done
