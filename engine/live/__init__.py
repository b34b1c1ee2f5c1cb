"""Changes of the catalogue that show at once, laid over an immutable generation.

A change is durable in the change log first, then part of the next `Overlay`, a snapshot that searches read
whole. Rows 0 to n - 1 are the generation's. A product whose words have not changed (another price, stock, a
number) keeps its row and is overridden there; one with new words, and a new product, gets a slot: a row from
n up, never used twice. A row that was left, or whose product was deleted, is dead: no source returns it.
"""
