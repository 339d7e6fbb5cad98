"""The forge that runs a job is recognised by its variables."""

from release_recipes.forge import current

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "octo/demo",
    "GITHUB_WORKFLOW_REF": "octo/demo/.github/workflows/release.yml@refs/tags/v1.3.0",
    "GITHUB_RUN_ID": "7",
    "GITHUB_SHA": "0" * 40,
    "GITHUB_REF_TYPE": "tag",
    "GITHUB_REF_NAME": "v1.3.0",
}


def test_no_forge() -> None:
    """Outside of CI there is no forge, even if a variable of one is there."""
    assert current({"GITHUB_REPOSITORY": "octo/demo", "CI": "true"}) is None


def test_github() -> None:
    """A job of GitHub has a tag only if it runs for one."""
    forge = current(GITHUB)
    assert forge is not None
    assert (forge.name, forge.tag, forge.workflow) == ("GitHub", "v1.3.0", "release.yml")
    assert forge.page == "https://github.com/octo/demo/actions/runs/7"
    by_hand = current(GITHUB | {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"})
    assert by_hand is not None
    assert by_hand.tag == ""


def test_gitlab() -> None:
    """A job of GitLab has its tag, its commit and its pipeline."""
    said = {
        "GITLAB_CI": "true",
        "CI_COMMIT_TAG": "v1.3.0",
        "CI_PROJECT_PATH": "octo/demo",
        "CI_PIPELINE_URL": "https://x/1",
    }
    forge = current(said)
    assert forge is not None
    assert (forge.name, forge.tag, forge.repository, forge.page) == ("GitLab", "v1.3.0", "octo/demo", "https://x/1")
    assert forge.workflow == ".gitlab-ci.yml"
