"""Mails built to hurt whoever reads them, each with a name. They are made here, so nobody has to keep them in
a file.
"""

_HEAD = (
    b"From: Eve <eve@example.com>\r\nTo: support@demo.example\r\n"
    b"Subject: hostile\r\nMessage-ID: <%s@example.com>\r\n"
)


def _multipart(name: bytes, body: bytes, boundary: bytes = b"b") -> bytes:
    return (
        _HEAD % name
        + b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="%s"\r\n\r\n' % boundary
        + body
    )


def many_parts(count: int) -> bytes:
    return _multipart(b"parts", b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n")


def deep(levels: int) -> bytes:
    out = [
        b'--%d\r\nContent-Type: multipart/mixed; boundary="%d"\r\n\r\n' % (n, n + 1) for n in range(levels)
    ]
    return _multipart(b"deep", b"".join(out) + b"--%d\r\n\r\nx\r\n" % levels, b"0")


def nested_messages(levels: int) -> bytes:
    return _HEAD % b"nested" + b"Content-Type: message/rfc822\r\n\r\n" * levels + b"\r\nx"


def _field(name: bytes, value: bytes) -> bytes:
    return _HEAD % (b"%s%d" % (name.lower(), len(value))) + name + b": " + value + b"\r\n\r\nThe body.\r\n"


MAILS: dict[str, bytes] = {
    "20,000 small parts": many_parts(20_000),
    "100,000 small parts": many_parts(100_000),
    "2,000 nested multiparts": deep(2000),
    "2,000 nested messages": nested_messages(2000),
    "100,000 quotation marks": _field(b"Cc", b'"' * 100_000),
    "odd number of quotation marks": _field(b"Cc", b'"' * 30_001),
    "3,000 open brackets": _field(b"Sender", b"(" * 3000),
    "30,000 open brackets": _field(b"From", b"(" * 30_000 + b" eve@example.com"),
    "20,000 parameters": _multipart(
        b"params",
        b"--b\r\nContent-Type: text/plain"
        + b"".join(b"; a*%d=x" % n for n in range(20_000))
        + b"\r\n\r\nx\r\n--b--\r\n",
    ),
    "8,000 commented names": _field(
        b"Cc", b", ".join(b"a (c%d) <a%d@example.com>" % (n, n) for n in range(8000))
    ),
    "many unfinished encoded words": _field(b"Subject", b"=?utf-8?q?a" * 3000),
    "many open encoded words": _field(b"Subject", b"=?" * 15_000),
    "10,000 header fields": _HEAD % b"fields"
    + b"".join(b"X-%d: y\r\n" % n for n in range(10_000))
    + b"\r\nThe body.\r\n",
    "one endless header line": _field(b"X-Long", b"y" * 2_000_000),
    "NUL and lone surrogates": _HEAD % b"nul" + b"X-\x00: \xed\xa0\x80\r\n\r\na\x00b \xed\xa0\x80 c\r\n",
    "no header at all": b"\x00\xff\xfe" * 100,
    "nothing": b"",
    "only a line break": b"\r\n",
    "unclosed HTML": _HEAD % b"html" + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
    "HTML of open brackets": _HEAD % b"lt" + b"Content-Type: text/html\r\n\r\n" + b"<" * 500_000,
    "HTML of comments": _HEAD % b"cm" + b"Content-Type: text/html\r\n\r\n" + b"<!--" * 200_000,
    "many quote marks": _HEAD % b"gt" + b"\r\n" + b">" * 900_000,
    "endless quoted lines": _HEAD % b"ql" + b"\r\n" + b"> a\r\n" * 200_000,
    "endless attribution": _HEAD % b"at" + b"\r\n" + b"On " * 300_000 + b" wrote:\r\n",
    "endless dashes": _HEAD % b"da" + b"\r\n" + (b"-" * 500 + b"\r\n") * 2000,
    "endless address text": _HEAD % b"ad" + b"\r\n" + b"a@" * 400_000,
    "uuencoded blocks that are none": _HEAD % b"uu"
    + b"\r\n"
    + b"begin 644 a\r\n~~~\r\n" * 50_000
    + b"end\r\n",
    "blanks in quoted-printable": _HEAD % b"qp"
    + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    + b" \t" * 450_000,
    "80,000 attributes": _HEAD % b"attr"
    + b"Content-Type: text/html\r\n\r\n<p "
    + b"".join(b"a%d=b " % n for n in range(80_000))
    + b">x",
    "broken base64": _HEAD % b"b64" + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=A=B=C" * 100_000,
}
