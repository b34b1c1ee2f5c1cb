"""Finds the products of a catalogue that a compatibility statement names: "LaserJet 4200 series" -> 4200n,
4200dtn.

A device is known by the words up to its model number ("laserjet 4200n"), and by the number alone when it
mixes letters and digits ("mfc-7420"). Accessories are often titled after their device ("LaserJet 4200 fuser
kit"): products that state a compatibility themselves, or whose type often does, or whose title goes on with a
word that accessories bear ("kit"), are no devices.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from engine.text import normalise, tokens
from engine.types import EntityKind, Product
from index_builder.graph.draft import Draft
from index_builder.graph.relations.axes import CAPACITY_UNITS, PACK_UNITS, SIZE_UNITS

EXACT, MODEL_ALONE, SERIES, SUFFIX = 0.95, 0.85, 0.8, 0.65
"""How sure each way of naming a device is: by its full name, by its model number, as one of a series, without
the letters that end its model number."""
MAX_DEVICES = 25
"""A name that fits more products than this says nothing about any of them."""
MAX_ACCESSORY_SHARE = 0.2
"""Of a type's products that state what they fit, before all of the type pass for accessories."""
MIN_WORD_COUNT, MIN_WORD_SHARE = 10, 0.5
"""Of a word's titles, and of those among them that state what they fit, for a word of accessories."""
_NAME_WORDS = 5
_SERIES = re.compile(r"\s+(?:series|family|range|serie|系列)\b.*$|系列.*$")
_TAIL = re.compile(
    r"(?:\s+(?:printers?|all-in-one|mfp|notebook|pc|laptop|tablet|camera|phone|multifunction|scanner|projector"
    r"|copier|fax|打印机|一体机|笔记本|手机|相机))+$"
)
_BREAKS = frozenset({"for", "with", "compatible", "fits", "适用", "适用于", "兼容"})
_HYPHEN = re.compile(r"[-_./]")
_PARTS = re.compile(r"^(.*\d)([a-z]{0,4})$")
_UNITS = f"{SIZE_UNITS}|{CAPACITY_UNITS}|{PACK_UNITS}|w|v|hz|mhz|ghz|dpi|ppm|rpm|cells?|ports?|years?|y|yr"
_UNIT = re.compile(rf"^(?:{_UNITS})$")
_MEASURE = re.compile(rf"^\d[\d.,x-]*(?:-?(?:{_UNITS})|[\"″])$")
_TELLING = re.compile(r"^(?=(?:.*[a-z]){2})(?=(?:.*\d){3})\S{6,}$")
_WORD = re.compile(r"^[^\W\d_]{3,}$|^[\u4e00-\u9fff]{2,}$")
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[a-z]")


@dataclass(frozen=True, slots=True)
class Named:
    """A device that a text names, and how sure that is, in (0, 1]."""

    row: int
    confidence: float


