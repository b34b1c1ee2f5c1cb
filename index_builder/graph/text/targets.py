"""Names of things that products of this shop fit, learned from its compatibility fields, types and titles.

What a dependent product ("toner cartridge") may name without any cue has to be known from elsewhere: a model
that other products say they fit, a device that the shop sells, a series that stands before such models.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.text import normalise, singular
from engine.types import EntityKind, Product
from index_builder.graph.attributes import Role, role_of
from index_builder.graph.compatibility import expand_list, targets_of
from index_builder.graph.draft import Draft
from index_builder.graph.lexicon import default_lexicon
from index_builder.graph.text.relations_roles import DEVICE_WORDS, SEED_WORDS, Part

MIN_STANDARD_BRANDS = 3
"""A word with a digit that titles of so many brands hold is a standard (USB3, DDR4, RJ45), not a model."""
"""A type read out of titles by statistics is a class when so many brands have it, or when its last word is
the last word of a type that is stated.
"""
_MODEL = re.compile(r"^(?=.*\d)[^\W_][\w+/.-]*$")
_MEASURE = re.compile(
    r"^[\d.,x×*/-]+[\"'”″°%]*(?:[gm]bps|nm|mm|cm|m|min|ft|in|inch|gb|tb|mb|kb|mhz|ghz|hz|w|v|va|kva|kw|a|ah|mah|wh|k|l|ml|g|kg|g/m²"
    r"|gsm|lbs?|oz|pc|pcs|pg|sh|sheets?|u|x|p|port|pin|way|bit|dpi|ppm|rpm|awg|yr?|pk|pack|st|nd|rd|th)?[\"'”″]*$"
)
_PARTS_OF_NAME = re.compile(r"[^\s,;()\[\]]+")
_LONG = re.compile(r"^\d{4,}[a-z]$")
_SHAPE = re.compile(r"([^\W\d_]+-?)(\d{2,})")
_WILD = re.compile(r"^[a-z]+\d+x+$")
_SERIES_WORDS = 3
_SMALL_SHARE = 0.05
_READ_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class TargetNames:
    """Keys are normalised. `models` and `series` hold the rows whose fields or device titles say so, each
    once; `names` are whole names without their brand; `prefixes` beginnings of models.
    """

    models: dict[str, list[int]]
    series: dict[str, list[int]]
    names: dict[str, list[int]]
    prefixes: frozenset[str]
    standards: frozenset[str]
    classes: frozenset[str]
    heads: frozenset[str]
    common: frozenset[str]
    brands: frozenset[str]
    makers: Sequence[str]
    """The normalised brand of each row."""

    def others(self, table: dict[str, list[int]], key: str, row: int) -> int:
        """How many other products say so."""
        rows = table.get(key)
        return 0 if rows is None else len(rows) - (row in rows)

    def same_brand(self, table: dict[str, list[int]], key: str, row: int) -> bool:
        """Whether another product of the row's brand says so."""
        return any(each != row and self.makers[each] == self.makers[row] for each in table.get(key, ()))

    def is_model(self, word: str) -> bool:
        """Whether a normalised word can be a model: shaped like one, no standard or brand."""
        return is_shaped(word) and word not in self.standards and word not in self.brands

    def is_class(self, words: Sequence[str]) -> bool:
        """Whether normalised words end in a class of things: `usb kvm switches`, `notebooks`."""
        single = [singular(word) for word in words]
        if (
            len(single) > 1
            and single[-2] in self.classes
            and single[-1] in self.heads
            and single[-1].isalpha()
        ):
            return True
        return any(" ".join(single[start:]) in self.classes for start in range(len(single)))


def learn_targets(products: Sequence[Product], draft: Draft, parts: Sequence[Part]) -> TargetNames:
    """`parts[row]` is the part of product `row`: devices count as things that others may fit."""
    brands = frozenset(name for node in draft.of_kind(EntityKind.BRAND) for name in node.names)
    models: dict[str, list[int]] = {}
    series: dict[str, list[int]] = {}
    names: dict[str, list[int]] = {}
    phrases: Counter[str] = Counter()
    for row, product in enumerate(products):
        for name in _named_by(product, parts[row], brands):
            words = name.split()
            if not _add_name(models, series, names, words, row) and parts[row] is not Part.DEVICE:
                phrases[" ".join(singular(word) for word in words)] += 1
        for name in _series_of(product, parts[row]):
            _add(series, name, row)
    makers = [normalise(product.brand) for product in products]
    standards = _standards(products)
    common = _common_words(products, parts) | frozenset(default_lexicon().colors) | SEED_WORDS.keys()
    for name in [key for key in series if key.split()[0] in common or is_measure(key.split()[0])]:
        del series[name]
    classes, heads = _classes(draft)
    classes |= {name for name, count in phrases.items() if count > 1}
    prefixes = frozenset(model[:end] for model in models for end in range(3, len(model)))
    return TargetNames(
        models, series, names, prefixes, standards, frozenset(classes) - brands, heads, common, brands, makers
    )


def add_names(names: TargetNames, text: str, row: int) -> None:
    """One more product names these things: a normalised name or list, with or without its brand."""
    for name in expand_list(text):
        words = without_brand(name.split(), names.brands)
        series = {} if words[0] in names.common or is_measure(words[0]) else names.series
        _add_name(names.models, series, names.names, words, row)


