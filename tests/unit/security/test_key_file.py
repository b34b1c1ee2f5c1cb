"""The keys file on disk."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError
from engine.security.key_file import KeyRecord, change_keys, read_keys
from engine.security.scopes import Scope
from engine.security.secret import NewKey, digest_of


def record(name: str) -> KeyRecord:
    made = NewKey.make()
    return KeyRecord(
        id=made.id,
        name=name,
        sha256=digest_of(made.text).hex(),
        scopes=frozenset({Scope.SEARCH, Scope.ADMIN}),
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def add(path: Path, *records: KeyRecord) -> None:
    change_keys(path, lambda before: (*before, *records))


def test_what_was_written_is_read_again(path: Path) -> None:
    one, two = record("one"), record("two")

    add(path, one)
    add(path, two)

    assert read_keys(path) == (one, two)


def test_only_the_owner_may_read_it_whatever_it_was_before(path: Path) -> None:
    add(path, record("one"))
    path.chmod(0o644)
    add(path, record("two"))

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_anybody_may_write_to_is_refused(path: Path) -> None:
    add(path, record("one"))
    path.chmod(0o666)

    with pytest.raises(ConfigError, match=r"Anybody may write to the keys file .*keys\.json"):
        read_keys(path)


def test_of_writers_at_the_same_time_none_undoes_another(path: Path) -> None:
    names = [f"key-{number}" for number in range(20)]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: add(path, record(name)), names))

    assert sorted(each.name for each in read_keys(path)) == sorted(names)


def test_a_change_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    add(path, record("one"))
    before = path.read_bytes()

    def fail(_records: tuple[KeyRecord, ...]) -> tuple[KeyRecord, ...]:
        raise ConfigError("There is one already.")

    with pytest.raises(ConfigError, match="one already"):
        change_keys(path, fail)
    assert path.read_bytes() == before


def test_a_missing_file_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keys\.json cannot be read: No such file.*key create"):
        read_keys(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scopes", ["everything"]),
        ("scopes", []),
        ("sha256", "short"),
        ("id", "0123"),
        ("name", "two words"),
        ("expires", "tomorrow"),
        ("expires", "2026-01-01T00:00:00"),
        ("calls_per_second", -1),
        ("unknown", 1),
    ],
)
def test_a_damaged_entry_is_named_and_not_quoted(path: Path, field: str, value: Any) -> None:
    entry = {**record("one").model_dump(mode="json"), field: value}
    path.write_text(json.dumps({"keys": [entry]}))

    with pytest.raises(ConfigError, match=rf"damaged at keys\.0\.{field}") as raised:
        read_keys(path)
    assert entry["sha256"] not in raised.value.message or field == "sha256"


@pytest.mark.parametrize("content", ["", "[]", "{}", "keys = 1", '{"keys": ', "\0"])
def test_what_is_no_keys_file_is_refused(path: Path, content: str) -> None:
    path.write_text(content)

    with pytest.raises(ConfigError, match=r"keys\.json is damaged"):
        read_keys(path)


@pytest.mark.parametrize("field", ["id", "name"])
def test_two_keys_with_the_same_id_or_name_are_refused(path: Path, field: str) -> None:
    one, two = record("one"), record("two")
    same = two.model_copy(update={field: getattr(one, field)})
    path.write_text(json.dumps({"keys": [each.model_dump(mode="json") for each in (one, same)]}))

    with pytest.raises(ConfigError, match=f"two keys of the same {field}"):
        read_keys(path)
