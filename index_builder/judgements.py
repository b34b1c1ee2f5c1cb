"""Judged queries, as a shop or a benchmark gives them."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError


@dataclass(frozen=True, slots=True)
class Judgements:
    """`queries`: text by query id; `ratings`: by query id, then product id, any numeric scale, higher is
    better and above 0 is relevant. Only queries with a text and at least one relevant product are kept.
    """

    queries: Mapping[str, str]
    ratings: Mapping[str, Mapping[str, float]]

    @classmethod
    def read(cls, queries: Path, qrels: Path) -> Judgements:
        """Queries: TSV of query_id, query. Judgements: TSV of query_id, product_id, rating, or TREC's four
        columns (query_id, iteration, product_id, rating). A header line is recognised by its names.
        Raises DataError with file and line.
        """
        texts = read_queries(queries)
        ratings: dict[str, dict[str, float]] = {}
        for query_id, product_id, rating in _qrels(qrels):
            ratings.setdefault(query_id, {})[product_id] = rating
        kept = {
            query_id: judged
            for query_id, judged in ratings.items()
            if query_id in texts and any(rating > 0 for rating in judged.values())
        }
        if not kept:
            raise DataError(qrels, f"no query of {queries} has a product rated above 0; do the ids agree?")
        return cls({query_id: texts[query_id] for query_id in kept}, kept)

    def gains(self, *, exponential: bool) -> dict[str, dict[str, int]]:
        """Whole-numbered gains, as the metrics' library wants them.

        Linear gain is unchanged by a common factor (nDCG is a ratio), so fractional ratings are scaled to
        thousandths; exponential gain is 2^rating - 1 (Burges et al., ICML 2005). Negative ratings count 0.
        """
        values = {
            query_id: {
                product_id: max(0.0, 2**rating - 1 if exponential else rating)
                for product_id, rating in judged.items()
            }
            for query_id, judged in self.ratings.items()
        }
        whole = all(value.is_integer() for judged in values.values() for value in judged.values())
        factor = 1 if whole else 1000
        return {
            query_id: {product_id: math.ceil(value * factor - 1e-9) for product_id, value in judged.items()}
            for query_id, judged in values.items()
        }


def read_queries(path: Path) -> dict[str, str]:
    """Text by query id, in the file's order. Raises DataError with file and line."""
    return dict(_queries(path))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), start=1):
                if row and any(cell.strip() for cell in row):
                    yield line, [cell.strip() for cell in row]
    except FileNotFoundError:
        raise DataError(path, "there is no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(path, f"cannot be read as UTF-8 TSV ({error})") from error


def _queries(path: Path) -> Iterator[tuple[str, str]]:
    for line, row in _rows(path):
        if line == 1 and [cell.casefold() for cell in row[:2]] == ["query_id", "query"]:
            continue
        if len(row) < 2 or not row[1]:
            raise DataError(path, "expected query_id, a tab and the query", line=line)
        yield row[0], row[1]


def _qrels(path: Path) -> Iterator[tuple[str, str, float]]:
    for line, row in _rows(path):
        cells = row[0].split() if len(row) == 1 else row
        if line == 1 and cells[0].casefold() == "query_id":
            continue
        if len(cells) not in (3, 4):
            raise DataError(
                path, f"expected query_id, product_id, rating; found {len(cells)} columns", line=line
            )
        try:
            rating = float(cells[-1])
        except ValueError:
            raise DataError(path, f"the rating {cells[-1]!r} is not a number", line=line) from None
        if not math.isfinite(rating):
            raise DataError(path, f"the rating {cells[-1]!r} is not finite", line=line)
        yield cells[0], cells[-2], rating
