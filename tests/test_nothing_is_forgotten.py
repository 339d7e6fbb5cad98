"""A release is forgotten only where it is known that nothing of it is public: by `abandon`, or when refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from release_recipes.commands.abandon import abandon
from release_recipes.commands.checkout import Checkout, find
from release_recipes.errors import ClaimedElsewhere, CommandFailed, Failed, NoIndexAnswer, ReleaseWaits, UploadRefused
from release_recipes.index.client import Index
from release_recipes.index.page import Listed, Page
from release_recipes.index.retry import PATIENCE
from release_recipes.publish import World, claim, update_branch, upload
from release_recipes.publish.finish import finish
from release_recipes.publish.step import Done, Step, always
from release_recipes.secrets.token import Token
from release_recipes.settings import Target
from release_recipes.state.folder import State
from release_recipes.state.record import Artifact, Record
from support.checking import NOBODY
from support.repository import Repository

CLAIM, TAG = "refs/release-recipes/v1.3.0", "refs/tags/v1.3.0"
WHEEL = Artifact("demo_package-1.3.0-py3-none-any.whl", "a" * 64, 1)
SDIST = Artifact("demo_package-1.3.0.tar.gz", "b" * 64, 1)

#: Each question is asked as often as ever, and at once.
AT_ONCE = replace(PATIENCE, doubt=(0.0, 0.0, 0.0))

ABSENT = Page(exists=False)
WITH_THE_WHEEL = Page(exists=True, files={WHEEL.filename: Listed(WHEEL.filename, "", WHEEL.sha256)})


class Pages:
    """What an index answers: each page once, and the last one from then on; `None` is no answer."""

    def __init__(self) -> None:
        self.left: list[Page | None] = [ABSENT]

    def page(self, _name: str) -> Page:
        answer = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if answer is None:
            raise NoIndexAnswer("The index gave no usable answer.")
        return answer


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    """Return the answers of the index, which has nothing until a test says otherwise."""
    answers = Pages()
    monkeypatch.setattr(Index, "page", lambda _, name: answers.page(name))
    return answers


@pytest.fixture
def checkout(quick: Repository) -> Checkout:
    """Return a checkout in which a release was claimed, here and on the remote, and waits."""
    quick.git("switch", "--quiet", "--create", "prepared")
    quick.write("demo/news.py", "NEWS = True\n")
    quick.commit("release: v1.3.0")
    quick.git("tag", "--annotate", "--message=Release 1.3.0", "v1.3.0")
    quick.git("update-ref", CLAIM, "v1.3.0")
    quick.git("tag", "--delete", "v1.3.0")
    quick.git("switch", "--quiet", "main")
    quick.git("push", "--quiet", "origin", f"{CLAIM}:{CLAIM}")
    found = find(quick.path, NOBODY, AT_ONCE)
    found.state.save(
        Record(
            project="demo-package",
            prior="1.2.3",
            version="1.3.0",
            commit=quick.git("rev-parse", f"{CLAIM}^{{commit}}"),
            base=quick.head,
            tag="v1.3.0",
            tag_object=quick.git("rev-parse", CLAIM),
            pushes_tag=True,
            branch="main",
            remote="origin",
            remote_address=str(quick.remote),
            remote_tip=quick.head,
            test=False,
            target=Target("http://127.0.0.1:9/", "http://127.0.0.1:9/simple/"),
            upload_workers=1,
            started="2026-01-02T03:04:05+00:00",
            artifacts=(WHEEL, SDIST),
        )
    )
    return found


def begun(checkout: Checkout) -> None:
    """Note that the upload began."""
    checkout.state.mark_public(*checkout.state.records())


def push_tag(checkout: Checkout) -> None:
    """Push the tag by hand."""
    checkout.git.does("push", "--quiet", "origin", f"{CLAIM}:{TAG}")


# -- abandon -----------------------------------------------------------------------------------------------------------


def test_abandon_forgets_what_is_nowhere(checkout: Checkout, pages: Pages) -> None:
    """Where index and remote were asked, and have nothing, record and claim go."""
    begun(checkout)
    assert abandon(checkout, yes=False) == "nothing-waits"
    assert checkout.state.records() == []
    assert CLAIM not in checkout.git.remote_refs("origin").refs
    assert pages.left == [ABSENT]


def test_abandon_does_not_take_silence_for_an_answer(checkout: Checkout, pages: Pages) -> None:
    """Where an upload began and the index does not answer, it is not known what is public: the release waits."""
    begun(checkout)
    pages.left = [None]
    with pytest.raises(NoIndexAnswer):
        abandon(checkout, yes=False)
    assert [record.maybe_public for record in checkout.state.records()] == [True]


def test_abandon_asks_an_index_that_is_late_again(checkout: Checkout, pages: Pages) -> None:
    """Where an upload began, a page that lists nothing yet is not believed the first time."""
    begun(checkout)
    pages.left = [ABSENT, ABSENT, WITH_THE_WHEEL]
    with pytest.raises(ReleaseWaits, match=f"This stays public: {WHEEL.filename}\\."):
        abandon(checkout, yes=False)
    assert len(checkout.state.records()) == 1


@pytest.mark.usefixtures("pages")
def test_abandon_sees_our_tag_on_the_remote(checkout: Checkout) -> None:
    """A tag of ours that somebody pushed stays public, and that is said although no file is."""
    push_tag(checkout)
    with pytest.raises(ReleaseWaits, match=r"This stays public: the tag v1\.3\.0\."):
        abandon(checkout, yes=False)
    assert len(checkout.state.records()) == 1
    assert TAG in checkout.git.remote_refs("origin").refs


# -- a refusal ---------------------------------------------------------------------------------------------------------


def refused_by(failure: Exception, before: Callable[[World], object] = lambda _: None) -> tuple[Step, ...]:
    """Return steps of which the only one fails, after something else happened."""

    def converge(world: World) -> Done:
        before(world)
        raise failure

    return (Step("push", always, lambda _: [], converge),)


REFUSED = UploadRefused(WHEEL.filename, 403, "Forbidden", "")


@pytest.fixture(params=[REFUSED, Failed("A hook said no.")], ids=["upload", "push"])
def refusal(request: pytest.FixtureRequest) -> Exception:
    """Return what a step can fail with although nothing of ours is public."""
    failure: Exception = request.param
    return failure


@pytest.mark.usefixtures("pages")
def test_a_refusal_with_nothing_public(checkout: Checkout, refusal: Exception) -> None:
    """Where nothing is public, what was refused leaves neither record nor claim."""
    (record,) = checkout.state.records()
    with pytest.raises(type(refusal)):
        finish(checkout.world(record), checkout.state, refused_by(refusal))
    assert checkout.state.records() == []
    assert CLAIM not in checkout.git.remote_refs("origin").refs


def wheel_by_hand(_: Checkout, pages: Pages) -> None:
    """Upload the wheel by hand."""
    pages.left = [WITH_THE_WHEEL]


def tag_by_hand(checkout: Checkout, _: Pages) -> None:
    """Push the tag by hand."""
    push_tag(checkout)


def silence(_: Checkout, pages: Pages) -> None:
    """Let the index be silent."""
    pages.left = [None]


def remote_gone(checkout: Checkout, _: Pages) -> None:
    """Let the remote be silent."""
    checkout.git.does("config", "remote.origin.url", str(checkout.git.path / "gone"))


@pytest.mark.parametrize("arrange", [wheel_by_hand, tag_by_hand, silence, remote_gone])
def test_a_refusal_with_something_public(
    arrange: Callable[[Checkout, Pages], None], checkout: Checkout, pages: Pages, refusal: Exception
) -> None:
    """A refusal is no reason to forget a release whose file or tag somebody made public, or may have made."""
    (record,) = checkout.state.records()
    arrange(checkout, pages)
    with pytest.raises(type(refusal)):
        finish(checkout.world(record), checkout.state, refused_by(refusal))
    assert checkout.state.records() == [record]


@pytest.mark.usefixtures("pages")
def test_a_failure_after_an_upload_began(checkout: Checkout) -> None:
    """A git that fails after the upload, while the page is late, is no reason to forget: what is on disk counts."""
    (record,) = checkout.state.records()
    state: State = checkout.state
    steps = refused_by(CommandFailed(["git"], 128, "fatal: bad object"), lambda world: state.mark_public(world.record))
    with pytest.raises(CommandFailed):
        finish(checkout.world(record), state, steps)
    assert [kept.maybe_public for kept in state.records()] == [True]


# -- the steps around the upload ---------------------------------------------------------------------------------------


@pytest.fixture
def moved(checkout: Checkout, quick: Repository) -> Checkout:
    """Return the checkout after a colleague pushed to the branch."""
    other = quick.other_clone()
    other.write("theirs.txt", "news\n")
    other.commit("feat: theirs")
    other.git("push", "--quiet")
    return checkout


def test_a_branch_that_moved_stops_what_has_not_begun(moved: Checkout, pages: Pages) -> None:
    """Before the upload a branch that moved since the checks stops a release."""
    (record,) = moved.state.records()
    with pytest.raises(Failed, match=r"Commits were pushed to origin/main after the checks\."):
        claim.STEP.converge(moved.world(record))
    assert pages.left == [ABSENT]


@pytest.mark.parametrize("released", [False, True], ids=["given up", "released"])
def test_a_claim_that_another_machine_gave_up(released: bool, checkout: Checkout, pages: Pages) -> None:
    """After a pause the claim is looked at again before anything is uploaded: it is made again, or the release ends."""
    (record,) = checkout.state.records()
    world = replace(checkout.world(record), patience=replace(AT_ONCE, claim=0.0), token=Token("x"))
    assert claim.STEP.converge(world).state == "already done"
    checkout.git.does("push", "--quiet", "origin", f":{CLAIM}")
    if released:
        checkout.git.does("push", "--quiet", "origin", f"HEAD:{TAG}")
        with pytest.raises(ClaimedElsewhere, match="was pushed to origin after the checks"):
            claim.hold(world)
    else:
        claim.hold(replace(world, patience=AT_ONCE))
        assert CLAIM not in checkout.git.remote_refs("origin").refs  # seen a moment ago
        claim.hold(world)
        assert CLAIM in checkout.git.remote_refs("origin").refs
    assert pages.left == [ABSENT]


def test_the_claim_is_seen_before_the_upload(checkout: Checkout, pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another machine released in between is seen by the step that uploads, before the first byte."""
    (record,) = checkout.state.records()
    monkeypatch.setattr("release_recipes.publish.upload.Artifact", SimpleNamespace(of=lambda _: WHEEL))
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    world = replace(checkout.world(replace(record, artifacts=(WHEEL,))), token=Token("x"), claimed=[0.0])
    checkout.git.does("push", "--quiet", "origin", f":{CLAIM}", f"HEAD:{TAG}")
    with pytest.raises(ClaimedElsewhere):
        upload.STEP.converge(world)
    assert [kept.maybe_public for kept in checkout.state.records()] == [False]
    assert pages.left == [ABSENT]


@pytest.mark.parametrize("page", [ABSENT, None], ids=["late", "silent"])
def test_a_branch_that_moved_does_not_stop_what_may_be_public(page: Page | None, moved: Checkout, pages: Pages) -> None:
    """Once an upload began, a branch that moved holds nothing up, also where the index is late or silent."""
    begun(moved)
    pages.left = [page]
    (record,) = moved.state.records()
    assert claim.STEP.converge(moved.world(record)).state == "already done"


def test_a_branch_with_a_commit_of_its_own_is_left_unchanged(checkout: Checkout, quick: Repository) -> None:
    """A commit that was made here during the release stays the head; the user's branch is given no merge."""
    (record,) = checkout.state.records()
    quick.git("push", "--quiet", "origin", f"{record.commit}:refs/heads/main")
    quick.write("mine.txt", "news\n")
    mine = quick.commit("feat: mine")
    done = update_branch.STEP.converge(checkout.world(record))
    assert (done.note, quick.head) == ("main is unchanged", mine)
