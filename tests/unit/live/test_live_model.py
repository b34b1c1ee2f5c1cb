"""Any changes in any order, a restart now and then: what searches see is what a plain dictionary holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.deadline import Deadline
from engine.live.changes import (
    ChangeRequest,
    ProductChange,
    ProductDeletion,
    ProductPatch,
    ProductUpsert,
)
from engine.live.vectors import LayeredVectors
from engine.product_texts import embedding_text
from engine.types import Money, Product, ProductId
from tests.unit.live.live_fakes import Shop, embedding, product

IDS = ("a", "b", "c", "d", "e", "f")
BUILT = [product(each, f"Title of {each}", attributes={"color": "red"}) for each in IDS[:3]]
WORDS = ("Pen", "Ink", "Cup")

ids = st.sampled_from(IDS)
prices = st.integers(0, 3).map(lambda amount: Money("EUR", Decimal(amount)))
whole = st.builds(
    lambda each, title, brand, price: product(each, title, brand=brand, price=price),
    *(ids, st.sampled_from(WORDS), st.sampled_from(("", "Inko")), st.none() | prices),
)
patches: st.SearchStrategy[tuple[ProductPatch, dict[str, Any]]] = st.one_of(
    st.tuples(ids, prices).map(
        lambda it: (ProductPatch(product(it[0], "", price=it[1]), ("price",)), {"price": it[1]})
    ),
    st.tuples(ids, st.sampled_from(WORDS)).map(
        lambda it: (ProductPatch(product(it[0], it[1]), ("title",)), {"title": it[1]})
    ),
    st.tuples(ids, st.sampled_from(("red", "blue"))).map(
        lambda it: (
            ProductPatch(product(it[0], "", attributes={"color": it[1]}), ("attributes",)),
            {"attributes": {"color": it[1]}},
        )
    ),
)


class LiveChanges(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop(BUILT)
        self.model: dict[str, Product] = {each.id: each for each in BUILT}

    @rule(products=st.lists(whole, min_size=1, max_size=4))
    def upsert(self, products: Sequence[Product]) -> None:
        self.write([ProductUpsert(each) for each in products], [True] * len(products))
        self.model |= {each.id: each for each in products}

    @rule(patch=patches)
    def patch(self, patch: tuple[ProductPatch, dict[str, Any]]) -> None:
        change, fields = patch
        known = change.product_id in self.model
        self.write([change], [known])
        if known:
            self.model[change.product_id] = replace(self.model[change.product_id], **fields)

    @rule(gone=st.lists(ids, min_size=1, max_size=3, unique=True))
    def delete(self, gone: Sequence[str]) -> None:
        self.write([ProductDeletion(ProductId(each)) for each in gone], [each in self.model for each in gone])
        for each in gone:
            self.model.pop(each, None)

    @rule(newest=st.booleans())
    def restart(self, newest: bool) -> None:
        """From all changes, or from the last one of each product."""
        log = self.shop.log
        changes = log.changes
        if newest:
            last = {change.product_id: change.sequence for change in changes}
            changes = [change for change in changes if last[change.product_id] == change.sequence]
        self.shop = Shop(BUILT, log=log)
        self.shop.live.replay(iter(changes))
        assert not self.shop.encoded

    def write(self, changes: Sequence[ProductChange], taken: Sequence[bool]) -> None:
        result = self.shop.writer.write(ChangeRequest(changes), Deadline.none(), self.shop.live)
        assert [outcome.sequence > 0 for outcome in result.outcomes] == list(taken)

    @invariant()
    def all_that_is_alive_is_what_the_model_holds(self) -> None:
        assert self.shop.products() == self.model
        for each in IDS:
            row = self.shop.catalog.row_of(each)
            assert (row is not None) == (each in self.model)
            assert row is None or self.shop.overlay.alive[row]

    @invariant()
    def every_product_is_found_by_its_embedding_and_its_words(self) -> None:
        overlay = self.shop.overlay
        vectors = LayeredVectors(self.shop.state._base_vectors, overlay.vectors)
        words = self.shop.words.snapshot
        for each in self.model.values():
            row = self.shop.catalog.row_of(each.id)
            assert row is not None
            stored = vectors.vectors(np.array([row]))[0]
            np.testing.assert_allclose(stored, embedding(embedding_text(each)), atol=1e-6)
            near = vectors.search(stored[None], overlay.size, overlay.alive)[0]
            assert row in near.rows
            assert overlay.alive[near.rows].all()
            assert words.texts[row] == each.title

    @invariant()
    def earlier_states_stay_as_they_were(self) -> None:
        sizes = [overlay.size for overlay in self.shop.overlays]
        assert sizes == sorted(sizes)
        assert all(len(overlay.alive) == overlay.base + overlay.slots for overlay in self.shop.overlays)

    @invariant()
    def past_queries_lead_to_where_products_are_now(self) -> None:
        rows = np.arange(len(BUILT))
        now = [self.shop.catalog.row_of(each.id) for each in BUILT]
        assert self.shop.overlay.now(rows).tolist() == [row for row in now if row is not None]


LiveChanges.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLiveChanges = LiveChanges.TestCase
