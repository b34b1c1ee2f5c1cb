"""Live changes whose files were damaged under a server or between two of them: refused by name, and served
again from a backup.

The folder is that of a server that was killed, so that its changes are in the -wal and not yet folded in.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import product_pb2
from engine.backends.change_log import ChangeLog
from engine.backends.change_log_schema import DATABASE, MARK
from engine.backends.product_log import ProductLog
from engine.backup.check import check_data
from engine.errors import DamagedChangeLogError
from engine.generation import DataFolder
from engine.written_changes import WrittenChange
from tests.integration.commands import typed
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.small_shop import active_generation, link_generation
from tests.tiny_data import HARM, commit, scramble

WAL = f"{DATABASE}-wal"
FILES = (DATABASE, WAL, MARK)
CHANGES = 12


@dataclass(frozen=True)
class Shop:
    """A data folder as a killed server left it, and a backup that was taken while that served."""

    data: Path
    backup: Path


def upsert(server: RealServer, number: int) -> None:
    product = product_pb2.Product(id=f"NEW-{number}", title=f"Zanzibar teapot number {number}")
    request = catalog.UpsertProductsRequest(upserts=[catalog.ProductUpsert(product=product)])
    assert server.catalog.UpsertProducts(request, timeout=WAIT).outcomes[0].sequence == number


def title(server: RealServer, number: int) -> str:
    request = catalog.GetProductRequest(product_id=f"NEW-{number}")
    return str(server.catalog.GetProduct(request, timeout=WAIT).product.title)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    data, backup = folder / "data", folder / "backup"
    DataFolder(data).activate(link_generation(active_generation(small_data), data).id)
    with real_server(data, folder) as server:
        for number in range(1, CHANGES):
            upsert(server, number)
        done = typed("engine", "backup", "--data", str(data), "--to", str(backup))
        assert done.code == 0, done.err
        assert f"live changes up to {CHANGES - 1} " in done.out
        upsert(server, CHANGES)
        server.process.kill()
        server.process.wait(WAIT)
    return Shop(data, backup)


@pytest.fixture
def data(shop: Shop, tmp_path: Path) -> Path:
    """A copy to be damaged; the generation is linked."""
    DataFolder(tmp_path / "data").activate(
        link_generation(active_generation(shop.data), tmp_path / "data").id
    )
    shutil.copytree(shop.data / "live", tmp_path / "data" / "live")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another shop's live changes, as another killed server left them."""
    folder = tmp_path_factory.mktemp("other")
    with closing(ChangeLog.open(folder / "open")) as log:
        for number in range(9):
            commit(log, number)
        shutil.copytree(folder / "open", folder / "live")
    return folder / "live"


def replayed(data: Path) -> list[WrittenChange] | DamagedChangeLogError:
    """What a server lays over its generation when it starts."""
    try:
        return list(ProductLog(data / "live").latest(0))
    except DamagedChangeLogError as error:
        return error


def refused(data: Path) -> str:
    """The sentence with which a server that is started on it ends."""
    ended = typed("engine", "serve", "--data", str(data), "--port", "0", "--no-metrics", "--threads", "2")
    assert (ended.code, ended.out) == (1, "")
    assert "Traceback" not in ended.err
    return ended.err.splitlines()[-1]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", [*HARM.values(), scramble], ids=[*HARM, "scrambled"])
def test_a_damaged_file_is_named_or_everything_is_there(
    data: Path, name: str, harm: Callable[[Path], None]
) -> None:
    """Harmless is what SQLite does not use, and one slot of the mark, for which the other stands in."""
    harm(data / "live" / name)

    found = replayed(data)
    problems = [problem for verdict in check_data(data) for problem in verdict.problems]

    if isinstance(found, DamagedChangeLogError):
        assert found.path.name in FILES
        assert len(problems) == 1
        assert problems[0].startswith(str(data / "live"))
    else:
        assert harm not in (scramble, Path.unlink, HARM["emptied"])
        assert [change.sequence for change in found] == list(range(1, CHANGES + 1))


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_shop_is_named(data: Path, other: Path, name: str) -> None:
    shutil.copy(other / name, data / "live" / name)

    found = replayed(data)

    assert isinstance(found, DamagedChangeLogError) or (
        # the -wal alone holds all that was ever written
        name == DATABASE and len(found) == CHANGES
    )


@pytest.mark.parametrize(("name", "harm"), [(WAL, Path.unlink), (MARK, HARM["truncated"])])
def test_a_server_does_not_start_on_it_and_says_which_file(
    data: Path, name: str, harm: Callable[[Path], None]
) -> None:
    harm(data / "live" / name)

    sentence = refused(data)

    assert sentence.startswith(f"python -m engine serve: {data / 'live'}/changes.")
    assert sentence.endswith(". Restore the change log from a backup.")


def test_damage_under_a_running_server_is_found_by_the_next_and_mended_by_a_restore(
    shop: Shop, data: Path, tmp_path: Path
) -> None:
    with real_server(data, tmp_path) as first:
        scramble(data / "live" / DATABASE)
        scramble(data / "live" / WAL)
        assert title(first, CHANGES) == f"Zanzibar teapot number {CHANGES}"  # it has read all it needs
        first.process.kill()
        first.process.wait(WAIT)
    assert refused(data).startswith(f"python -m engine serve: {data / 'live' / DATABASE} ")

    done = typed("engine", "restore", "--from", str(shop.backup), "--data", str(data), "--replace")

    assert done.code == 0, done.err
    found = replayed(data)
    assert not isinstance(found, DamagedChangeLogError)
    assert [change.sequence for change in found] == list(range(1, CHANGES))
    assert not any(verdict.problems for verdict in check_data(data))
