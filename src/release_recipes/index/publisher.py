"""The trusted publisher: the job in CI that an index knows, and the values of the form that registers it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from release_recipes import forge
from release_recipes.settings import PUBLISHER_PAGES, Target

#: The fields of the form for a job, by forge.
_FIELDS = {
    "GitHub": ("Owner", "Repository name", "Workflow name"),
    "GitLab": ("Namespace", "Project name", "Top-level pipeline file path"),
}


@dataclass(frozen=True)
class Publisher:
    """The job that publishes, as an index knows it."""

    #: ``GitHub`` or ``GitLab``.
    forge: str
    #: ``owner/name``.
    repository: str
    #: The file name of the workflow; in GitLab, the path of the pipeline's file.
    workflow: str
    #: The name of the job's environment; empty if it has none.
    environment: str = ""


def publisher_of(claims: Mapping[str, Any]) -> Publisher | None:
    """Return the publisher that the claims of an identity token name; ``None`` in the CI of another forge."""
    ref = str(claims.get("job_workflow_ref") or claims.get("ci_config_ref_uri") or "").partition("@")[0]
    environment = str(claims.get("environment") or "")
    if "project_path" in claims:
        # gitlab.com/owner/name//.gitlab-ci.yml@refs/tags/v1.7.0
        return Publisher("GitLab", str(claims["project_path"]), ref.partition("//")[2], environment)
    if "repository" in claims:
        # owner/name/.github/workflows/release.yml@refs/tags/v1.7.0
        return Publisher("GitHub", str(claims["repository"]), ref.rpartition("/")[2], environment)
    return None


def current_publisher(environment: Mapping[str, str] = os.environ) -> Publisher | None:
    """Return the publisher that the variables of this job name, which do not say its environment."""
    job = forge.current(environment)
    return Publisher(job.name, job.repository, job.workflow) if job else None


def publisher_lines(
    project: str, repository: str, workflow: str, environment: str, *, forge: str = "GitHub"
) -> list[str]:
    """Return the values that the index's form for a trusted publisher wants, a line each.

    Args:
        project: The project's name.
        repository: ``owner/name``.
        workflow: The file name of the workflow; in GitLab, the path of the pipeline's file.
        environment: The name of the job's environment; empty if it has none.
        forge: ``GitHub`` or ``GitLab``, whose forms have different fields.
    """
    owner, _, name = repository.rpartition("/")
    lines = [f"{field}: {value}" for field, value in zip(_FIELDS[forge], (owner, name, workflow), strict=True)]
    return [f"PyPI project name: {project}", *lines, f"Environment name: {environment or '(leave it empty)'}"]


def how_to_register(target: Target, project: str, publisher: Publisher | None) -> str:
    """Return how the user registers a job as a trusted publisher of a project: the form, and its values."""
    where = " of the index"
    if page := PUBLISHER_PAGES.get(target.upload_address):
        own, new = f"{page}project/{project}/settings/publishing/", f"{page}account/publishing/"
        where = f" at {own} (if the index has no such project yet, at {new})"
    lines = ["."]
    if job := publisher:
        values = publisher_lines(project, job.repository, job.workflow, job.environment, forge=job.forge)
        lines = [", with these values:", *values]
    return f"Register this job as a trusted publisher{where}" + "\n     ".join(lines)
