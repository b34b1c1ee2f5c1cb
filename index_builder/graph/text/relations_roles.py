"""Which part a product plays beside another: used up by it, added to it, built into it, or itself a device.

A product's part is told by the last role word of what its title calls it ("projector *lamp*"). The words
below are seeds. A naive Bayes over the titles' words and the attribute keys of the products they decide
learns from them what the others are: a shop that calls toner "imaging supply" gives it a page yield.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from engine.text import has_cjk, normalise, singular
from engine.types import Product
from index_builder.graph.evidence import Relation
from index_builder.graph.text.relations_cues import cues_in


class Part(StrEnum):
    CONSUMABLE = "consumable"
    ACCESSORY = "accessory"
    SPARE = "spare"
    DEVICE = "device"
    UNKNOWN = "unknown"


RELATION_OF = {
    Part.CONSUMABLE: Relation.COMPATIBLE_WITH,
    Part.ACCESSORY: Relation.ACCESSORY_OF,
    Part.SPARE: Relation.PART_OF,
    Part.DEVICE: Relation.ACCESSORY_OF,
    Part.UNKNOWN: Relation.ACCESSORY_OF,
}
MIN_SEEDED = 50
"""Naive Bayes learns from at least so many products whose part a seed word tells, in two parts or more."""
MIN_LEARNED = 0.9
_SMOOTHING = 0.5
_COUNTED = 12
"""A long text counts as so many independent words: its words repeat one another."""

_SEEDS = {
    Part.CONSUMABLE: """cartridge toner ink ribbon paper label tape film media drum photoconductor refill
        staple printhead cleaner pad adapter adaptor charger cable cord memory dimm sodimm ram converter
        inverter software pod capsule disc filament developer catridge cartouche patrone plug connector
        墨盒 硒鼓 碳粉 色带 墨水 纸 胶带 充电器 数据线 适配器 内存""",
    Part.ACCESSORY: """case bag sleeve backpack briefcase cover skin folio mount bracket arm stand holder
        cradle dock docking replicator rack rail tray feeder cassette stacker finisher cabinet hood lens
        protector screenprotector licence license warranty service support renewal visit contract accessory
        shelf strap lock duplexer caddy enclosure option sorter pedestal sheath stylus pen remote tripod
        harness guard organizer drawer duplex privacy screen grip
        保护套 手机壳 壳 膜 支架 底座 包 配件 表带""",
    Part.SPARE: """lamp bulb fuser belt battery roller spare replacement blade hinge fan filter transfer brush
        gasket spring maintenance 电池 灯泡 滤芯 零件""",
    Part.DEVICE: """printer notebook laptop computer pc desktop server workstation monitor projector camera
        phone smartphone tablet television tv scanner router processor copier multifunctional mfp console
        drive motherboard machine shaver player oven fridge vehicle bicycle drill
        ups switch speaker headset headphone telephone display chassis barebone
        打印机 笔记本 电脑 手机 平板 相机 电视""",
}
SEED_WORDS: dict[str, Part] = {word: part for part, words in _SEEDS.items() for word in words.split()}
DEVICE_WORDS = frozenset(_SEEDS[Part.DEVICE].split())
"""Seeds that name devices, which other products are made for."""
_CHINESE_SEEDS = sorted((word for word in SEED_WORDS if has_cjk(word)), key=lambda word: (-len(word), word))
_CLAUSE = re.compile(r"[,;(\[|]|\.\s|\s[-–—]\s|\s(?:with|and|in|from|by|on|w/)\s|\sw/", re.IGNORECASE)
_ALL = 99
_WORD = re.compile(r"[^\W\d_]{2,}")
_PIECES = re.compile(r"\d\s*pcs?\b")
_CONTAINERS = frozenset({"cartridge", "kit", "pack", "unit", "module", "filter", "set"})
"""The word before tells: a fuser kit is a part, a battery cartridge is not used up."""
_HOUSINGS, _HOUSED = frozenset({"case", "cabinet"}), frozenset({"computer", "pc", "server", "tower"})
"""A computer case is what computers are built into: parts are made for it."""
_SPARE = frozenset({"spare", "replacement", "备件"})


@dataclass(frozen=True, slots=True)
class _Learned:
    """Log odds of each word and key for each part, float64 (words + 1, parts); the last row is the prior."""

    places: dict[str, int]
    odds: NDArray[np.float64]
    parts: tuple[Part, ...]


def learned_parts(products: Sequence[Product], seeded: Sequence[Part]) -> list[Part]:
    """The same, with those that seed words do not tell guessed where the others teach enough."""
    learned = _learn(products, seeded)
    if learned is None:
        return list(seeded)
    return [
        _guess(learned, product) if part is Part.UNKNOWN else part
        for product, part in zip(products, seeded, strict=True)
    ]


def seeded_parts(products: Sequence[Product], types: Sequence[str]) -> list[Part]:
    """What seed words tell of each product; `types` are the readable names of their types, "" for none."""
    return [_seeded(product, kind) for product, kind in zip(products, types, strict=True)]


def is_addition(word: str) -> bool:
    """Whether a normalised word names something that is no device by itself: "adapters", "case"."""
    return SEED_WORDS.get(singular(word), Part.DEVICE) is not Part.DEVICE


def _seeded(product: Product, kind: str) -> Part:
    """The type first, unless the title names it only after a cue, where it is another thing's."""
    if "spare" in normalise(product.title).split():
        return Part.SPARE
    own = _before_cue(product.title)
    texts = [(kind, 1), (own, _ALL), (_before_cue(product.description[:200]), 2)]
    if own != product.title and normalise(kind) not in normalise(own):
        texts = [*texts[1:], texts[0]]
    parts = [_by_seed(text, clauses) for text, clauses in texts]
    kit = Part.ACCESSORY if any("kit" in normalise(text) for text, _ in texts) else Part.UNKNOWN
    return next((part for part in parts if part is not Part.UNKNOWN), kit)


