"""Reads the environment variables by which the product is configured.

Every variable is declared once in `VARIABLES`; the table in the README is that list. A value that cannot be
meant raises `ImproperlyConfigured` with a sentence that names the variable and says what to set.
"""

import os
import socket
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psutil
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Variable:
    name: str
    default: str
    meaning: str


VARIABLES = [
    Variable("MODE", "development", "`development`, `test` or `production`"),
    Variable("HOST", "127.0.0.1", "address on which `bin/run` listens; set, it turns the demo off"),
    Variable("PORT", "8000", "port of the web server"),
    Variable("SMTP_PORT", "2525", "port on which mail comes in"),
    Variable("LMTP_PORT", "0", "port on which a mail server of yours delivers by LMTP; 0: none"),
    Variable(
        "SMTP_TLS_CERT", "", "file with certificate and chain (PEM): senders may then encrypt (STARTTLS)"
    ),
    Variable("SMTP_TLS_KEY", "", "file with its key, where that is not in the same file"),
    Variable("SMTP_SIGN_IN", "", "`name:password` that senders must sign in with; needs SMTP_TLS_CERT"),
    Variable(
        "SMTP_RELAYS",
        "",
        "addresses or networks of your own mail servers, separated by commas: free of the limits per address",
    ),
    Variable("DATA_DIR", ".data", "folder of the bundled servers' data, attachments and logs"),
    Variable("DEMO", "1", "`0` starts empty and prints a link that makes the first administrator"),
    Variable(
        "DATABASE_URL", "", "`postgresql://…` of a server of your own (15 or newer); unset: the bundled one"
    ),
    Variable("REDIS_URL", "", "`redis://…` of Redis 6.2+ or Valkey; unset: the bundled one"),
    Variable(
        "EMAIL_URL",
        "",
        "server for outgoing mail: `smtp://user:password@host:587/` (STARTTLS) or `smtps://…:465/`; "
        "unset: the mailbox page",
    ),
    Variable(
        "PUBLIC_URL", "", "address under which people reach the product, as in `https://help.example.com`"
    ),
    Variable("SECRET_KEY", "", "at least 50 random signs; required in production, else kept in DATA_DIR"),
    Variable("SECRET_KEY_FALLBACKS", "", "former keys, separated by commas, while they are being replaced"),
    Variable(
        "ALLOWED_HOSTS", "", "host names that may be asked for, separated by commas; required in production"
    ),
    Variable(
        "CSRF_TRUSTED_ORIGINS", "", "origins (scheme and host) that may post forms, separated by commas"
    ),
    Variable("BEHIND_PROXY", "0", "`1` when a reverse proxy sets X-Forwarded-Proto and X-Forwarded-For"),
    Variable("MAIL_DOMAIN", "", "domain in Message-IDs and reply addresses; unset: host of PUBLIC_URL"),
    Variable(
        "MAIL_FILES_MB", "15", "files up to so many megabytes go along with a mail; larger ones as links"
    ),
    Variable("FILE_LINK_DAYS", "30", "for how many days such a link works (1 to 365)"),
    Variable(
        "PRIVATE_TARGETS",
        "",
        "names, addresses or networks of your own where mailboxes and sign-in servers may be, separated by "
        "commas, as in `mail.lan,10.2.0.0/16`; all other targets must be public",
    ),
    Variable(
        "MAIL_AUTHSERV_IDS",
        "",
        "names under which your own mail servers write Authentication-Results, separated by commas",
    ),
    Variable("MAIL_SPAM", "suspend", "mail that a spam filter before us marked: `off`, `quiet` or `suspend`"),
    Variable("MAIL_SENDER_BUDGET", "200", "tickets one sender may open by mail in ten minutes (0: no limit)"),
    Variable("MAIL_TICKET_BUDGET", "100", "mails one ticket takes in ten minutes (0: no limit)"),
    Variable(
        "DB_TIMEOUT", "15", "seconds a page's SQL statement may take (workers: eight times that; 0: no limit)"
    ),
    Variable("API_REQUESTS", "600", "requests that one API token may make in a minute"),
    Variable("API_SEARCHES", "60", "searches among them"),
    Variable("WEB_WORKERS", "2", "processes of the web server"),
    Variable("WORKER_CONCURRENCY", "2", "tasks a Celery worker runs side by side"),
    Variable("LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`"),
]
_KNOWN = {variable.name: variable for variable in VARIABLES}


