"""The channels that connections lead to; without a connection there is none, and the log alone tells."""

from collections.abc import Callable, Mapping

from pipeline.notify.channel import Address, Channel, ChannelError
from pipeline.notify.email import Email
from pipeline.notify.slack import Slack
from pipeline.notify.webhook import Webhook
from pipeline.settings import connection_token, connection_variable, secret

KINDS: Mapping[str, Callable[[Address], Channel]] = {"email": Email.of, "webhook": Webhook.of, "slack": Slack.of}


def from_environment(kind: str) -> Address | None:
    """Read METERBRIDGE_CONNECTION_NOTIFY_<KIND> and its token, or the files named beside; None where it is not set."""
    name = f"notify_{kind}"
    url = secret(connection_variable(name))
    return Address(url, connection_token(name)) if url else None


def channels(find: Callable[[str], Address | None] = from_environment) -> tuple[list[Channel], list[str]]:
    """Open every kind of channel that `find` knows an address of; gives them, and what is wrong with the others."""
    opened: list[Channel] = []
    problems: list[str] = []
    for kind, of in KINDS.items():
        try:
            address = find(kind)
            opened += [of(address)] if address else []
        except ChannelError as error:
            problems.append(str(error))
    return opened, problems
