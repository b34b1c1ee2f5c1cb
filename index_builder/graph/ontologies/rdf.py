"""Reads SKOS, RDFS and OWL out of RDF files: names, broader concepts, what means the same.

Nothing is kept of a file that cannot be read to its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat

from engine.errors import DataError
from index_builder.graph.ontologies.files import read_unzipped
from index_builder.graph.ontologies.ontology import Concept, Ontology, check_acyclic, language_of
from index_builder.graph.vocabulary import RDF_TYPE, RDFS_LABEL, SCHEMA, SKOS

_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_FORMATS = {
    ".ttl": RdfFormat.TURTLE,
    ".turtle": RdfFormat.TURTLE,
    ".trig": RdfFormat.TRIG,
    ".nt": RdfFormat.N_TRIPLES,
    ".nq": RdfFormat.N_QUADS,
    ".rdf": RdfFormat.RDF_XML,
    ".owl": RdfFormat.RDF_XML,
    ".xml": RdfFormat.RDF_XML,
    ".jsonld": RdfFormat.JSON_LD,
    ".json": RdfFormat.JSON_LD,
}
_KNOWN = ".ttl, .trig, .nt, .nq, .rdf, .owl or .jsonld, gzipped or not, or a folder with Shopify's taxonomy"
_BROADER = frozenset({f"{SKOS}broader", f"{SKOS}broaderTransitive", f"{_RDFS}subClassOf"})
_NARROWER = frozenset({f"{SKOS}narrower", f"{SKOS}narrowerTransitive"})
_PREFERRED = frozenset({f"{SKOS}prefLabel", RDFS_LABEL})
_ALTERNATIVE = frozenset({f"{SKOS}altLabel", f"{SKOS}hiddenLabel", f"{SCHEMA}alternateName"})
_EXACT = frozenset({f"{SKOS}exactMatch", f"{_OWL}equivalentClass", f"{_OWL}sameAs"})
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
    """Every skos:Concept, rdfs:Class and owl:Class that has a name; ordered by IRI.

    Raises DataError that names the file, and the line of what does not parse: an unknown suffix, broken
    syntax, bytes that are not UTF-8, damaged gzip data, a circle of broader concepts, nothing of use.
    """
    content, suffix = _read(path)
    gathered = _Gathered()
    for quad in _parse(path, content, suffix):
        _add(gathered, quad)
    ontology = _ontology(path, gathered)
    check_acyclic(path, ontology)
    return ontology


def _read(path: Path) -> tuple[bytes, str]:
    if not path.exists():
        raise DataError(path, "there is no such file or folder. Check the path.")
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if not suffixes or suffixes[-1] not in _FORMATS:
        raise DataError(path, f"its suffix tells no RDF format. Give it one of {_KNOWN}.")
    return read_unzipped(path), suffixes[-1]


def _parse(path: Path, content: bytes, suffix: str) -> Iterator[pyoxigraph.Quad]:
    base = f"urn:cartograph:file:{path.name.split('.')[0]}/"
    try:
        yield from pyoxigraph.parse(content, _FORMATS[suffix], base_iri=_absolute(base))
    except SyntaxError as error:
        problem = error.msg.removeprefix("Parser error ").split(": ", 1)[-1]
        name = _FORMATS[suffix].name
        raise DataError(
            path, f"is not {name} here: {problem}. Correct the file.", line=error.lineno
        ) from None


def _absolute(base: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in ":/-._") else "_" for c in base)


def _add(gathered: _Gathered, quad: pyoxigraph.Quad) -> None:
    subject, predicate, thing = quad.subject, quad.predicate.value, quad.object
    if not isinstance(subject, NamedNode):
        return
    iri = subject.value
    if isinstance(thing, Literal):
        text = " ".join(thing.value.split())
        tag = language_of(text, thing.language or "")
        if text and predicate in _PREFERRED:
            gathered.preferred[iri].setdefault(tag, []).append((predicate == RDFS_LABEL, text))
        elif text and predicate in _ALTERNATIVE:
            gathered.alternative[iri].setdefault(tag, set()).add(text)
    elif isinstance(thing, NamedNode):
        if predicate == RDF_TYPE and thing.value in _CLASSES:
            gathered.concepts.add(iri)
        elif predicate in _BROADER:
            gathered.broader.add((iri, thing.value))
        elif predicate in _NARROWER:
            gathered.broader.add((thing.value, iri))
        elif predicate in _EXACT:
            gathered.exact.add((iri, thing.value))


def _ontology(path: Path, gathered: _Gathered) -> Ontology:
    named = {iri for pair in gathered.broader for iri in pair} | gathered.concepts
    iris = sorted(iri for iri in named if iri in gathered.preferred)
    if not iris:
        raise DataError(
            path, "holds no concept with a name (skos:Concept, rdfs:Class or owl:Class with a label)."
        )
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
    preferred = {tag: min(names)[1] for tag, names in sorted(gathered.preferred[iri].items())}
    others: dict[str, set[str]] = {
        tag: set(names) for tag, names in gathered.alternative.get(iri, {}).items()
    }
    for tag, names in gathered.preferred[iri].items():
        others.setdefault(tag, set()).update(name for _, name in names)
    alternative = {
        tag: tuple(sorted(names - {preferred.get(tag, "")})) for tag, names in sorted(others.items())
    }
    return Concept(iri, preferred, {tag: names for tag, names in alternative.items() if names})
