"""`python -m engine key`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.security.key_file import read_keys
from engine.security.keys import Keys
from engine.security.scopes import Scope

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def key(keys: Path, *arguments: str) -> int:
    return main(["key", *arguments, "--keys", str(keys)])


def test_create_prints_the_key_and_nothing_else(keys: Path, capsys: Output) -> None:
    assert key(keys, "create", "web-shop") == 0

    (text,) = capsys.readouterr().out.splitlines()
    caller = Keys.read(keys).caller_of(text)
    assert (caller.name, caller.scopes) == ("web-shop", frozenset({Scope.SEARCH}))


def test_a_key_gets_scopes_expiry_and_limits(keys: Path) -> None:
    flags = ["--scope", "search", "--scope", "write", "--expires-days", "30"]
    key(keys, "create", "feed", *flags, "--calls-per-second", "2.5", "--calls-per-day", "1000")

    (record,) = read_keys(keys)
    assert record.scopes == {Scope.SEARCH, Scope.WRITE}
    assert record.expires is not None
    assert timedelta(days=29) < record.expires - datetime.now(UTC) <= timedelta(days=30)
    assert (record.calls_per_second, record.calls_per_day) == (2.5, 1_000)


def test_a_key_is_for_all_collections_unless_some_are_named(keys: Path, capsys: Output) -> None:
    key(keys, "create", "operator")
    key(keys, "create", "tenant", "--collection", "garden", "--collection", "fashion")
    capsys.readouterr()

    operator, tenant = read_keys(keys)
    assert operator.collections is None
    assert tenant.collections == frozenset({"garden", "fashion"})
    key(keys, "list")
    _, first, second = (line.split() for line in capsys.readouterr().out.splitlines())
    assert (first[3], second[3:5]) == ("all", ["fashion", "garden"])


def test_a_collection_that_could_not_be_served_is_wrong_usage(keys: Path, capsys: Output) -> None:
    assert key(keys, "create", "tenant", "--collection", "Garden Shop") == 2

    assert (
        "--collection is 'Garden Shop': a collection's name is 1 to 63 lower-case" in capsys.readouterr().err
    )
    assert not keys.exists()


def test_list_shows_what_is_known_of_each_key(keys: Path, capsys: Output) -> None:
    key(keys, "create", "b", "--calls-per-day", "1000")
    key(keys, "create", "a", "--scope", "admin", "--scope", "search", "--expires-days", "1")
    capsys.readouterr()

    assert key(keys, "list") == 0

    heading, first, second = (line.split() for line in capsys.readouterr().out.splitlines())
    assert heading == ["name", "id", "scopes", "collections", "created", "expires", "calls/s", "calls/day"]
    assert (first[0], first[2:4], first[-2:]) == ("a", ["admin", "search"], ["any", "any"])
    assert (second[0], second[2], second[-3:]) == ("b", "search", ["never", "any", "1000"])


def test_revoke_takes_one_key_and_leaves_the_others(keys: Path) -> None:
    for name in ("one", "two"):
        key(keys, "create", name)

    assert key(keys, "revoke", "one") == 0

    assert [record.name for record in read_keys(keys)] == ["two"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create"], "wants a name"),
        (["create", "two words"], "1 to 64 letters"),
        (["create", "k", "--scope", "root"], "'root' is none"),
        (["create", "there"], "There is a key 'there' already"),
        (["revoke", "nobody"], "No key has the id 'nobody'"),
    ],
)
def test_mistakes_are_one_sentence_and_change_nothing(
    keys: Path, capsys: Output, arguments: list[str], says: str
) -> None:
    key(keys, "create", "there")
    before = keys.read_bytes()
    capsys.readouterr()

    assert key(keys, *arguments) == 1

    output = capsys.readouterr()
    assert output.out == ""
    (line,) = output.err.splitlines()
    assert says in line
    assert keys.read_bytes() == before


def test_listing_a_file_that_is_not_there_says_how_to_make_one(keys: Path, capsys: Output) -> None:
    assert key(keys, "list") == 1
    assert "key create" in capsys.readouterr().err
