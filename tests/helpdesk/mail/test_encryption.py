"""STARTTLS towards a real server: with a certificate that we trust, and with one that we do not."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from helpdesk.mail.smtp import Envelope, Line, Outcome, Server
from tests.helpdesk.mail.servers import sink

MAIL = Envelope(("us@acme.example",), "priya@customers.example", b"Subject: x\r\n\r\n.leading dot\r\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of 127.0.0.1: the file that holds it with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return file


@pytest.fixture
def server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with sink(context) as box:
        yield box


def outcome(server, tls):
    line = Line(Server("127.0.0.1", server.port, tls=tls))
    result = line.send(MAIL, lambda: None)
    line.close()
    return result.outcome


def test_encryption_on_offer_is_taken(server):
    assert outcome(server, "offered") is Outcome.SENT
    assert server.encrypted
    assert server.bodies[0][2] == MAIL.content


def test_where_encryption_is_required_a_stranger_gets_nothing(server):
    assert outcome(server, "required") is Outcome.LATER
    assert not server.bodies


def test_where_encryption_is_required_a_trusted_server_gets_the_mail(server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert outcome(server, "required") is Outcome.SENT
    assert server.encrypted


def test_where_encryption_is_required_and_not_to_be_had_nothing_leaves():
    with sink() as plain:
        assert outcome(plain, "required") is Outcome.LATER
        assert not plain.bodies
