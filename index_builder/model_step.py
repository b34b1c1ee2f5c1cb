"""The part of a build that brings its models: trained ones are copied, others exported or trained here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.backends.encoder import DualEncoder, open_encoder
from engine.backends.graph_tables import GraphTables
from engine.backends.model_files import TORCH_FOLDER, ModelSpec
from engine.product_texts import embedding_text, rerank_text
from engine.types import Product
from index_builder.config import BuildSettings
from index_builder.graph.compose import ComposedQuery
from index_builder.judgements import Judgements
from index_builder.models import TrainedModels
from index_builder.progress import Progress
from index_builder.train.base_model import resolve_base_model
from index_builder.train.probe import chinese_accuracy
from index_builder.train.queries.composed import make_training_pairs
from index_builder.train.queries.wording import ForbiddenTexts
from index_builder.train.safe_weights import check_safetensors

CHECKED_PRODUCTS = 32
"""Of the shop's own, spread over its catalogue, that an export is checked with."""


@dataclass(slots=True)
class ModelStep:
    """Writes encoder/, reranker/ and fusion/ into `work`. `base` is the model that others start from; `about`
    gathers what the manifest shall tell, `warnings` what a person shall.
    """

    settings: BuildSettings
    trained: TrainedModels
    work: Path
    threads: int
    progress: Progress
    about: dict[str, dict[str, Any]]
    warnings: list[str] = field(default_factory=list)
    base: Path = field(init=False)

    def __post_init__(self) -> None:
        """Raises ConfigError for a base model that is needed and cannot be used."""
        given = self.trained.encoder
        if given is None or self.trained.reranker is None or self.settings.graph_models:
            self.base = resolve_base_model(self.settings.base_model)
            check_safetensors(self.base)
        else:
            self.base = given.folder / TORCH_FOLDER

    def encoder(self, products: Sequence[Product]) -> DualEncoder:
        """Raises ConfigError for a base model that int8 changes too much."""
        folder, given = self.work / "encoder", self.trained.encoder
        about: dict[str, Any] = {"trained": False} if given is None else given.about()
        if given is not None and self.settings.dimension in (None, given.spec.dimension):
            with self.progress.step("copy encoder"):
                given.copy(folder)
        else:
            with self.progress.step("export encoder"):
                about["parity"] = self._export(folder, products)
        spec = ModelSpec.read(folder)
        encoder = open_encoder(folder, device=self.settings.device, threads=self.threads)
        self.about["encoder"] = about | {
            "base_model": spec.base_model,
            "fingerprint": spec.fingerprint,
            "dimension": spec.dimension,
            "chinese_accuracy": round(chinese_accuracy(encoder), 4),
        }
        return encoder

    def _export(self, folder: Path, products: Sequence[Product]) -> dict[str, Any]:
        """The base model, or a trained one cut to another dimension; gives how true int8 is to it."""
        # torch takes seconds to import: a mistake in the settings or the catalogue is told before that.
        from index_builder.train.export import export_encoder

        texts = [embedding_text(product) for product in products[:: len(products) // CHECKED_PRODUCTS + 1]]
        dimension, given = self.settings.dimension, self.trained.encoder
        if given is None:
            name = self.settings.base_model
            exported = export_encoder(
                self.base, folder, base_model=name, dimension=dimension, check_texts=texts
            )
        else:
            exported = export_encoder(
                given.folder / TORCH_FOLDER,
                folder,
                base_model=given.spec.base_model,
                max_tokens=given.spec.max_tokens,
                query_prompt=given.spec.query_prompt,
                product_prompt=given.spec.product_prompt,
                dimension=dimension,
                check_texts=texts,
            )
            given.copy_papers(folder)
        kept, parity = exported.spec.dimension, exported.parity
        if kept < exported.full_dimension and (given is None or not given.can_be_cut(kept)):
            self.warnings.append(
                f"the encoder was not trained to be cut to {kept} of {exported.full_dimension} components, "
                f"which may cost much of the ranking: train it with --dimension {kept}, or compare both."
            )
        return {
            "texts": parity.texts,
            "mean_cosine": round(parity.mean_cosine, 4),
            "worst_cosine": round(parity.worst_cosine, 4),
        }

    def reranker(
        self, products: Sequence[Product], tables: GraphTables, composed: Sequence[ComposedQuery]
    ) -> None:
        """`composed` teaches, where no trained reranker was given."""
        folder, given = self.work / "reranker", self.trained.reranker
        if given is not None:
            with self.progress.step("copy reranker"):
                given.copy(folder)
            self.about["reranker"] = given.about()
            return
        from index_builder.train.reranker.cross_encoder import train_cross_encoder
        from index_builder.train.reranker.fitting import TrainingPlan

        limit, seed, name = self.settings.reranker_pairs, self.settings.seed, self.settings.base_model
        pairs = make_training_pairs(products, composed, tables, rerank_text, limit=limit, seed=seed)
        with self.progress.step("train reranker") as advance:
            report = train_cross_encoder(
                pairs,
                base=self.base,
                out=folder,
                base_model=name,
                plan=TrainingPlan(seed=seed),
                progress=advance,
            )
        fingerprint = ModelSpec.read(folder).fingerprint
        self.about["reranker"] = {
            **asdict(report),
            "base_model": name,
            "fingerprint": fingerprint,
            "trained": False,
        }

    def fusion(self) -> None:
        """After the encoder, whose cosines the weights were learned with: ConfigError for another's."""
        if self.trained.fusion is not None:
            from index_builder.train.fusion.store import add_fusion

            self.about["fusion"] = add_fusion(self.trained.fusion, self.work)


def lessons_from(composed: Sequence[ComposedQuery], judgements: Judgements | None) -> list[ComposedQuery]:
    """Queries that may teach: none asks what is asked in the evaluation, in whatever spelling."""
    forbidden = ForbiddenTexts(() if judgements is None else judgements.queries.values())
    return [query for query in composed if query.text not in forbidden]
