"""A guard that keeps the tests' own process on this machine; processes that it starts are free."""

import ipaddress
import sys
from typing import Final

_EVENTS: Final = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.connect": 1, "socket.sendto": 1}
"""The audit events that name a host, and where among their arguments it stands; see Python's table of audit events."""


class NetworkUsed(RuntimeError):
    """A test reached for another machine; not an OSError, which network code would take for an outage."""


def allow_loopback_only() -> None:
    """Refuse from now on, until the process ends, to look up or to speak to any host but this one."""
    sys.addaudithook(_refuse_other_hosts)


def _refuse_other_hosts(event: str, arguments: tuple[object, ...]) -> None:
    """Raise for an event that leaves this machine; an address that is no host and port is a local socket's."""
    if event not in _EVENTS:
        return
    target = arguments[_EVENTS[event]]
    if event in {"socket.connect", "socket.sendto"}:
        target = target[0] if isinstance(target, tuple) else None
    host = target.decode() if isinstance(target, bytes) else target
    if isinstance(host, str) and not _is_loopback(host):
        message = f"{event} {host}: tests speak to loopback only."
        raise NetworkUsed(message)


def _is_loopback(host: str) -> bool:
    """Say whether a host's name or address is this machine's own; names are not looked up (:rfc:`6761`)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
