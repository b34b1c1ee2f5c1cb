"""Whether an encoder reads Chinese, found out by asking it."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np

from engine.backends.encoder import DualEncoder


def chinese_accuracy(encoder: DualEncoder) -> float:
    """Share of the shipped meanings whose Chinese word lies closest to its own English word, 0 to 1.

    About a hundred everyday words of shops (colours, materials, kinds of products). A model of English alone
    does no better than chance.
    """
    english, chinese = shipped_pairs()
    similarities = encoder.encode_queries(chinese) @ encoder.encode_queries(english).T
    return float(np.mean(similarities.argmax(axis=1) == np.arange(len(english))))


def shipped_pairs() -> tuple[list[str], list[str]]:
    """English words and, in the same order, their Chinese ones; each meaning once."""
    text = files("index_builder.graph").joinpath("synonyms.tsv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines(), delimiter="\t") if row["chinese"]]
    return [row["preferred"] for row in rows], [row["chinese"].split(",")[0] for row in rows]
