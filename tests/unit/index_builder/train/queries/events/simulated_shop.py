"""Shoppers whose tastes and eyes are known: logs by which estimates can be checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from index_builder.train.queries.events.table import Flags, Floats, Ints

START = 1_700_000_000.0
PLACES = 10
ROW_OF = {f"p{row}": row for row in range(10_000)}


@dataclass(frozen=True)
class SimulatedShop:
    """`attraction`, (queries, products), is the chance that a shopper who looks at a product clicks on it;
    `looks`, (places,), the share of shoppers who look at a place. In a cascade, shoppers read from the top
    and stop behind a click with the chance `satisfied`, so that `looks` only counts before the first click.

    Lists are sorted by a `ranking` that knows nothing of attraction, the same for all, and in the share
    `shuffled` of the lists two neighbours have changed places a few times: products move a little, as in
    any shop whose ranking changes.
    """

    attraction: Floats
    looks: Floats
    shuffled: float = 0.5
    satisfied: float | None = None
    buys: float = 0.1

    def log(self, searches: int, *, shoppers: int, seed: int) -> dict[str, list[object]]:
        """Columns of impressions, clicks and purchases."""
        chance = np.random.default_rng(seed)
        queries, products = self.attraction.shape
        query = chance.integers(queries, size=searches)
        lists = np.stack([self._list(int(each), products, chance) for each in query])
        clicked = self._clicks(query, lists, chance)
        bought = clicked & (chance.random(lists.shape) < self.buys)
        who = chance.integers(shoppers, size=searches)
        parts = [
            self._rows(kind, query, lists, who, flags)
            for kind, flags in (
                ("impression", np.ones_like(clicked)),
                ("click", clicked),
                ("purchase", bought),
            )
        ]
        return {name: [value for part in parts for value in part[name]] for name in parts[0]}

    def _list(self, query: int, products: int, chance: np.random.Generator) -> Ints:
        order = np.random.default_rng(query).permutation(products)[: len(self.looks)]
        if chance.random() < self.shuffled:
            for place in chance.integers(len(order) - 1, size=len(order)):
                order[[place, place + 1]] = order[[place + 1, place]]
        return order

    def _clicks(self, query: Ints, lists: Ints, chance: np.random.Generator) -> Flags:
        attracted = chance.random(lists.shape) < self.attraction[query[:, None], lists]
        if self.satisfied is None:
            return attracted & (chance.random(lists.shape) < self.looks)
        last = chance.random((len(lists), 1)) < self.looks / np.append(1.0, self.looks[:-1])
        reading = np.cumprod(last, axis=1).astype(bool)
        stops = attracted & (chance.random(lists.shape) < self.satisfied)
        before: Ints = np.cumsum(stops, axis=1) - stops
        return np.asarray(attracted & reading & (before == 0))

    def _rows(self, kind: str, query: Ints, lists: Ints, who: Ints, flags: Flags) -> dict[str, list[object]]:
        search, place = np.nonzero(flags)
        return {
            "type": [kind] * len(search),
            "query": [f"query {each}" for each in query[search]],
            "product_id": [f"p{each}" for each in lists[search, place]],
            "position": (place + 1).tolist(),
            "shopper_id": [f"s{each}" for each in who[search]],
            "search_id": [f"l{each}" for each in search],
            "time": (START + 600.0 * search + 7.0 * place + (kind != "impression") * 20).tolist(),
        }


def written(path: Path, columns: dict[str, list[object]]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def together(first: dict[str, list[object]], second: dict[str, list[object]]) -> dict[str, list[object]]:
    return {name: [*first[name], *second[name]] for name in first}
