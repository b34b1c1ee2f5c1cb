"""The key that hides whose an id is."""

from __future__ import annotations

import hmac
import threading
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.security.shopper_key import ShopperKey


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "live" / "shopper.key"

    first = ShopperKey.open(path, make=True)

    assert path.stat().st_mode & 0o777 == 0o600
    assert ShopperKey.open(path, make=True) == ShopperKey.open(path, make=False) == first
    assert [each.name for each in path.parent.iterdir()] == ["shopper.key"]


def test_threads_that_make_one_at_the_same_time_get_the_same(tmp_path: Path) -> None:
    found: list[ShopperKey] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        found.append(ShopperKey.open(tmp_path / "key", make=True))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len({key.secret for key in found}) == 1


def test_a_key_that_is_lost_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no shopper key at .*key.* --shopper-key-file"):
        ShopperKey.open(tmp_path / "key", make=False)

    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    ShopperKey.open(tmp_path / "key", make=True)
    (tmp_path / "key").chmod(mode)

    with pytest.raises(ConfigError, match="chmod 600"):
        ShopperKey.open(tmp_path / "key", make=False)


@pytest.mark.parametrize("content", ["", "ab" * 31, "zz" * 32, "schlüssel"])
def test_what_is_no_key_is_refused_and_not_quoted(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    (tmp_path / "key").chmod(0o600)

    with pytest.raises(ConfigError) as raised:
        ShopperKey.open(tmp_path / "key", make=False)

    assert not content or content not in raised.value.message


def test_names_are_keyed_hashes_that_differ_by_kind_and_by_key() -> None:
    one, other = ShopperKey(b"1" * 32), ShopperKey(b"2" * 32)

    assert one.shopper("anna") == hmac.digest(b"1" * 32, b"shopper\0anna", "sha256")
    assert len(one.short("order", "7")) == 16
    assert len({one.short(kind, "7") for kind in ("order", "session", "search", "event")}) == 4
    assert one.shopper("anna") != other.shopper("anna")
    assert one.check != other.check
    assert one.shopper("") == one.short("order", "") == b""
    assert "1" * 8 not in repr(one)
