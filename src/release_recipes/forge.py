"""The forge whose CI runs this process, as its variables describe it.

The variables are those of GitHub's "Default environment variables" and of GitLab's "Predefined CI/CD variables".
Nothing here asks the forge.
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Forge:
    """The forge, and the job that runs this process."""

    #: ``GitHub`` or ``GitLab``.
    name: str
    #: The tag that the job runs for; empty if it runs for something else.
    tag: str
    #: The commit that the job runs for.
    commit: str
    #: ``owner/name``.
    repository: str
    #: The file name of the workflow, such as ``release.yml``.
    workflow: str
    #: The page of the run.
    page: str


def current(environment: Mapping[str, str] = os.environ) -> Forge | None:
    """Return the forge; ``None`` outside of the CI of one that is known."""
    said = environment.get
    if said("GITHUB_ACTIONS") == "true":
        repository = said("GITHUB_REPOSITORY", "")
        # owner/name/.github/workflows/release.yml@refs/tags/v1.7.0
        workflow = said("GITHUB_WORKFLOW_REF", "").partition("@")[0].rpartition("/")[2]
        server, run = said("GITHUB_SERVER_URL", "https://github.com"), said("GITHUB_RUN_ID", "")
        tag = said("GITHUB_REF_NAME", "") if said("GITHUB_REF_TYPE") == "tag" else ""
        page = f"{server}/{repository}/actions/runs/{run}"
        return Forge("GitHub", tag, said("GITHUB_SHA", ""), repository, workflow, page)
    if said("GITLAB_CI") == "true":
        project, pipeline = said("CI_PROJECT_PATH", ""), said("CI_PIPELINE_URL", "")
        workflow = said("CI_CONFIG_PATH", "") or ".gitlab-ci.yml"
        return Forge("GitLab", said("CI_COMMIT_TAG", ""), said("CI_COMMIT_SHA", ""), project, workflow, pipeline)
    return None


def where() -> str:
    """Return where this process runs, for people who read it elsewhere: the page of the run, or the machine's name."""
    job = current()
    return (job.page if job else "") or platform.node()
