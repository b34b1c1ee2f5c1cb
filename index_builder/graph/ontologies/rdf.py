"""Reads SKOS, RDFS and OWL out of RDF files: names, broader concepts, what means the same.

Nothing is kept of a file that cannot be read to its end.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import pyoxigraph
from pyoxigraph import Literal, NamedNode

from engine.errors import DataError
from index_builder.graph.ontologies.ontology import Concept, Ontology, check_acyclic, language_of
from index_builder.graph.ontologies.rdf_files import read_statements
from index_builder.graph.vocabulary import RDF_TYPE, RDFS_LABEL, SCHEMA, SKOS

_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_BROADER = frozenset({f"{SKOS}broader", f"{SKOS}broaderTransitive", f"{_RDFS}subClassOf"})
_NARROWER = frozenset({f"{SKOS}narrower", f"{SKOS}narrowerTransitive"})
_PREFERRED = frozenset({f"{SKOS}prefLabel", RDFS_LABEL})
_ALTERNATIVE = frozenset({f"{SKOS}altLabel", f"{SKOS}hiddenLabel", f"{SCHEMA}alternateName"})
_EXACT = frozenset({f"{SKOS}exactMatch", f"{_OWL}equivalentClass", f"{_OWL}sameAs"})
_LAST = re.compile(r"[#/:]")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CLASSES = frozenset({f"{SKOS}Concept", f"{_RDFS}Class", f"{_OWL}Class"})


@dataclass(slots=True)
class _Gathered:
    """What the statements said, by IRI. `preferred` keeps skos:prefLabel before rdfs:label."""

    concepts: set[str] = field(default_factory=set)
    preferred: defaultdict[str, dict[str, list[tuple[bool, str]]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    alternative: defaultdict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(dict))
    broader: set[tuple[str, str]] = field(default_factory=set)
    exact: set[tuple[str, str]] = field(default_factory=set)


def load_ontology(path: Path) -> Ontology:
    """Every skos:Concept, rdfs:Class and owl:Class, and all with a label that are broader or narrower than
    another; ordered by IRI. One without a label is called by the end of its IRI, and so is one whose label is
    just that, in words: ".../RunningShoe" is "Running Shoe".

    Raises DataError that names the file, and the line of what does not parse: an unknown suffix, broken
    syntax, bytes that are not UTF-8, damaged gzip data, a circle of broader concepts, nothing of use.
    """
    gathered = _Gathered()
    for quad in read_statements(path):
        _add(gathered, quad)
    ontology = _ontology(path, gathered)
    check_acyclic(path, ontology)
    return ontology


def _add(gathered: _Gathered, quad: pyoxigraph.Quad) -> None:
    if isinstance(quad.subject, NamedNode):
        if isinstance(quad.object, Literal):
            _add_name(gathered, quad.subject.value, quad.predicate.value, quad.object)
        elif isinstance(quad.object, NamedNode):
            _add_link(gathered, quad.subject.value, quad.predicate.value, quad.object.value)


def _add_name(gathered: _Gathered, iri: str, predicate: str, name: Literal) -> None:
    text = " ".join(name.value.split())
    if text == _local(iri):
        text = _spaced(text)
    tag = language_of(text, name.language or "")
    if text and predicate in _PREFERRED:
        gathered.preferred[iri].setdefault(tag, []).append((predicate == RDFS_LABEL, text))
    elif text and predicate in _ALTERNATIVE:
        gathered.alternative[iri].setdefault(tag, set()).add(text)


def _add_link(gathered: _Gathered, one: str, predicate: str, other: str) -> None:
    if predicate == RDF_TYPE and other in _CLASSES:
        gathered.concepts.add(one)
    elif predicate in _BROADER:
        gathered.broader.add((one, other))
    elif predicate in _NARROWER:
        gathered.broader.add((other, one))
    elif predicate in _EXACT:
        gathered.exact.add((one, other))


def _ontology(path: Path, gathered: _Gathered) -> Ontology:
    linked = {iri for pair in gathered.broader for iri in pair if iri in gathered.preferred}
    stated = {
        iri for iri in gathered.concepts if iri in gathered.preferred or any(map(str.isalpha, _local(iri)))
    }
    iris = sorted(linked | stated)
    if not iris:
        raise DataError(path, "holds no concept (skos:Concept, rdfs:Class or owl:Class).")
    places = {iri: place for place, iri in enumerate(iris)}
    return Ontology(
        name=path.name.split(".")[0],
        concepts=tuple(_concept(iri, gathered) for iri in iris),
        broader=sorted(
            (places[one], places[other])
            for one, other in gathered.broader
            if one in places and other in places
        ),
        exact=sorted((places[one], other) for one, other in gathered.exact if one in places),
    )


def _concept(iri: str, gathered: _Gathered) -> Concept:
    stated = gathered.preferred.get(iri) or {"": [(True, _spaced(_local(iri)))]}
    preferred = {tag: min(names)[1] for tag, names in sorted(stated.items())}
    others: dict[str, set[str]] = {
        tag: set(names) for tag, names in gathered.alternative.get(iri, {}).items()
    }
    for tag, names in stated.items():
        others.setdefault(tag, set()).update(name for _, name in names)
    alternative = {
        tag: tuple(sorted(names - {preferred.get(tag, "")})) for tag, names in sorted(others.items())
    }
    return Concept(iri, preferred, {tag: names for tag, names in alternative.items() if names})


def _local(iri: str) -> str:
    return unquote(_LAST.split(iri)[-1]) or iri


def _spaced(name: str) -> str:
    return _HUMP.sub(" ", name).replace("_", " ").strip() or name
