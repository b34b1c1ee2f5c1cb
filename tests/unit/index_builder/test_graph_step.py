"""Which models the graph part of a build trains, on a made-up shop."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.backends.graph_vectors import ENTITIES
from index_builder.config import BuildSettings
from index_builder.graph_step import TAGGER, GraphStep
from index_builder.knowledge import Knowledge
from index_builder.progress import SilentProgress
from tests.unit.index_builder.graph.text.shop import shop
from tests.unit.index_builder.hashing_encoder import HashingEncoder
from tests.unit.index_builder.train.small_model import write_small_model

pytestmark = pytest.mark.usefixtures("one_torch_thread")

PRODUCTS = shop()


def build(folder: Path, *, graph_models: bool) -> GraphStep:
    write_small_model(folder, pooling="mean")
    settings = BuildSettings(catalog=(Path("shop.jsonl"),), out=folder, graph_models=graph_models)
    step = GraphStep(settings, folder / "graph", folder / "body", folder / "cache", 1, SilentProgress())
    encoder = HashingEncoder(folder / "log")
    vectors = encoder.encode_products([product.title for product in PRODUCTS])
    step.build(PRODUCTS, vectors, encoder, Knowledge((), None))
    return step


def test_a_build_trains_a_tagger_and_embeds_the_graph(tmp_path: Path) -> None:
    step = build(tmp_path, graph_models=True)

    assert (step.folder / TAGGER).is_dir()
    assert (step.folder / ENTITIES).is_file()
    assert step.about["tagger"]["titles"] > 0


def test_without_graph_models_the_graph_holds_what_fields_and_names_say(tmp_path: Path) -> None:
    step = build(tmp_path, graph_models=False)

    assert not (step.folder / TAGGER).exists()
    assert not (step.folder / ENTITIES).exists()
    assert "tagger" not in step.about
    assert step.about["graph"]["brand"] == 2  # Nordlys, Acme
