"""E-mail, to a real mail server on loopback."""

import datetime
import ipaddress
import ssl
from dataclasses import replace

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from receivers import mailbox

from pipeline.notify.channel import Address, ChannelError, DeliveryError
from pipeline.notify.email import Email

PEOPLE = "from=billing@example.com&to=ada@example.com,bob@example.com"


def channel(port, scheme="smtp", login="", query="&tls=off"):
    return Email.of(Address(f"{scheme}://{login}127.0.0.1:{port}/?{PEOPLE}{query}"))


def test_a_mail_says_who_what_when_and_bears_the_messages_id(box, failed_import, at):
    assert channel(box.port).send(failed_import, at) == ""
    (mail,) = box.mails
    assert mail["Subject"] == "Import failed: march.csv"
    assert (mail["From"], mail["To"]) == ("billing@example.com", "ada@example.com, bob@example.com")
    assert mail["Message-ID"] == f"<{failed_import.id}@example.com>"
    assert mail["Date"].datetime == at
    assert mail.get_content().splitlines() == failed_import.text.splitlines()


def test_a_name_cannot_add_a_header(box, failed_import, at):
    with pytest.raises(ValueError, match="linefeed"):
        channel(box.port).send(replace(failed_import, title="x\r\nBcc: thief@example.com"), at)
    assert box.mails == []


def test_of_several_recipients_one_who_is_refused_keeps_no_mail_from_the_others(box, failed_import, at):
    box.refuses["bob@example.com"] = "550 no such user"
    assert channel(box.port).send(failed_import, at) == "refused: bob@example.com"
    assert len(box.mails) == 1


def test_a_mail_that_nobody_takes_is_not_delivered(box, failed_import, at):
    box.refuses |= {"ada@example.com": "550 no such user", "bob@example.com": "550 no such user"}
    with pytest.raises(DeliveryError, match=r"mail server at 127\.0\.0\.1: SMTPRecipientsRefused"):
        channel(box.port).send(failed_import, at)
    box.refuses.clear()
    box.answers = ["451 try again later"]
    with pytest.raises(DeliveryError, match=r"SMTPDataError.*try again later"):
        channel(box.port).send(failed_import, at)
    assert box.mails == []


def test_a_server_that_is_not_there_is_a_delivery_error(failed_import, at):
    with mailbox() as gone:
        port = gone.port
    with pytest.raises(DeliveryError, match="ConnectionRefusedError"):
        channel(port).send(failed_import, at)


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """A server's TLS context; its certificate is trusted by whoever looks at the environment."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(secret)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


def knows(user, password):
    def authenticate(_server, _session, _envelope, _mechanism, shown):
        right = (shown.login, shown.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=right)  # what is not handled, the server refuses itself

    return {"authenticator": authenticate, "auth_required": True}


def test_smtp_switches_to_tls_before_it_shows_user_and_password(tls, failed_import, at):
    with mailbox(tls_context=tls, require_starttls=True, **knows("ada", "p@ss/w0rd")) as box:
        channel(box.port, login="ada:p%40ss%2Fw0rd@", query="").send(failed_import, at)
        assert len(box.mails) == 1


def test_a_wrong_password_is_refused_and_not_shown(tls, failed_import, at):
    with mailbox(tls_context=tls, require_starttls=True, **knows("ada", "right")) as box:
        with pytest.raises(DeliveryError, match="SMTPAuthenticationError") as refused:
            channel(box.port, login="ada:s3cret@", query="").send(failed_import, at)
        assert box.mails == []
    assert "s3cret" not in str(refused.value)


def test_smtps_speaks_tls_from_the_start(tls, failed_import, at):
    with mailbox(ssl_context=tls) as box:
        channel(box.port, "smtps", query="").send(failed_import, at)
        assert len(box.mails) == 1


def test_a_server_without_tls_or_with_a_certificate_that_nobody_trusts_gets_nothing(
    tls, box, failed_import, at, monkeypatch
):
    with pytest.raises(DeliveryError, match="STARTTLS"):
        channel(box.port, login="ada:s3cret@", query="").send(failed_import, at)
    monkeypatch.delenv("SSL_CERT_FILE")
    with mailbox(tls_context=tls, require_starttls=True) as other:
        with pytest.raises(DeliveryError, match="certificate verify failed"):
            channel(other.port, query="").send(failed_import, at)
        assert box.mails == other.mails == []


def test_a_password_that_cannot_be_sent_is_not_shown(tls, failed_import, at):
    with (
        mailbox(tls_context=tls, require_starttls=True, **knows("ada", "x")) as box,
        pytest.raises(DeliveryError, match="hold characters that cannot be sent") as refused,
    ):
        channel(box.port, login="ada:s3cr%C3%A9t@", query="").send(failed_import, at)
    assert "s3cr" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.com/?" + PEOPLE,
        "smtp://ada:s3cret@mail.example.com:port/?" + PEOPLE,
        "smtp://ada:s3cret@mail.example.com/?to=ada@example.com",
        "smtp://ada:s3cret@mail.example.com/?from=billing@example.com",
        "smtp://ada:s3cret@mail.example.com/?from=billing@example.com&to=ada@example.com%0d%0aBcc:x@example.com",
        "smtp://ada:s3cret@mail.example.com/?" + PEOPLE + "&tls=off",
        "smtp://ada:s3cret@mail.example.com/?" + PEOPLE + "&tls=maybe",
        "smtp://ada:s3cret@/?" + PEOPLE,
    ],
)
def test_a_connection_that_is_none_of_a_mail_server_is_refused_without_showing_it(url):
    with pytest.raises(ChannelError, match="write smtp://user:password@host") as refused:
        Email.of(Address(url))
    assert "s3cret" not in f"{refused.value!r} {Address(url)!r}"
