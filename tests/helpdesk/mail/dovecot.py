"""Dovecot on loopback, with a configuration and folder of its own: the mailboxes of the tests."""

from __future__ import annotations

import base64
import hmac
import json
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from imapclient import IMAPClient

from tests.flows.product import await_that, free_ports, open_folder

PASSWORD = "canary-7f3e"
_PROGRAM = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
MISSING = (
    "" if _PROGRAM and Path("/usr/lib/dovecot/imap").exists()
    else "dovecot is not installed (Debian package dovecot-imapd)"
)  # fmt: skip

_CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{home}/mail/%u
mail_fsync = never
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
ssl_dh =
auth_mechanisms = plain xoauth2
auth_failure_delay = 0
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password={password}
  mechanisms = plain
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {home}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/home/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""
_OAUTH = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={home}/keys/
username_attribute = sub
"""


class Dovecot:
    """`port` speaks plain IMAP and STARTTLS, `tls_port` TLS; every name has a mailbox of its own."""

    separator = "."

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port, self.tls_port = free_ports(2)
        self.root = os.geteuid() == 0
        me = pwd.getpwnam("nobody") if self.root else pwd.getpwuid(os.geteuid())
        self.user, self.uid, self.gid = me.pw_name, me.pw_uid, me.pw_gid
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        import grp

        self.home.chmod(0o755)
        for name in ("mail", "home", "keys"):
            (self.home / name).mkdir()
        certificate(self.home)
        names = {"home": self.home, "user": self.user, "group": grp.getgrgid(self.gid).gr_name}
        text = _CONFIGURATION.format(**names, port=self.port, tls_port=self.tls_port, password=PASSWORD)
        (self.home / "dovecot.conf").write_text(text)
        (self.home / "oauth2.conf").write_text(_OAUTH.format(**names))
        if self.root:
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, self.uid, self.gid)
        assert _PROGRAM is not None
        self.process = subprocess.Popen(
            [_PROGRAM, "-F", "-c", str(self.home / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            user=self.user if self.root else None,
            group=self.gid if self.root else None,
            extra_groups=[] if self.root else None,
        )
        await_that(lambda: _answers(self.port), 20, "dovecot answers")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)

    def box(self, name: str) -> IMAPClient:
        """A client of the mailbox's owner."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20)
        client.login(name, PASSWORD)
        return client

    def put(self, name: str, *mails: bytes, folder: str = "INBOX", flags: tuple[bytes, ...] = ()) -> None:
        """Deliver mails to somebody."""
        with self.box(name) as client:
            for raw in mails:
                client.append(folder, raw, flags)

    def renumber(self, name: str, folder: str = "") -> None:
        """Make the folder anew, as after a restore: its mails stay, UIDVALIDITY and numbers are new."""
        home = self.home / "mail" / name / folder
        before = self._validity(name)
        time.sleep(max(0.0, before + 1.05 - time.time()))  # the validity is an instant in whole seconds
        for path in home.glob("dovecot*"):
            path.unlink()
        assert self._validity(name) != before

    def _validity(self, name: str) -> int:
        with self.box(name) as client:
            return int(client.select_folder("INBOX")[b"UIDVALIDITY"])

    def seen(self, name: str, folder: str = "INBOX") -> list[bool]:
        """For each mail of a folder, whether it is marked as read."""
        with self.box(name) as client:
            client.select_folder(folder, readonly=True)
            said = client.fetch(client.search(), ["FLAGS"])
            return [rb"\Seen" in one[b"FLAGS"] for _uid, one in sorted(said.items())]


def certificate(folder: Path, name: str = "localhost") -> Path:
    """A key and a certificate of its own for `localhost` and 127.0.0.1; the path of the certificate."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert.pem"


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        return line.recv(4) == b"* OK"
    return False


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    with open_folder() as home:
        server = Dovecot(home)
        try:
            server.start()
            yield server
        finally:
            server.stop()


class Cutter:
    """A proxy that cuts the line: `cut_when` judges all that the server has said so far on one line."""

    def __init__(self, to: int, cut_when: Callable[[bytes], bool]) -> None:
        self.to = to
        self.cut_when = cut_when
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _address = self.server.accept()
                there = socket.create_connection(("127.0.0.1", self.to))
                threading.Thread(target=self._pass, args=(line, there, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(there, line, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, judged: bool) -> None:
        said = b""
        with suppress(OSError):
            while data := source.recv(4096):
                said += data if judged else b""
                if judged and self.cut_when(said):
                    target.sendall(data[: len(data) // 2])
                    break
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def __enter__(self) -> Cutter:
        return self

    def __exit__(self, *error: object) -> None:
        self.server.close()


class Greeter:
    """Says one thing to everybody: a server of another kind."""

    def __init__(self, words: bytes) -> None:
        self.words = words
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        threading.Thread(target=self._greet, daemon=True).start()

    def _greet(self) -> None:
        with suppress(OSError):
            while True:
                line, _address = self.server.accept()
                line.sendall(self.words)


class TokenServer:
    """A provider that gives access tokens which Dovecot believes (JSON Web Tokens, RFC 7519, HS256)."""

    def __init__(self, dovecot: Dovecot, subject: str) -> None:
        self.asked: list[dict[str, str]] = []
        self.refuses = False
        key = b"a key of the tests, 32 bytes long"
        folder = dovecot.home / "keys" / "default" / "HS256"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "default").write_bytes(base64.b64encode(key))
        for path in (folder.parent, folder, folder / "default"):
            os.chown(path, dovecot.uid, dovecot.gid)
        token = _jwt(key, subject)
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.asked.append(dict(parse_qsl(body)))
                said = {"access_token": token, "expires_in": 3600, "refresh_token": "r2"}
                self.send_response(400 if outer.refuses else 200)
                self.end_headers()
                self.wfile.write(json.dumps({} if outer.refuses else said).encode())

            def log_message(self, *args: Any) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(dovecot.home / "cert.pem", dovecot.home / "key.pem")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _jwt(key: bytes, subject: str) -> str:
    def text(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    head = text(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    now = int(time.time())
    body = text(json.dumps({"sub": subject, "iat": now - 10, "exp": now + 3600}).encode())
    return f"{head}.{body}.{text(hmac.digest(key, f'{head}.{body}'.encode(), 'sha256'))}"
