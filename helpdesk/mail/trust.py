"""What the receiving mail server found out about the sender (Authentication-Results, RFC 8601). Pure.

Anybody can write such a field. It counts only under the name of a server that is known to remove foreign
fields with its own name (RFC 8601, 5): `settings.MAIL_AUTHSERV_IDS`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_FIELDS = 20
MAX_FIELD = 8 * 1024
MAX_RESULTS = 60
_AGAINST = frozenset({"fail", "softfail", "policy", "permerror", "hardfail"})
_METHODS = frozenset({"dmarc", "dkim", "spf"})


@dataclass(frozen=True)
class Verdict:
    """`stated`: a trusted server looked. `passed`: it found the sender's domain to be the true one.
    `failed`: it found that it is not, or that the mail is authentic only for another domain."""

    stated: bool = False
    passed: bool = False
    failed: bool = False

    @property
    def confirms(self) -> bool:
        """Nothing is stated, or it is stated that the sender is the true one."""
        return self.passed or not self.stated


def results(fields: Iterable[str]) -> list[list[Any]]:
    """Every result in Authentication-Results fields: [server's name, method, result, {property: value}]."""
    found: list[list[Any]] = []
    for value in list(fields)[:MAX_FIELDS]:
        name, *rest = _segments(value[:MAX_FIELD])
        if not name:
            continue
        server = name.split()[0].lower()
        found += [[server, *one] for one in map(_result, rest) if one]
    return found[:MAX_RESULTS]


def _segments(value: str) -> list[str]:
    """The parts between semicolons, without comments and quotation marks."""
    parts, depth, quoted, escaped = [[]], 0, False, False  # type: ignore[var-annotated]
    for sign in value:
        if escaped:
            escaped = False
            if not depth:
                parts[-1].append("_" if sign.isspace() else sign)
        elif sign == "\\":
            escaped = True
        elif quoted:
            if sign == '"':
                quoted = False
            else:
                parts[-1].append("_" if sign.isspace() else sign)
        elif sign == "(":
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
        elif depth:
            continue
        elif sign == '"':
            quoted = True
        elif sign == ";":
            parts.append([])
        else:
            parts[-1].append(sign)
    return [" ".join("".join(part).split()).replace(" =", "=").replace("= ", "=") for part in parts]


def _result(segment: str) -> tuple[str, str, dict[str, str]] | None:
    """`dkim=pass header.d=example.com`; None for what says nothing (`none`) or a method we do not weigh."""
    words = segment.lower().split()
    method, equals, result = words[0].partition("=") if words else ("", "", "")
    method = method.partition("/")[0]
    if not equals or method not in _METHODS:
        return None
    pairs = (word.partition("=") for word in words[1:])
    return method, result, {name: value for name, _equals, value in pairs if "." in name and value}


def judge(found: list[list[Any]], author: str, trusted: Collection[str]) -> Verdict:
    """What trusted servers say of a mail that claims to be from the address `author`.

    DMARC decides where it was checked. Without it SPF or DKIM must hold for the author's own domain (relaxed
    alignment, RFC 7489, 3.1): holding for somebody else's proves nothing.
    """
    domain = author.rpartition("@")[2].lower().strip(".")
    known = [one[1:] for one in found if one[0] in trusted]
    if not known or not domain:
        return Verdict()
    dmarc = {result for method, result, _pairs in known if method == "dmarc"}
    aligned = any(result == "pass" and _is_for(pairs, domain) for _method, result, pairs in known)
    if dmarc & _AGAINST:
        return Verdict(True, failed=True)
    if aligned or "pass" in dmarc:
        return Verdict(True, passed=True)
    against = any(result in _AGAINST for _method, result, _pairs in known)
    elsewhere = not dmarc and any(result == "pass" for _method, result, _pairs in known)
    return Verdict(True, failed=against or elsewhere)


def _is_for(pairs: dict[str, str], domain: str) -> bool:
    return any(_are_aligned(one, domain) for one in _domains(pairs))


def _domains(pairs: dict[str, str]) -> Iterator[str]:
    for name in ("header.from", "header.d", "header.i", "smtp.mailfrom", "smtp.mail"):
        if name in pairs:
            yield pairs[name].rpartition("@")[2].strip("<>.")


def _are_aligned(one: str, other: str) -> bool:
    """The same domain, or one below the other (never a bare top-level one)."""
    if "." not in one:
        return one == other
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