def _before_cue(text: str) -> str:
    return text[: next((place.start for place in cues_in(text) if place.start), len(text))]


def _by_seed(text: str, clauses: int) -> Part:
    """By the last role word of the first clause that has one, among the first so many clauses."""
    for clause in _CLAUSE.split(text)[:clauses]:
        if has_cjk(clause):
            ends = [(clause.rfind(word) + len(word), word) for word in _CHINESE_SEEDS if word in clause]
            if ends:
                return SEED_WORDS[max(ends)[1]]
        words = [singular(word) for word in _WORD.findall(_PIECES.sub(" ", normalise(clause)))]
        part = _by_words(words)
        if part is not Part.UNKNOWN:
            return Part.SPARE if _SPARE.intersection(words) and part is not Part.CONSUMABLE else part
    return Part.UNKNOWN


def _by_words(words: Sequence[str]) -> Part:
    for place in range(len(words) - 1, -1, -1):
        word = words[place]
        if word in _CONTAINERS and place:
            part = SEED_WORDS.get(words[place - 1], Part.UNKNOWN)
            if part is not Part.UNKNOWN:
                return Part.UNKNOWN if part is Part.DEVICE else part
        if word in SEED_WORDS:
            housed = word in _HOUSINGS and place and words[place - 1] in _HOUSED
            return Part.DEVICE if housed else SEED_WORDS[word]
    return Part.UNKNOWN


def _features(product: Product) -> set[str]:
    words = {singular(word) for word in _WORD.findall(normalise(product.title))}
    return words | {f"={key}" for key in product.attributes}


def _learn(products: Sequence[Product], parts: Sequence[Part]) -> _Learned | None:
    """Multinomial naive Bayes with additive smoothing; the seed words themselves are no features."""
    totals: Counter[Part] = Counter(part for part in parts if part is not Part.UNKNOWN)
    known = tuple(part for part in Part if totals[part])
    if sum(totals.values()) < MIN_SEEDED or len(known) < 2:
        return None
    counts: Counter[tuple[str, Part]] = Counter()
    for product, part in zip(products, parts, strict=True):
        if part is not Part.UNKNOWN:
            counts.update((word, part) for word in _features(product) if word not in SEED_WORDS)
    words = sorted({word for word, _ in counts})
    places = {word: place for place, word in enumerate(words)}
    table = np.full((len(words) + 1, len(known)), _SMOOTHING)
    for (word, part), count in counts.items():
        table[places[word], known.index(part)] += count
    shares = np.array([totals[part] for part in known], np.float64)
    odds = np.log(table / (shares + 2 * _SMOOTHING))
    odds[-1] = np.log(shares / shares.sum())
    return _Learned(places, odds, known)


def _guess(learned: _Learned, product: Product) -> Part:
    """Never a device: names of devices are looked for elsewhere, so that a wrong one would do harm."""
    places = [learned.places[word] for word in sorted(_features(product)) if word in learned.places]
    scores = learned.odds[-1].copy()
    if places:
        scores += learned.odds[places].mean(axis=0) * min(len(places), _COUNTED)
    chances = np.exp(scores - scores.max())
    best = int(chances.argmax())
    sure = chances[best] >= MIN_LEARNED * chances.sum()
    return learned.parts[best] if sure and learned.parts[best] is not Part.DEVICE else Part.UNKNOWN
