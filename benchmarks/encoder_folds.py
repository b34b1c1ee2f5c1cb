"""What judgements add to an encoder, measured on queries that it was not trained with.

In each fold an encoder learns from the judgements of the other folds' queries and from queries composed of
the catalogue and its graph, none of which asks what a query of the fold asks. Beside it: the base model, and
one encoder trained from the catalogue and the graph alone. Figures are of embeddings alone, exact, in int8 as
served, with paired tests against the base model. Written to benchmarks/results/ as JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.dimensions import ranked
from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from benchmarks.rerank_runs import folds_of, only
from engine.backends.onnx_encoder import OnnxEncoder
from engine.product_texts import embedding_text
from index_builder.compare import compare
from index_builder.evaluate import METRICS, Evaluation, Run, measure
from index_builder.judgements import Judgements
from index_builder.progress import ConsoleProgress
from index_builder.quality import load_catalogue
from index_builder.train.encoder.dual_encoder import train_dual_encoder
from index_builder.train.encoder.encoder_job import CatalogueMiner, EncoderJob, plan_of
from index_builder.train.export import export_encoder
from index_builder.train.lessons import Lessons
from index_builder.train.queries.composed import ComposedSource
from index_builder.train.queries.judged import judged_source
from index_builder.train.queries.pairs import collect
from index_builder.train.queries.shop_words import ShopWords
from index_builder.train.settings import TrainEncoderSettings
from index_builder.train.shop import TrainingShop, open_shop

UNTUNED, CATALOGUE, JUDGED = "untuned", "catalogue and graph", "with judgements, in folds"


@dataclass(frozen=True, slots=True)
class School:
    """One shop, in which encoders learn."""

    settings: TrainEncoderSettings
    job: EncoderJob
    shop: TrainingShop

    def train(self, name: str, judged: Judgements | None, forbidden: Judgements) -> Path:
        """From the judgements, if any, and the graph, without what `forbidden` asks. Gives the folder."""
        texts = list(forbidden.queries.values())
        products = self.shop.products
        composed = ComposedSource(products, self.shop.composed, self.shop.tables, forbidden=texts)
        sources = [] if judged is None else [judged_source(judged, self.shop.row_of)]
        sources.append(composed.draw(self.job.draws, seed=self.settings.seed))
        words = ShopWords.of(products, self.shop.tables)
        training = collect(sources, forbidden=texts, seed=self.settings.seed, words=words)
        lessons = Lessons(self.shop, training)
        data = self.job.data(lessons)
        out = self.settings.out / name
        train_dual_encoder(
            data,
            base=self.job.base,
            base_model=self.settings.base_model,
            out=out,
            negatives=CatalogueMiner.of(lessons, data, self.settings.seed),
            plan=plan_of(self.settings),
        )
        return out

    def search(self, folder: Path, judgements: Judgements) -> Run:
        """Every judged query's products, by the cosine of their int8 embeddings alone."""
        encoder = OnnxEncoder.open(folder, threads=2)
        texts = [embedding_text(product) for product in self.shop.products]
        scores = encoder.encode_queries(list(judgements.queries.values())) @ encoder.encode_products(texts).T
        return ranked(scores, [str(product.id) for product in self.shop.products], judgements)


def main() -> None:
    given = _parse()
    judgements = Judgements.read(given.queries, given.qrels)
    progress = ConsoleProgress(Console(stderr=True, highlight=False))
    with TemporaryDirectory(prefix="cartograph-folds-") as scratch:
        settings = TrainEncoderSettings(
            catalog=tuple(given.catalog), graph=given.graph, pairs=given.pairs, out=Path(scratch)
        )
        products = load_catalogue(settings.catalog).products
        shop = open_shop(products, settings.out / "work", progress, data=given.graph)
        school = School(settings, EncoderJob(settings), shop)
        runs = _runs(school, judgements, given.folds, progress)
    measured = {name: measure(run, judgements) for name, run in runs.items()}
    content = {
        "queries": len(judgements.queries),
        "folds": given.folds,
        "pairs": given.pairs,
        "figures": {name: dict(each.means) for name, each in measured.items()},
        "against untuned": {
            name: compare(measured[UNTUNED], measured[name]).to_json() for name in (CATALOGUE, JUDGED)
        },
        "machine": machine(),
    }
    keep_result("encoder-folds", given.name, content)
    show_result(content, _table(measured), as_json=given.json)


def _runs(school: School, judgements: Judgements, folds: int, progress: ConsoleProgress) -> dict[str, Run]:
    untuned = school.settings.out / "untuned"
    export_encoder(school.job.base, untuned, base_model=school.settings.base_model)
    runs = {UNTUNED: school.search(untuned, judgements)}
    with progress.step(CATALOGUE):
        runs[CATALOGUE] = school.search(school.train("catalogue", None, judgements), judgements)
    in_folds: dict[str, Mapping[str, float]] = {}
    for number, fold in enumerate(folds_of(sorted(judgements.queries), folds, school.settings.seed)):
        with progress.step(f"fold {number + 1} of {folds}"):
            asked = only(judgements, fold)
            others = only(judgements, sorted(set(judgements.queries) - set(fold)))
            in_folds.update(school.search(school.train(str(number), others, asked), asked))
    return {**runs, JUDGED: in_folds}


def _table(measured: Mapping[str, Evaluation]) -> Table:
    shown = Table("learned from", *METRICS, title="embeddings alone, exact search; p against untuned")
    for name, each in measured.items():
        against = compare(measured[UNTUNED], each).metrics
        cells = [
            f"{each.means[metric]:.4f}" + ("" if name == UNTUNED else f" (p {against[metric].p:.3f})")
            for metric in METRICS
        ]
        shown.add_row(name, *cells)
    return shown


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.encoder_folds", description=__doc__)
    parser.add_argument("--catalog", type=Path, nargs="+", required=True, help="catalogue files")
    parser.add_argument("--graph", type=Path, help="data folder of a build from the same catalogue")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--qrels", type=Path, required=True, help="TSV of query_id, product_id, rating")
    parser.add_argument("--folds", type=int, default=5, help="by query (default 5)")
    parser.add_argument("--pairs", type=int, default=3_200, help="queries learned from (default 3200)")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
