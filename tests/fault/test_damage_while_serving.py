"""Files that are damaged or vanish under a running server, which must go on answering."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import search_service_pb2 as search
from engine.generation import MANIFEST, DataFolder, Generation
from tests.integration.real_server import WAIT, RealServer, real_server
from tests.rpc.running import Refusal
from tests.small_shop import active_generation, damage, link_generation, rewrite

SERVING, OTHER = "g-serving", "g-other"


@dataclass(frozen=True)
class Serving:
    server: RealServer
    data: Path

    def titles(self) -> list[str]:
        request = search.SearchProductsRequest(query="black ink for printnova 2540", explain=True)
        answer = self.server.search.SearchProducts(request, timeout=WAIT)
        return [result.product.title for result in answer.results]

    def active(self) -> str:
        answer = self.server.generations.GetServingStatus(generation.GetServingStatusRequest(), timeout=WAIT)
        return str(answer.generation.id)

    def activate(self, generation_id: str) -> None:
        self.server.generations.ActivateGeneration(
            generation.ActivateGenerationRequest(generation_id=generation_id), timeout=WAIT
        )


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Iterator[Serving]:
    data = tmp_path_factory.mktemp("fault") / "data"
    link_generation(active_generation(small_data), data, name=SERVING)
    DataFolder(data).activate(SERVING)
    with real_server(data, data.parent) as server:
        yield Serving(server, data)


@pytest.fixture
def other(serving: Serving, small_data: Path) -> Iterator[Generation]:
    """Another generation, to be damaged."""
    linked = link_generation(active_generation(small_data), serving.data, name=OTHER)
    yield linked
    shutil.rmtree(linked.folder)


def refused_activation(serving: Serving, generation_id: str) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        serving.activate(generation_id)
    return Refusal.of(raised.value)


@pytest.mark.parametrize("file", ["vectors/index.faiss", "reranker/model.onnx", MANIFEST])
def test_activating_a_damaged_generation_leaves_the_old_one_serving(
    serving: Serving, other: Generation, file: str
) -> None:
    before = serving.titles()
    if file == MANIFEST:
        rewrite(other.folder / file, b'{"format_version": 1, "id":')
    else:
        damage(other.folder / file)

    refusal = refused_activation(serving, other.manifest.id)

    assert (refusal.code, refusal.info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "DAMAGED_GENERATION")
    assert refusal.info.metadata["file"] == str(other.folder / file)
    assert serving.active() == SERVING
    assert serving.titles() == before
    pointer = DataFolder(serving.data).pointer()
    assert pointer is not None
    assert pointer.active == SERVING


def test_a_part_that_is_missing_is_named_and_the_old_one_serves_on(
    serving: Serving, other: Generation
) -> None:
    (missing := other.folder / "graph" / "entities.arrow").unlink()

    refusal = refused_activation(serving, other.manifest.id)

    assert refusal.message.startswith(f"{missing} is missing.")
    assert serving.active() == SERVING


def test_a_damaged_generation_does_not_hide_the_others_from_the_list(
    serving: Serving, other: Generation
) -> None:
    rewrite(other.folder / MANIFEST, b"torn")

    listed = serving.server.generations.ListGenerations(generation.ListGenerationsRequest(), timeout=WAIT)

    assert SERVING in {one.id for one in listed.generations}
    assert other.manifest.id not in {one.id for one in listed.generations}


def test_a_server_whose_files_vanish_goes_on_answering(serving: Serving) -> None:
    """It has opened all that it needs; the next start notices. The last test here, for it destroys."""
    before = serving.titles()
    folder = DataFolder(serving.data).generations_folder / SERVING
    for name in ("vectors/index.faiss", "catalog/products.jsonl", "lexical", "graph", "encoder", "reranker"):
        path = folder / name
        files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        for file in files:
            file.unlink()

    assert serving.titles() == before
    product = serving.server.catalog.GetProduct(
        catalog.GetProductRequest(product_id="OFF-0004"), timeout=WAIT
    ).product
    assert product.title == "PN-25 Black Ink Cartridge"
    assert serving.active() == SERVING
