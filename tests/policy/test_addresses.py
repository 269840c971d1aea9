"""Where the gateway never sends anything, in every spelling of an address."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.policy.addresses import complaint, host_complaint, is_local


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::"),
        *("fe80::1", "fe80::1%eth0", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"),
        *("168.63.129.16", "fd00:ec2::23", "fd00:42::42", "::169.254.169.254", "::ffff:0:169.254.169.254"),
        *("64:ff9b:1::a9fe:a9fe", "64:ff9b:1:ffff::a83f:8110", "::ffff:168.63.129.16"),
        *("0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "", "x", "::ffff:0.0.0.0"),
    ],
)
def test_nothing_is_ever_sent_there(address: str) -> None:
    assert complaint(address, local=True)
    assert complaint(address, local=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
def test_this_machine_must_be_meant(address: str) -> None:
    assert complaint(address, local=True) == ""
    assert complaint(address, local=False)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.1.1", "172.16.0.1", "fd12::1", "8.8.8.8", "2606:4700::1"]
)
def test_models_of_ones_own_are_reached(address: str) -> None:
    assert complaint(address, local=False) == ""


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://169.254.169.254/latest",
            "https://[fe80::1]/v1",
            "http://metadata.google.internal/v1",
            "http://metadata",
        ),
        *(
            "https://METADATA.google.internal./",
            "https://[::ffff:a9fe:a9fe]/",
            "http://0.0.0.0:80/",
            "http://[::1/",
        ),
    ],
)
def test_hosts_that_are_refused_as_they_are_written(url: str) -> None:
    assert host_complaint(url)


@pytest.mark.parametrize(
    "url", ["https://api.example.com/v1", "http://localhost:8000", "http://[::1]/v1", "", "x"]
)
def test_hosts_that_are_looked_up_later(url: str) -> None:
    assert host_complaint(url) == ""


@pytest.mark.parametrize(
    "url", ["http://2130706433/", "http://0x7f.1/", "http://localhost.example.com/", "http://[::1/"]
)
def test_only_what_says_so_is_local(url: str) -> None:
    assert not is_local(url)


@given(st.ip_addresses())
def test_link_local_is_refused_in_every_form(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert bool(complaint(str(ip), local=True)) >= ip.is_link_local
    if isinstance(ip, ipaddress.IPv4Address):
        for form in (f"::ffff:{ip}", str(ipaddress.IPv6Address((0x64FF9B << 96) + int(ip)))):
            assert bool(complaint(form, local=True)) == bool(complaint(str(ip), local=True))
