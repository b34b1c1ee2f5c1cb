"""Whether a model in int8 (ONNX, for CPUs) still says what it says in full precision (torch).

Checked whenever a model is exported: weights with a few huge values, as some base models have, do not survive
eight bits, and nothing else would tell before shoppers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.backends.device import CPU
from engine.backends.onnx_cross_encoder import OnnxCrossEncoder
from engine.backends.onnx_encoder import OnnxEncoder
from engine.backends.torch_cross_encoder import TorchCrossEncoder
from engine.backends.torch_encoder import TorchEncoder
from engine.errors import ConfigError
from engine.types import FloatArray

LEAST_MEAN, LEAST_WORST = 0.98, 0.95
"""Cosines. MiniLM, as published and fine-tuned, over 300 products and 82 queries: .996 on average, .989 at
worst; Chinese .992 and .987. Cut to 64 components: the same within .005.
"""
LEAST_ORDER = 0.95
"""Share of pairs of products, see `PairParity`. Three layers of MiniLM kept all, and moved none by .03."""
CLEAR = 0.05
"""Two products whose probabilities differ by less are as good as equal: their order says nothing."""

CHECK_QUERIES = (
    *(
        "ink",
        "black hp ink",
        "15 inch gaming laptop",
        "usb-c cable 2 m",
        "red dress",
        "waterproof hiking boots",
    ),
    *("cordless drill 18v", "coffee machine with grinder", "kids bike 20 inch", "kinderwagen", "cafetière"),
    *("黑色 墨盒", "无线鼠标", "红色连衣裙", "儿童自行车 20寸", "15.6 英寸 笔记本电脑"),
)
CHECK_PRODUCTS = (
    "Ink cartridge, original, black, 480 pages, for inkjet printers of the 2500 series",
    "Gaming laptop 15.6 inch, 16 GB memory, 512 GB SSD, 144 Hz. Category: Computers > Laptops",
    "USB-C to USB-C charging cable, braided, 2 m, 60 W, grey",
    "Summer dress, knee-length, sleeveless, red, size 42, 100% cotton",
    "Hiking boots for women, waterproof, ankle-high, brown, EU 39",
    "Cordless drill driver 18 V with two 2.0 Ah batteries and a case",
    "Bean-to-cup coffee machine with ceramic grinder and milk frother, 1.8 l, 15 bar",
    "Children's bicycle, 20\", 6 gears, blue, for 6 to 9 years",
    "Kinderwagen, 3-in-1, klappbar, mit Babywanne und Regenschutz, anthrazit",
    "Cafetière à piston en verre et inox, 1 litre, 8 tasses",
    "原装黑色墨盒，适用于喷墨打印机，可打印480页",
    "无线鼠标，蓝牙双模，静音，1600 DPI，白色",
    "红色连衣裙，女，夏季，雪纺，长款，M码",
)
"""Hand-made: many lengths, kinds of shops, numbers, accents, two scripts."""


@dataclass(frozen=True, slots=True)
class EncoderParity:
    """Cosines of int8 and full-precision embeddings of the same text, over `texts` texts."""

    texts: int
    mean_cosine: float
    worst_cosine: float
    worst_text: str


@dataclass(frozen=True, slots=True)
class PairParity:
    """`order` is the share of clear pairs of products (probabilities that differ by `CLEAR` or more) that
    int8 puts into the same order, 1 where no pair is clear; `largest_difference` is that of one probability.
    """

    pairs: int
    order: float
    largest_difference: float
    worst_query: str


def check_encoder(
    folder: Path, *, queries: Sequence[str] = CHECK_QUERIES, products: Sequence[str] = CHECK_PRODUCTS
) -> EncoderParity:
    """Compare the two forms of an exported encoder. Raises ConfigError, naming the worst text, when int8 does
    not hold.
    """
    int8, full = OnnxEncoder.open(folder, threads=1), TorchEncoder.open(folder, device=CPU)
    cosines = np.concatenate(
        [
            (int8.encode_queries(queries) * full.encode_queries(queries)).sum(axis=1),
            (int8.encode_products(products) * full.encode_products(products)).sum(axis=1),
        ]
    )
    worst = int(np.argmin(cosines))  # NaN counts as the least
    parity = EncoderParity(
        len(cosines), float(cosines.mean()), float(cosines[worst]), (*queries, *products)[worst]
    )
    # Written so that NaN fails.
    if not (parity.mean_cosine >= LEAST_MEAN and parity.worst_cosine >= LEAST_WORST):
        raise ConfigError(
            f"In 8 bits this encoder does not say what it says in full precision: cosines of "
            f"{parity.mean_cosine:.3f} on average (at least {LEAST_MEAN} is needed) and "
            f"{parity.worst_cosine:.3f} at worst (at least {LEAST_WORST}), for {parity.worst_text[:80]!r}. "
            "Choose another base model, or train with a lower learning rate.",
            folder=folder,
        )
    return parity


def check_reranker(
    folder: Path, *, queries: Sequence[str] = CHECK_QUERIES, products: Sequence[str] = CHECK_PRODUCTS
) -> PairParity:
    """Compare the two forms of an exported cross-encoder, which rank all `products` for each query. Raises
    ConfigError, naming the query whose order changed most, when int8 does not hold.
    """
    asked, read = [each for each in queries for _ in products], [*products] * len(queries)
    shape = (len(queries), len(products))
    int8 = OnnxCrossEncoder.open(folder, threads=1).score_pairs(asked, read).reshape(shape)
    full = TorchCrossEncoder.open(folder, device=CPU).score_pairs(asked, read).reshape(shape)
    kept, clear = _order(int8, full)
    share = np.divide(kept, clear, out=np.ones(len(queries)), where=clear > 0)
    parity = PairParity(
        pairs=len(asked),
        order=float(kept.sum() / clear.sum()) if clear.sum() else 1.0,
        largest_difference=float(np.abs(int8 - full).max()),
        worst_query=queries[int(np.argmin(share))],
    )
    if not (parity.order >= LEAST_ORDER and np.isfinite(parity.largest_difference)):
        raise ConfigError(
            f"In 8 bits this cross-encoder keeps {parity.order:.1%} of the order of full precision (at least "
            f"{LEAST_ORDER:.0%} is needed), and least of it for the query {parity.worst_query[:80]!r}. "
            "Choose another base model, or train with a lower learning rate.",
            folder=folder,
        )
    return parity


def _order(int8: FloatArray, full: FloatArray) -> tuple[FloatArray, FloatArray]:
    """For each query (row), clear pairs of products that keep their order, and all clear ones."""
    wanted = full[:, :, None] - full[:, None, :]
    given = int8[:, :, None] - int8[:, None, :]
    clear = wanted >= CLEAR
    kept = clear & (given > 0)
    return kept.sum(axis=(1, 2)).astype(np.float32), clear.sum(axis=(1, 2)).astype(np.float32)
