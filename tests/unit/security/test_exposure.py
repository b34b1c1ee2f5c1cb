"""Where a server may listen without asking who calls."""

import pytest

from engine.errors import ConfigError
from engine.security.exposure import check_exposure, is_loopback

EVERYWHERE = "0.0.0.0"  # noqa: S104 (nothing is bound here)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost"])
def test_addresses_of_this_machine_alone_are_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", [EVERYWHERE, "", "10.0.0.7", "192.0.2.1", "no-such-host.invalid"])
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)


def test_the_network_needs_authentication_or_as_many_words() -> None:
    with pytest.raises(ConfigError, match=r"answer anybody who reaches 0\.0\.0\.0.*--network-without-auth"):
        check_exposure(EVERYWHERE, authenticated=False, allowed=False)

    check_exposure(EVERYWHERE, authenticated=True, allowed=False)
    check_exposure(EVERYWHERE, authenticated=False, allowed=True)
    check_exposure("127.0.0.1", authenticated=False, allowed=False)
