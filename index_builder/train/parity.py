"""Whether an encoder in int8 (ONNX, for CPUs) still says what it says in full precision (torch).

Checked whenever one is exported: weights with a few huge values, as some base models have, do not survive
eight bits, and nothing else would tell before shoppers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.backends.device import CPU
from engine.backends.onnx_encoder import OnnxEncoder
from engine.backends.torch_encoder import TorchEncoder
from engine.errors import ConfigError

LEAST_MEAN, LEAST_WORST = 0.98, 0.95
"""Cosines. MiniLM, as published and fine-tuned, over 300 products and 82 queries: .996 on average, .989 at
worst; Chinese .992 and .987. Cut to 64 components: the same within .005.
"""
CHECK_QUERIES = (
    *("ink", "black hp ink", "15 inch gaming laptop", "usb-c cable 2 m", "red dress", "hiking boots women"),
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

    @property
    def figures(self) -> dict[str, float]:
        """For a model card."""
        return {"mean_cosine": self.mean_cosine, "worst_cosine": self.worst_cosine}


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
