"""E-mail by SMTP: `smtp://user:password@host:587/?from=a@b.example&to=c@d.example,e@f.example`."""

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pipeline.addresses import LOOPBACK
from pipeline.kept_secret import hidden
from pipeline.notify.channel import Address, ChannelError, DeliveryError
from pipeline.notify.message import Message

TIMEOUT_SECONDS = 10
PORTS = {"implicit": 465, "starttls": 587, "off": 25}
MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
WRITTEN = (
    "write smtp://user:password@host:587/?from=sender@example.com&to=first@example.com,second@example.com; smtps:// "
    "speaks TLS from the start, smtp:// switches to it (STARTTLS), and &tls=off, without a password, never does"
)
Tls = Literal["implicit", "starttls", "off"]


@dataclass(frozen=True)
class Email:
    """A mail server and who writes to whom."""

    host: str
    port: int
    tls: Tls
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    name: str = "email"

    @classmethod
    def of(cls, address: Address) -> "Email":
        """Read the connection; ChannelError when it is no mail server's, or would show a password to others."""
        try:
            parts = urlsplit(address.url)
            port, query = parts.port, {name: values[-1] for name, values in parse_qs(parts.query).items()}
        except ValueError:
            raise ChannelError(f"the connection for e-mail cannot be read: {WRITTEN}") from None
        tls = _tls(parts.scheme, query.get("tls", ""))
        recipients = tuple(each.strip() for each in query.get("to", "").split(",") if each.strip())
        people = (query.get("from", "").strip(), *recipients)
        if tls is None or not parts.hostname or not recipients or not all(map(MAIL_ADDRESS.fullmatch, people)):
            raise ChannelError(f"the connection for e-mail is not complete: {WRITTEN}")
        password = unquote(parts.password or "") or address.token or ""
        if tls == "off" and password and parts.hostname not in LOOPBACK:
            raise ChannelError(f"the connection for e-mail would send its password unencrypted: {WRITTEN}")
        user = unquote(parts.username or "")
        return cls(parts.hostname, port or PORTS[tls], tls, people[0], recipients, user, password)

    def send(self, message: Message, at: datetime) -> str:
        """Send a mail; gives who of several recipients was refused. DeliveryError when nobody's mail was taken."""
        try:
            refused = self._sent(self._mail(message, at))
        except (OSError, smtplib.SMTPException) as error:
            text = f"the mail server at {self.host}: {type(error).__name__}: {error}"
            raise DeliveryError(hidden(text, self.password)) from None  # what a server says may repeat what it was told
        except UnicodeError:
            raise DeliveryError(
                f"the mail server at {self.host}: user or password hold characters that cannot be sent to it"
            ) from None  # the error itself shows them
        return hidden(f"refused: {', '.join(sorted(refused))}", self.password) if refused else ""

    def _mail(self, message: Message, at: datetime) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = message.title
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.recipients)
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = f"<{message.id}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail

    def _sent(self, mail: EmailMessage) -> list[str]:
        server = self._connected()
        try:
            if self.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self.user:
                server.login(self.user, self.password)
            return list(server.send_message(mail))
        finally:
            with suppress(OSError, smtplib.SMTPException):  # the mail is taken or refused by now, whatever comes
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        if self.tls == "implicit":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)


def _tls(scheme: str, stated: str) -> Tls | None:
    if scheme == "smtps":
        return "implicit"
    if scheme == "smtp" and stated in {"", "off"}:
        return "off" if stated else "starttls"
    return None
