"""Exim on loopback, with a configuration and folder of its own: a relay that knows some people."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.flows.product import await_that, free_ports, open_folder

PEOPLE, COMPANY = "people.example", "company.example"

_CONFIGURATION = """
primary_hostname = relay.{people}
spool_directory = {home}/spool
log_file_path = {home}/log/%s.log
pid_file_path = {home}/exim.pid
exim_user = {user}
exim_group = {group}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
keep_environment =
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
ignore_bounce_errors_after = 0s
acl_smtp_rcpt = take_all

begin acl
take_all:
  accept

begin routers
staff:
  driver = redirect
  domains = {company}
  local_parts = mira
  data = :blackhole:
helpdesk:
  driver = manualroute
  domains = {company}
  route_list = * 127.0.0.1
  transport = helpdesk
  self = send
known:
  driver = redirect
  domains = {people}
  local_parts = {known}
  data = :blackhole:
unknown:
  driver = redirect
  domains = {people}
  allow_fail
  data = :fail: no such person here

begin transports
helpdesk:
  driver = smtp
  port = {helpdesk_port}
  hosts_avoid_tls = *

begin retry
* * F,1h,5s
"""


class NoExim(Exception):
    """It is not here and cannot be installed; the text says why."""


def program() -> str:
    """The path of Exim; installs Debian's package where that is possible. Raises `NoExim`."""
    for _try in ("there", "installed"):
        if found := shutil.which("exim4", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
            return found
        _install()
    raise NoExim("the package exim4-daemon-light could not be installed")


def _install() -> None:
    if os.geteuid() != 0:
        raise NoExim("exim4 is not installed, and installing it takes root")
    if not shutil.which("apt-get"):
        raise NoExim("exim4 is not installed, and there is no apt-get")
    # At run level 1 Debian's packages do not start the server that they install.
    surroundings = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", "exim4-daemon-light"]):
        subprocess.run(["apt-get", "-qq", *command], env=surroundings, capture_output=True, check=False)


class Exim:
    """`port` takes mail for everybody; what is for the company goes on to the helpdesk, the rest to people of
    whom only the `known` are there. For the others a report comes back to the sender."""

    def __init__(self, home: Path, helpdesk_port: int, known: str) -> None:
        self.home, self.program = home, program()
        (self.port,) = free_ports(1)
        me = pwd.getpwnam("Debian-exim") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        for name in ("spool", "log"):
            (home / name).mkdir()
            os.chown(home / name, me.pw_uid, me.pw_gid)
        text = _CONFIGURATION.format(
            home=home, user=me.pw_name, group=grp.getgrgid(me.pw_gid).gr_name, port=self.port,
            helpdesk_port=helpdesk_port, people=PEOPLE, company=COMPANY, known=known,
        )  # fmt: skip
        (home / "exim.conf").write_text(text)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """In the foreground, looking into its queue every five seconds."""
        self.output = (self.home / "output").open("wb")
        self.process = subprocess.Popen(
            [self.program, "-C", str(self.home / "exim.conf"), "-bdf", "-q5s"],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        await_that(self._answers, 20, "Exim answers")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError((self.home / "output").read_text() + self.said())
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
            return line.recv(3) == b"220"
        return False

    def said(self) -> str:
        """Its logs."""
        logs = sorted((self.home / "log").glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')}" for log in logs)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.output.close()


@contextmanager
def exim(helpdesk_port: int, known: str) -> Iterator[Exim]:
    """Raises `NoExim`."""
    with open_folder() as home:
        server = Exim(home, helpdesk_port, known)
        try:
            server.start()
            yield server
        finally:
            server.stop()
