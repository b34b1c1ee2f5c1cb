"""The engines of a server with several collections."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.commands.opening import open_engines
from engine.config import ServeSettings
from engine.errors import ConfigError, DamagedGenerationError, EngineError
from engine.watch import Watch
from tests.rpc.fake_engine import FakeEngine

GARDEN, FASHION = Path("data/garden"), Path("data/fashion")
SEVERAL = ServeSettings(collections=(("garden", GARDEN), ("fashion", FASHION)))


def nobody(_collection: str) -> Watch:
    return Watch()


def test_each_collection_has_an_engine_over_its_own_folder_that_is_watched_by_its_name() -> None:
    opened: list[tuple[Path, Watch]] = []
    watches: dict[str, Watch] = {}

    def open_engine(folder: Path, _settings: ServeSettings, watch: Watch) -> FakeEngine:
        opened.append((folder, watch))
        return FakeEngine()

    def watch(collection: str) -> Watch:
        return watches.setdefault(collection, Watch(on_move=lambda: None))

    engines = open_engines(SEVERAL, open_engine, watch)

    assert list(engines) == ["garden", "fashion"]
    assert engines["garden"] is not engines["fashion"]
    assert opened == [(GARDEN, watches["garden"]), (FASHION, watches["fashion"])]


def test_one_that_cannot_be_opened_is_named_and_the_others_are_closed() -> None:
    garden = FakeEngine()

    def open_engine(folder: Path, _settings: ServeSettings, _watch: Watch) -> FakeEngine:
        if folder == FASHION:
            raise DamagedGenerationError(folder / "g-1" / "index.faiss", "is cut short")
        return garden

    with pytest.raises(ConfigError) as raised:
        open_engines(SEVERAL, open_engine, nobody)

    assert raised.value.message.startswith(
        "The collection 'fashion' cannot be opened: data/fashion/g-1/index.faiss is cut short."
    )
    assert garden.closed.is_set()


def test_the_error_of_a_catalogue_without_a_name_stays_as_it_is() -> None:
    error = DamagedGenerationError(Path("index.faiss"), "is cut short")

    def open_engine(_folder: Path, _settings: ServeSettings, _watch: Watch) -> FakeEngine:
        raise error

    with pytest.raises(EngineError) as raised:
        open_engines(ServeSettings(data=GARDEN), open_engine, nobody)

    assert raised.value is error
