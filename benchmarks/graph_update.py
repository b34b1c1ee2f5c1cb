"""What an update of the graph costs when one product in a hundred changed, beside building it anew.

Of the changed products a tenth is gone, a tenth is new, the rest have another title and value. The graph step
is the one that a build runs, with its vectors, ontologies and tagger (`graph`): `first` finds an empty cache
of embeddings, `anew` builds the changed catalogue with the cache that the first left and trains a tagger of
its own, `update` starts from the first graph and its tagger. Making vectors of products is no part of it.
`steps` are seconds on the wall. `store` is the writing of the update's store alone: loaded anew, or as a
revision of the one before. `touched` statements were added or removed; `shared` is how much of the new
store's bytes are hard links to the old one's files. The revised store must say what the new one says, or
there is no result.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pyoxigraph

from benchmarks.machine import machine
from engine.backends.encoder import DualEncoder, open_encoder
from engine.backends.knowledge_graph import STORE
from engine.product_texts import embedding_text
from engine.types import Product, ProductId
from index_builder.config import BuildSettings
from index_builder.embed import embed_products
from index_builder.graph.load import QUADS, GraphReport
from index_builder.graph.revise import Previous, Revision, write_store
from index_builder.graph.upkeep.history import RUN
from index_builder.graph_step import GraphStep
from index_builder.intake import take_in
from index_builder.knowledge import Knowledge, read_knowledge
from index_builder.progress import SilentProgress
from index_builder.train.base_model import resolve_base_model

SHARE = 0.01


def changed(products: Sequence[Product], share: float, seed: int) -> list[Product]:
    """The catalogue a day later; `share` in (0, 1] of its products is not what it was."""
    generator = np.random.default_rng(seed)
    places = generator.permutation(len(products))[: max(1, round(share * len(products)))].tolist()
    tenth = max(1, len(places) // 10)
    gone, copied = set(places[:tenth]), places[tenth : 2 * tenth]
    edited = set(places[2 * tenth :])
    after = [
        _edited(product) if row in edited else product
        for row, product in enumerate(products)
        if row not in gone
    ]
    return after + [
        replace(products[row], id=ProductId(f"{products[row].id}-new"), title=f"{products[row].title} II")
        for row in copied
    ]


def _edited(product: Product) -> Product:
    attributes = {**product.attributes, "color": "Blue", "edition": "Renewed"}
    return replace(product, title=f"{product.title} Renewed", attributes=attributes)


def timed(call: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    started, busy = perf_counter(), process_time()
    result = call()
    return result, {
        "seconds": round(perf_counter() - started, 2),
        "processor_seconds": round(process_time() - busy, 2),
    }


@dataclass(frozen=True, slots=True)
class Steps:
    """Runs the graph step of a build in folders of its own."""

    settings: BuildSettings
    knowledge: Knowledge
    encoder: DualEncoder
    folder: Path

    @classmethod
    def prepare(cls, settings: BuildSettings, folder: Path) -> Steps:
        """Exports the encoder that a build would use."""
        from index_builder.train.export import export_encoder

        base = resolve_base_model(settings.base_model)
        export_encoder(base, folder / "encoder", base_model=settings.base_model)
        encoder = open_encoder(folder / "encoder", device="cpu", threads=os.cpu_count() or 1)
        return cls(settings, read_knowledge(settings), encoder, folder)

    def run(
        self, name: str, products: Sequence[Product], previous: Previous | None = None
    ) -> tuple[GraphReport, dict[str, Any]]:
        """Into the folder `name`; what it reported, and what it cost."""
        cache, progress = self.folder / "cache", SilentProgress()
        vectors = embed_products([embedding_text(each) for each in products], self.encoder, cache=cache)
        base, threads = resolve_base_model(self.settings.base_model), os.cpu_count() or 1
        step = GraphStep(self.settings, self.folder / name, base, cache, threads, progress)
        knowledge = replace(self.knowledge, previous=previous)
        found, cost = timed(lambda: step.build(products, vectors, self.encoder, knowledge))
        steps = {step: round(seconds, 2) for step, seconds in progress.seconds.items()}
        return found, {**cost, "steps": steps}

    def previous(self, name: str) -> Previous:
        return Previous(name, self.folder / name / QUADS, self.folder / name / STORE)


def report(products: Sequence[Product], share: float, seed: int, steps: Steps) -> dict[str, Any]:
    folder, later = steps.folder, changed(products, share, seed)
    _, first = steps.run("first", products)
    previous = steps.previous("first")
    updated, update = steps.run("update", later, previous)
    _, anew = steps.run("anew", later)
    lines = gzip.decompress((folder / "update" / QUADS).read_bytes()).decode().splitlines()
    _, loaded = timed(lambda: write_store(lines, folder / "loaded"))
    revision, revised = timed(lambda: write_store(lines, folder / "revised", previous))
    if not isinstance(revision, Revision) or updated.revision != revision:
        raise RuntimeError("the update was no revision")
    if _statements(folder / "revised") != _statements(folder / "loaded"):
        raise RuntimeError("the revised store does not say what a new one says")
    return {
        "machine": machine(),
        "products": len(products),
        "changed_products": max(1, round(share * len(products))),
        "ontologies": [path.name for path in steps.settings.ontology],
        "seed": seed,
        "statements": len(lines),
        "touched": {
            "added": revision.added,
            "removed": revision.removed,
            "kept": revision.kept,
            "share": round((revision.added + revision.removed) / len(lines), 4),
            "reloaded": revision.reloaded,
        },
        "graph": {"first": first, "anew": anew, "update": update},
        "store": {"anew": loaded, "update": revised},
        "shared_bytes": _shared(previous.store, folder / "revised"),
    }


def _statements(store: Path) -> set[str]:
    found = pyoxigraph.Store.read_only(str(store))
    return {str(quad) for quad in found if not str(quad.graph_name).startswith(f"<{RUN}")}


def _shared(old: Path, new: Path) -> dict[str, float]:
    known = {path.stat().st_ino for path in old.glob("*.sst")}
    files = [path.stat() for path in new.glob("*.sst")]
    shared = sum(file.st_size for file in files if file.st_ino in known)
    written = sum(file.st_size for file in files) - shared
    return {"shared": shared, "written": written, "share": round(shared / max(1, shared + written), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graph_update", description=__doc__)
    parser.add_argument("--catalog", type=Path, required=True, help="catalogue file, as for a build")
    parser.add_argument("--ontology", type=Path, action="append", default=[], help="as for a build")
    parser.add_argument("--share", type=float, default=SHARE, help=f"of products that change ({SHARE})")
    parser.add_argument("--seed", type=int, default=7, help="which products change (default 7)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = BuildSettings(
            catalog=(arguments.catalog,), ontology=tuple(arguments.ontology), out=folder / "data"
        )
        products = take_in(settings, folder, lambda *_: None).catalogue.products
        figures = report(products, arguments.share, arguments.seed, Steps.prepare(settings, folder))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