def _add_name(
    models: dict[str, list[int]],
    series: dict[str, list[int]],
    names: dict[str, list[int]],
    words: Sequence[str],
    row: int,
) -> bool:
    """Enter a name under its whole, its model number and the series in front; False without a number."""
    _add(names, " ".join(words), row)
    place = next((i for i in range(len(words) - 1, -1, -1) if any(c.isdigit() for c in words[i])), None)
    if place is None:
        return False
    _add(models, words[place], row)
    for length in range(1, min(_SERIES_WORDS, place) + 1):
        _add(series, " ".join(words[:length]), row)
    return True


def without_brand(words: Sequence[str], brands: frozenset[str]) -> Sequence[str]:
    """Normalised words without a brand of up to three words in front."""
    for length in (3, 2, 1):
        if len(words) > length and " ".join(words[:length]) in brands:
            return words[length:]
    return words


def is_shaped(word: str) -> bool:
    """Whether a normalised word has letters and digits and is no measure."""
    return (
        len(word) > 1
        and _MODEL.match(word) is not None
        and not is_measure(word)
        and any(letter.isalpha() for letter in word)
    )


def may_be_measure(word: str) -> bool:
    """Like `is_measure`, but for `2000w` too, which is a model only behind a series."""
    return _MEASURE.match(word) is not None


def is_measure(word: str) -> bool:
    """`2u`, `15.6"`, `500gb`: a number with a unit, or alone. `8440p`, four digits and a letter, is none."""
    return _MEASURE.match(word) is not None and _LONG.match(word) is None


def shape_of(word: str) -> str:
    """Letters in front and the count of digits of a model: `b420` and `b430n` look alike.

    >>> shape_of("c3530mfp"), shape_of("c3400n")
    ('c0000', 'c0000')
    """
    match = _SHAPE.match(word)
    return match[1] + "0" * len(match[2]) if match else ""


def is_wild(word: str) -> bool:
    """`e35x` stands for a whole range of models."""
    return _WILD.match(word) is not None


def _named_by(product: Product, part: Part, brands: frozenset[str]) -> Iterator[str]:
    for key, value in product.attributes.items():
        if role_of(key) is Role.COMPATIBILITY:
            for text in targets_of(value):
                yield " ".join(without_brand(normalise(text).split(), brands))
    if part is Part.DEVICE:
        brand = normalise(product.brand)
        words = normalise(product.title).removeprefix(brand).split()[:5]
        place = next((i for i, word in enumerate(words) if any(c.isdigit() for c in word)), None)
        if place is not None and _can_number(words, place):
            yield from expand_list(" ".join(words[: place + 1]))


def _series_of(product: Product, part: Part) -> Iterator[str]:
    """What a device is called whose title goes on with a measure: "smart-ups", "smart-ups rt" of
    "Smart-UPS RT 2200VA".
    """
    if part is Part.DEVICE:
        words = normalise(product.title).removeprefix(normalise(product.brand)).split()[: _SERIES_WORDS + 1]
        place = next((i for i, word in enumerate(words) if any(c.isdigit() for c in word)), 0)
        if place and is_measure(words[place]):
            for length in range(1, place + 1):
                yield " ".join(words[:length])


def _can_number(words: Sequence[str], place: int) -> bool:
    """Whether a word of a device's title may be its number: 4100 behind a series, but no measure."""
    return not is_measure(words[place]) or (place > 0 and len(words[place]) > 2 and words[place].isdecimal())


def _add(table: dict[str, list[int]], key: str, row: int) -> None:
    rows = table.setdefault(key, [])
    if row not in rows:
        rows.append(row)


def _standards(products: Sequence[Product]) -> frozenset[str]:
    """Words with digits that titles of many brands hold."""
    brands: defaultdict[str, set[str]] = defaultdict(set)
    for product in products:
        for word in _PARTS_OF_NAME.findall(normalise(product.title)):
            if any(letter.isdigit() for letter in word):
                for piece in {word, *word.split("/"), *word.split("-")}:
                    brands[piece.strip(".:-'\"")].add(product.brand)
    return frozenset(word for word, makers in brands.items() if len(makers) >= MIN_STANDARD_BRANDS) - {""}


def _common_words(products: Sequence[Product], parts: Sequence[Part]) -> frozenset[str]:
    """Words that no series is called by: devices of many brands have them in their titles, or texts write
    them with a small letter often.
    """
    brands: defaultdict[str, set[str]] = defaultdict(set)
    small: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for product, part in zip(products, parts, strict=True):
        words = _PARTS_OF_NAME.findall(product.title)
        if part is Part.DEVICE:
            for word in words:
                brands[normalise(word)].add(product.brand)
        for word in (*words, *_PARTS_OF_NAME.findall(product.description[:_READ_CHARACTERS])):
            key = word.lower()
            seen[key] += 1
            small[key] += word == key and word.isalpha()
    shared = {word for word, makers in brands.items() if len(makers) >= MIN_STANDARD_BRANDS}
    shared |= {word for word in seen if role_of(word) in (Role.COLOR, Role.MATERIAL)}
    return frozenset(shared | {word for word, count in small.items() if count > _SMALL_SHARE * seen[word]})


def _classes(draft: Draft) -> tuple[set[str], frozenset[str]]:
    """Singular names of types that the shop or the synonym table states, and their last words."""
    found = {name for synonyms in default_lexicon().types.values() for name in synonyms.names()}
    for node in draft.of_kind(EntityKind.CATEGORY):
        if node.attribute:
            found.update(node.names)
    heads = {singular(name.split()[-1]) for name in found} | DEVICE_WORDS
    single = {" ".join(singular(word) for word in name.split()) for name in found}
    return single | DEVICE_WORDS, frozenset(heads)
