"""Loads the files and folders that a build was given as ontologies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.errors import DataError
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.ontologies.rdf import load_ontology
from index_builder.graph.ontologies.taxonomy import load_taxonomy


def load_sources(paths: Sequence[Path]) -> list[Ontology]:
    """One ontology for each file, a `Taxonomy` for each folder. Raises DataError for what cannot be used, and
    for two of one name, since the name is that of the graph their statements stand in.
    """
    found: list[Ontology] = []
    seen: dict[str, Path] = {}
    for path in paths:
        ontology = load_taxonomy(path) if path.is_dir() else load_ontology(path)
        if ontology.name in seen:
            raise DataError(path, f"has the same name as {seen[ontology.name]}. Rename one of the two.")
        seen[ontology.name] = path
        found.append(ontology)
    return found