class Devices:
    """Looks devices up by name. Brands have to agree: that of the text, or else that of the product that
    states it (an HP cartridge for "4200n" fits HP's); only a long model number speaks for itself.
    """

    def __init__(self, draft: Draft, products: Sequence[Product]) -> None:
        self._brands = {name for node in draft.of_kind(EntityKind.BRAND) for name in node.names}
        self._names: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._stems: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._models: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        accessories = _accessories(draft)
        titles = [tokens(product.title) for product in products]
        marks = _accessory_words(titles, _stating(draft)) - _other_words(draft, accessories)
        self._known = {
            row
            for row, words in enumerate(titles)
            if row not in accessories and not marks.intersection(_after_model(words))
        }
        for row in sorted(self._known):
            self._add(row, products[row])

    def __contains__(self, row: int) -> bool:
        """Whether the product may be a device at all."""
        return row in self._known

    def named_by(self, text: str, *, brand: str) -> list[Named]:
        """The devices, surest first; none when the name is too common. `brand` is that of the accessory."""
        name = normalise(text)
        series = _SERIES.search(name) is not None
        words = list(tokens(_TAIL.sub("", _SERIES.sub("", name))))
        owner = next((length for length in (3, 2, 1) if " ".join(words[:length]) in self._brands), 0)
        maker = " ".join(words[:owner]) if owner else normalise(brand)
        words = words[owner:]
        model = _model_place(words)
        if model is None:
            return []
        return self._found(words[: model + 1], maker, whole=len(words) == model + 1, series=series)

    def _found(self, words: list[str], maker: str, *, whole: bool, series: bool) -> list[Named]:
        key = _key(words)
        found: dict[int, float] = {}
        if whole:
            for row in self._names.get((maker, key), ()):
                found.setdefault(row, EXACT)
        elif self._names.get((maker, key)):
            found.update(dict.fromkeys(self._names[maker, key], SUFFIX))
        if _is_model(words[-1]):
            bare = _bare(words[-1])
            for row, owner in self._models.get(bare, ()):
                if owner == maker or _TELLING.match(bare):
                    found.setdefault(row, MODEL_ALONE)
        for row in self._stems.get((maker, key), ()):
            found.setdefault(row, SERIES if series else SUFFIX)
        if len(found) > MAX_DEVICES:
            return []
        return sorted((Named(*each) for each in found.items()), key=lambda each: (-each.confidence, each.row))

    def _add(self, row: int, product: Product) -> None:
        brand = normalise(product.brand)
        title = normalise(product.title)
        words = tokens(title.removeprefix(brand) if brand else title)
        model = _model_place(words)
        if model is None or _BREAKS.intersection(words[: model + 1]):
            return
        name = words[: model + 1]
        self._names[brand, _key(name)].append(row)
        if _is_model(name[-1]):
            self._models[_bare(name[-1])].append((row, brand))
        parts = _PARTS.match(name[-1])
        if parts and parts.group(2):
            self._stems[brand, _key([*name[:-1], parts.group(1)])].append(row)


def _accessories(draft: Draft) -> Collection[int]:
    """Rows that state what they fit, and those of types of which many do."""
    stating = _stating(draft)
    members = Counter(draft.types)
    fitting = Counter(draft.types[row] for row in stating)
    types = {iri for iri, count in fitting.items() if iri and count > MAX_ACCESSORY_SHARE * members[iri]}
    return stating.union(row for row, iri in enumerate(draft.types) if iri in types)


def _model_place(words: Sequence[str]) -> int | None:
    """Of the first word with a digit, if it stands early and measures nothing."""
    place = next((place for place, word in enumerate(words[:_NAME_WORDS]) if _DIGIT.search(word)), None)
    if place is None or _MEASURE.match(words[place]):
        return None
    after = words[place + 1] if place + 1 < len(words) else ""
    return None if _UNIT.match(after) and not _LETTER.search(words[place]) else place


def _stating(draft: Draft) -> set[int]:
    return {row for node in draft.of_kind(EntityKind.COMPATIBLE_TARGET) for row in node.rows}


def _accessory_words(titles: Sequence[Sequence[str]], stating: Collection[int]) -> set[str]:
    """Words whose products mostly state what they fit: "cartridge", "fuser", "kit"."""
    count, fitting = Counter[str](), Counter[str]()
    for row, words in enumerate(titles):
        count.update(set(words))
        if row in stating:
            fitting.update(set(words))
    return {
        word
        for word, found in fitting.items()
        if found >= MIN_WORD_COUNT and found >= MIN_WORD_SHARE * count[word] and _WORD.match(word)
    }


def _other_words(draft: Draft, accessories: Collection[int]) -> set[str]:
    """Colours, and the words that types of devices end with ("phone")."""
    colors = {
        word for node in draft.of_kind(EntityKind.COLOR) for name in node.names for word in name.split()
    }
    devices = {iri for row, iri in enumerate(draft.types) if iri and row not in accessories}
    names = [name for iri in sorted(devices) if iri in draft.nodes for name in draft.nodes[iri].names]
    return colors | {name.split()[-1] for name in names if name.split()}


def _after_model(words: Sequence[str]) -> Sequence[str]:
    place = next((place for place, word in enumerate(words) if _DIGIT.search(word)), len(words))
    return words[place + 1 :]


def _key(words: Sequence[str]) -> str:
    return " ".join(_bare(word) for word in words)


def _bare(word: str) -> str:
    return _HYPHEN.sub("", word)


def _is_model(word: str) -> bool:
    """Letters and digits, at least four of them: names a product without the words around it."""
    bare = _bare(word)
    return len(bare) >= 4 and _DIGIT.search(bare) is not None and _LETTER.search(bare) is not None
