"""Which machines an entry in set-up may make us connect to."""

import pytest

from helpdesk import targets

PORTS = (143, 993)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "0.0.0.0", "10.2.3.4", "192.168.0.1",
     "172.16.0.1", "100.64.0.1", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
     "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"],
)  # fmt: skip
def test_what_is_not_public_is_refused_however_it_is_written(settings, host):
    settings.PRIVATE_TARGETS = []
    with pytest.raises(targets.Refused):
        targets.judge(host, 993, ports=PORTS)


@pytest.mark.parametrize("host", ["http://x.example/", "x.example:993", "a b", "", "x\r\ny", "-x", "user@x"])
def test_what_is_no_name_of_a_machine_is_refused(host):
    with pytest.raises(targets.Refused):
        targets.judge(host, 993, ports=PORTS)


def test_public_machines_are_allowed_on_the_ports_of_the_protocol_alone(settings):
    settings.PRIVATE_TARGETS = []
    assert [str(one) for one in targets.judge("8.8.8.8", 993, ports=PORTS)] == ["8.8.8.8"]
    for port in (22, 25, 6379):
        with pytest.raises(targets.Refused):
            targets.judge("8.8.8.8", port, ports=PORTS)
    with pytest.raises(targets.Refused):
        targets.judge("8.8.8.8", 993, ports=PORTS, only_own=True)


def test_machines_of_ours_are_allowed_by_name_address_or_network_on_any_port(settings):
    for listed in ("LOCALHOST", "127.0.0.0/8,::1"):
        settings.PRIVATE_TARGETS = listed.split(",")
        assert targets.judge("localhost", 14300, ports=PORTS, only_own=True)
    with pytest.raises(targets.Refused):
        targets.judge("10.0.0.1", 993, ports=PORTS)


def test_a_name_of_which_one_address_is_not_public_is_refused(settings, monkeypatch):
    settings.PRIVATE_TARGETS = []
    answers = [(2, 1, 6, "", ("8.8.8.8", 993)), (2, 1, 6, "", ("10.0.0.1", 993))]
    monkeypatch.setattr(targets.socket, "getaddrinfo", lambda *args, **kwargs: answers)
    with pytest.raises(targets.Refused):
        targets.judge("mail.example.com", 993, ports=PORTS)