def text(name: str) -> str:
    """The variable's value, or its declared default when unset or empty."""
    return os.environ.get(name, "").strip() or _KNOWN[name].default


def is_set(name: str) -> bool:
    return name in _KNOWN and bool(os.environ.get(name, "").strip())


def choice(name: str, *allowed: str) -> str:
    value = text(name)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is “{value}”; set it to one of: {', '.join(allowed)}.")
    return value


def flag(name: str) -> bool:
    return choice(name, "0", "1") == "1"


def number(name: str, low: int, high: int) -> int:
    value = text(name)
    if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
        raise ImproperlyConfigured(f"{name} is “{value}”; set it to a whole number from {low} to {high}.")
    return int(value)


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def networks(name: str) -> list[str]:
    """Addresses and networks, separated by commas."""
    for word in words(name):
        try:
            ip_network(word, strict=False)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} holds “{word}”; set it to addresses or networks, as in 10.2.0.5,10.3.0.0/16."
            ) from None
    return words(name)


def file(name: str) -> str:
    """The path of a file that is there and can be read; "" when unset."""
    path = text(name)
    if path and not os.access(path, os.R_OK):
        raise ImproperlyConfigured(f"{name} names {path}, which cannot be read.")
    return path


def folder(name: str) -> Path:
    """An absolute path; a relative one counts from the root of the project, wherever the command is run."""
    return (ROOT / Path(text(name)).expanduser()).resolve()


def database(url: str, **session: object) -> dict[str, object]:
    """Django's settings for a `postgresql://user:password@host:port/name?option=value` address.

    A socket folder is given as `?host=/path`, as libpq does it. `session` are further connection options.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise ImproperlyConfigured("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": {**session, **options},
    }


def broker(url: str) -> str:
    """The Celery form of a Redis address (`unix:///path` becomes `redis+socket:///path`)."""
    scheme = urlsplit(url).scheme
    if scheme not in ("redis", "rediss", "unix"):
        raise ImproperlyConfigured(
            "REDIS_URL must look like redis://host:6379/0, rediss://… or unix:///path."
        )
    if scheme != "unix":
        return url
    path, _, query = url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?virtual_host={dict(parse_qsl(query)).get('db', '0')}"


def mail_server(url: str) -> dict[str, Any] | None:
    """Host, port, user, password and kind of encryption of an `smtp://` or `smtps://` address; None for "".

    `smtp://` upgrades with STARTTLS: always where a password is sent to another machine or `?tls=1` says so,
    else where the server offers it. `?tls=0` never insists.
    """
    if not url:
        return None
    parts = urlsplit(url)
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 587 if parts.username else 25)
    except ValueError:
        port = 0
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or not port:
        raise ImproperlyConfigured(
            "EMAIL_URL must look like smtp://user:password@host:587/ or smtps://…:465/."
        )
    wish = dict(parse_qsl(parts.query)).get("tls")
    insists = wish == "1" or (wish is None and bool(parts.username) and not is_loopback(parts.hostname))
    return {
        "host": parts.hostname,
        "port": port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "tls": "wrapped" if parts.scheme == "smtps" else "required" if insists else "offered",
    }


def is_loopback(host: str) -> bool:
    """The name or address of this machine itself, reachable from no other."""
    return host == "localhost" or host == "::1" or host.startswith("127.")


def is_everywhere(host: str) -> bool:
    """Whether listening on `host` means every address of this machine."""
    return host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def reachable(host: str) -> str:
    """How a browser on this machine reaches what listens on `host`, as it stands in a URL."""
    if is_everywhere(host):
        return "localhost"
    return f"[{host}]" if ":" in host else host


def own_names() -> list[str]:
    """The names and addresses of this machine, as a browser would write them."""
    addresses = [address for found in psutil.net_if_addrs().values() for address in found]
    names = [a.address for a in addresses if a.family == socket.AF_INET]
    names += [f"[{a.address.partition('%')[0]}]" for a in addresses if a.family == socket.AF_INET6]
    return [socket.gethostname().lower(), *names]
