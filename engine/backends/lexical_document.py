"""A product as a document of the word index: the builder and the server make the same ones."""

from __future__ import annotations

from collections.abc import Sequence

from tantivy import Document

from engine.backends.lexical_layout import CODES, EVERYTHING, ROW, TITLE
from engine.backends.lexical_terms import terms
from engine.backends.lexical_text import product_codes
from engine.types import Product


def lexical_document(row: int, product: Product, words: Sequence[str]) -> Document:
    """`words` are the product's, as `everything` cuts and repeats them."""
    document = Document()
    document.add_unsigned(ROW, row)
    document.add_text(EVERYTHING, " ".join(words))
    document.add_text(TITLE, " ".join(terms(product.title)))
    document.add_text(CODES, " ".join(product_codes(product)))
    return document
