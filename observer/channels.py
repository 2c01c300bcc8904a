"""From what an environment says of a channel to the channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observer.alerts.base import Channel, Limit, Terms
from observer.config import ChannelConfig
from observer.errors import ProjectError, UnknownName
from orchestration.graph import Graph

if TYPE_CHECKING:
    from observer.alerts.mail import MailServer
    from observer.alerts.when import When

_SUBMISSION, _SUBMISSIONS = 587, 465  # ports of RFC 6409 and RFC 8314


def channel_of(config: ChannelConfig, graph: Graph, environment: str) -> Channel:
    """The channel that an environment describes; raises ProjectError, UnknownName."""
    from observer.alerts.when import parse_when

    when = parse_when(config.when, graph, where=f"channel {config.name}")
    limit = None if config.limit is None else Limit(*config.limit)
    terms = Terms(fallback=config.fallback, limit=limit, folds=config.kind != "pagerduty")
    return _made(config, when, terms, environment)


def _made(config: ChannelConfig, when: When, terms: Terms, environment: str) -> Channel:
    """Each kind's module is loaded where it is used."""
    name, url = config.name, config.one("url") or ""
    match config.kind:
        case "webhook":
            from observer.alerts.webhook import WebhookChannel

            if not config.options.get("secret"):
                raise ProjectError(f"the channel {name} needs secret= to sign with, e.g. '${{HOOK_SECRET}}'")
            return WebhookChannel(name, url, config.options["secret"], when, terms=terms)
        case "slack":
            from observer.alerts.slack import SlackChannel

            return SlackChannel(name, url, when, terms)
        case "teams":
            from observer.alerts.teams import TeamsChannel

            return TeamsChannel(name, url, when, terms)
        case "pagerduty":
            from observer.alerts.pagerduty import URL, PagerDutyChannel

            key, source = config.one("routing_key") or "", config.one("source") or environment
            return PagerDutyChannel(name, key, source, url or URL, when, terms)
        case "mail":
            from observer.alerts.mail import MailChannel

            return MailChannel(
                name, _mail_server(config), config.one("from") or "", config.options["to"], when, terms
            )  # fmt: skip
        case _:
            from observer.alerts.anywhere import AppriseChannel

            return AppriseChannel(name, url, when, terms)


def _mail_server(config: ChannelConfig) -> MailServer:
    from observer.alerts.mail import MailServer, Tls

    where, written = f"channel {config.name}", config.one("server") or ""
    host, colon, port = written.rpartition(":") if written.count(":") == 1 else (written, "", "")
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ProjectError(
            f"{where}: server = {written!r} isn't HOST or HOST:PORT; write smtp.example.com:{_SUBMISSION}"
        )
    said = config.one("tls")
    if said is not None and said not in list(Tls):
        raise UnknownName("tls", said, Tls, where=where)
    number = int(port) if colon else _SUBMISSIONS if said == Tls.TLS else _SUBMISSION
    tls = Tls(said) if said is not None else Tls.TLS if number == _SUBMISSIONS else Tls.STARTTLS
    user, password = config.one("user"), config.one("password")
    if (user is None) is not (password is None):
        raise ProjectError(f"{where}: a login is both user= and password=; write both, or neither")
    return MailServer(host=host, port=number, tls=tls, user=user, password=password)
