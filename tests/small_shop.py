"""A shop of thirty products out of the sample: quick to build, and different enough to be told apart."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import index_builder
from engine.generation import MANIFEST, DataFolder, Generation
from index_builder.config import BuildSettings

SAMPLE = Path(index_builder.__file__).parent / "sample"
PRODUCTS = 30
BAD_LINE = 4
"""The catalogue's only line that is no JSON; counts from 1."""


@dataclass(frozen=True, slots=True)
class SmallShop:
    """Files of a shop: the first products of the sample, one line that is broken, what was judged of them."""

    catalog: Path
    queries: Path
    qrels: Path
    product_ids: frozenset[str]

    @classmethod
    def of(cls, folder: Path) -> SmallShop:
        """That was written there."""
        lines = (SAMPLE / "products.jsonl").read_text(encoding="utf-8").splitlines()[:PRODUCTS]
        product_ids = frozenset(str(json.loads(line)["id"]) for line in lines)
        return cls(folder / "products.jsonl", folder / "queries.tsv", folder / "qrels.tsv", product_ids)

    @classmethod
    def write(cls, folder: Path) -> SmallShop:
        lines = (SAMPLE / "products.jsonl").read_text(encoding="utf-8").splitlines()[:PRODUCTS]
        shop = cls.of(folder)
        lines.insert(BAD_LINE - 1, '{"id": "OFF-9999", "title": "Torn')
        shop.catalog.write_text("\n".join(lines) + "\n", encoding="utf-8")
        shutil.copy(SAMPLE / "queries.tsv", shop.queries)
        head, *judged = (SAMPLE / "qrels.tsv").read_text(encoding="utf-8").splitlines()
        kept = [row for row in judged if row.split("\t")[1] in shop.product_ids]
        shop.qrels.write_text("\n".join([head, *kept]) + "\n", encoding="utf-8")
        return shop

    def settings(self, out: Path) -> BuildSettings:
        return BuildSettings(
            catalog=(self.catalog,),
            judged_queries=self.queries,
            qrels=self.qrels,
            out=out,
            reranker_pairs=100,
            threads=2,
        )

    def flags(self, out: Path) -> list[str]:
        """The same settings as a user types them."""
        return [
            *("--catalog", str(self.catalog), "--out", str(out)),
            *("--judged-queries", str(self.queries), "--qrels", str(self.qrels)),
            *("--reranker-pairs", "100", "--threads", "2"),
        ]


def link_generation(generation: Generation, data: Path, *, name: str = "") -> Generation:
    """The same files below another data folder, under another name if asked for.

    They are hard links: remove or replace a file, never write into one. Nothing is activated.
    """
    name = name or generation.id
    folder = DataFolder(data).generations_folder / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(generation.folder, folder, copy_function=os.link)
    manifest = replace(generation.manifest, id=name)
    rewrite(folder / MANIFEST, manifest.to_json().encode())
    return Generation(folder, manifest)


def rewrite(path: Path, content: bytes) -> None:
    """A file of its own in the place of one that may be a hard link."""
    path.unlink()
    path.write_bytes(content)


def damage(path: Path) -> None:
    """One bit flips; the size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    rewrite(path, bytes(content))


def active_generation(data: Path) -> Generation:
    return DataFolder.open(data).open_active(verify=False)
