"""Tantivy puts lock files beside an index that it opens, and a writer its segments: a generation is opened
through links in a folder of its own, so that it stays untouched, also on a read-only disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tantivy import Index

from engine.backends.lexical_layout import CODES, EVERYTHING, LAYOUT_FILE, TITLE, LexicalLayout
from engine.errors import DamagedGenerationError


def symlink_into(place: Path, folder: Path) -> None:
    """For as long as `folder` is there; mapped files outlive it."""
    for file in _files(folder):
        (place / file.name).symlink_to(file.resolve())


def hardlink_into(place: Path, folder: Path) -> None:
    """Files stay there when `folder` is removed. Where the two lie on different disks, or the system refuses:
    symbolic links, or copies where there are none. Nothing is ever written through a link: tantivy's files
    are written once, and its lists replaced by renames.
    """
    for file in _files(folder):
        link = place / file.name
        try:
            link.hardlink_to(file)
        except OSError:
            try:
                link.symlink_to(file.resolve())
            except OSError:
                shutil.copyfile(file, link)


def open_linked(place: Path, folder: Path, layout: LexicalLayout) -> tuple[Any, Any]:
    """Index and searcher over the links in `place`. Raises DamagedGenerationError naming `folder` when a file
    is missing or cut short.
    """
    try:
        index = Index.open(str(place))
        index.config_reader(reload_policy="manual")  # no thread that watches for changes
        searcher = index.searcher()
        # An empty query of each field touches what a real one needs, so that damage shows now.
        for name in (EVERYTHING, TITLE, CODES):
            searcher.doc_freq(name, "")
    except (ValueError, OSError, KeyError) as problem:
        raise DamagedGenerationError(folder, f"holds no complete word index ({problem})") from problem
    if searcher.num_docs != layout.count:
        counts = f"speaks of {layout.count} products, but the index beside it holds {searcher.num_docs}"
        raise DamagedGenerationError(folder / LAYOUT_FILE, counts)
    return index, searcher


def _files(folder: Path) -> Iterator[Path]:
    """Of a folder that is not there, none: opening says so."""
    if folder.is_dir():
        yield from (file for file in folder.iterdir() if not file.name.endswith(".lock"))
