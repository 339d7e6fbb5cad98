"""Tell people of a release that is public, or that failed: a listener, which never fails a release."""

from dataclasses import dataclass
from urllib.parse import quote

from release_recipes import events, forge
from release_recipes.cli.report import NOTHING, Report
from release_recipes.commands.checkout import Checkout
from release_recipes.index.page import browser_address
from release_recipes.programs import gh, notifications

#: The tasks that people are told of.
TASKS = frozenset({"release", "release_changed", "publish", "resume"})

#: The lines of what changed that a message has.
_LINES = 30


@dataclass(frozen=True)
class Notifier:
    """Listens for the end of a task, and sends what became of the release."""

    checkout: Checkout
    report: Report

    def hear(self, event: events.Event) -> None:
        """Send a message at the end of a task."""
        if isinstance(event, events.TaskEnded):
            given = self.checkout.sources.named(notifications.VARIABLE)
            message = self._message(event)
            if not given or message is None:
                return
            if not notifications.is_installed():
                events.warn("No notification was sent: apprise is not installed.", notifications.INSTALL, "notify")
                return
            seconds = self.checkout.patience.notification
            to, failed = notifications.addresses(given[0]), bool(event.exit_code)
            for sent in notifications.send(to, *message, failed=failed, seconds=seconds):
                if sent.fault:
                    events.warn(f"The notification to {sent.to} was not sent: {sent.fault}.", "", "notify")

    def _message(self, ended: events.TaskEnded) -> tuple[str, str] | None:
        """Return title and text; ``None`` if there is nothing to tell: nothing began, or it was only a test."""
        facts, began = self.report.facts, [step["name"] for step in self.report.facts["steps"]]
        test = self.checkout.settings.target(test=True).index_address
        name = " ".join(filter(None, [facts["project"], facts["version"]]))
        if facts["index"] == test or not name:
            return None
        if ended.outcome == "released":
            return f"{name} is released", "\n".join(self._success(ended))
        if ended.outcome in {"failed", "unfinished"} and {*began} - {"check"}:
            word = "is not finished" if ended.outcome == "unfinished" else "was not released"
            return f"{name} {word}", "\n".join(self._failure(ended))
        return None

    def _success(self, ended: events.TaskEnded) -> list[str]:
        facts = self.report.facts
        lines = [browser_address(facts["index"], facts["project"], facts["version"])]
        addresses = self.checkout.git.addresses(self.checkout.settings.remote)
        if "github" in self.report.done and (repository := gh.find(addresses)):
            lines.append(f"{repository.web_address}/releases/tag/{quote(facts['tag'])}")
        changes = [line for line in (facts["changes"] or "").splitlines() if line.strip()]
        lines += ["", "What changed:", *changes[:_LINES]] if changes else []
        lines += ["…"] if len(changes) > _LINES else []
        return [*lines, "", f"Tag {facts['tag']}, in {ended.seconds:.0f} s, from {forge.where()}."]

    def _failure(self, ended: events.TaskEnded) -> list[str]:
        facts, what = self.report.facts, self.report.public(ended.task)
        public = "Nothing is public." if what == NOTHING else f"What is public: {what}."
        lines = [ended.message, public, f"What to do: {ended.hint}" if ended.hint else ""]
        lines += [f"Log: {facts['log']}" if facts["log"] else "", f"From {forge.where()}."]
        return list(filter(None, lines))
