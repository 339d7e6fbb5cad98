"""Notifications with apprise, an extra: chats, mail, push services. Its addresses contain credentials."""

import importlib.util
import logging
import re
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release_recipes.secrets.mask import MASK
from release_recipes.secrets.token import Token

#: The variable with the addresses; it is a credential, and no setting.
VARIABLE = "RELEASE_NOTIFY_URLS"

#: How apprise is installed with this package.
INSTALL = "pip install 'release-recipes[notify]'"


@dataclass(frozen=True)
class Sent:
    """What became of one notification."""

    #: The place of the address in the list, and its kind; it contains credentials.
    to: str
    #: Why it was not sent; empty if it was.
    fault: str = ""


def addresses(text: str) -> list[Token]:
    """Return addresses that are separated by spaces or commas, as apprise separates them."""
    return [Token(each, VARIABLE) for each in re.split(r"[\s,]+(?=[\w+-]+://)", text.strip()) if each]


def is_installed() -> bool:
    """Return whether apprise is installed."""
    return importlib.util.find_spec("apprise") is not None


def send(to: Sequence[Token], title: str, body: str, *, failed: bool, seconds: float) -> list[Sent]:
    """Send a message to each address, all at once, and wait no longer than some seconds for all of them."""
    logger = logging.getLogger("apprise")  # it writes addresses
    logger.propagate, logger.disabled = False, True
    with warnings.catch_warnings():  # of what its plug-ins import
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        asset = apprise.AppriseAsset(async_mode=False, app_id="release-recipes", app_desc="release-recipes")
        kind = apprise.NotifyType.FAILURE if failed else apprise.NotifyType.SUCCESS
        found = [apprise.Apprise.instantiate(each.reveal(), asset=asset, suppress_exceptions=True) for each in to]
    results: dict[int, bool] = {}

    def work(number: int, plugin: apprise.NotifyBase) -> None:
        try:
            results[number] = bool(plugin.notify(title=MASK(title), body=MASK(body), notify_type=kind))
        except Exception:  # noqa: BLE001 - a plug-in can raise anything, and its words may contain the address
            results[number] = False

    threads = [threading.Thread(target=work, args=(n, each), daemon=True) for n, each in enumerate(found) if each]
    end = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    faults: Mapping[bool | None, str] = {True: "", False: "it was refused, or there was no answer"}
    slow = f"no answer in {seconds:.0f} seconds"
    names = [f"address {number} ({each.reveal().partition('://')[0]})" for number, each in enumerate(to, 1)]
    return [
        Sent(name, faults.get(results.get(number), slow) if plugin else "apprise does not know such an address")
        for number, (name, plugin) in enumerate(zip(names, found, strict=True))
    ]
