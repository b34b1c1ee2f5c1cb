"""The statements of an RDF file, whichever of the usual formats it is in, or the line where it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

import pyoxigraph
from pyoxigraph import RdfFormat

from engine.errors import DataError
from index_builder.graph.ontologies.files import read_unzipped

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
_BOM = b"\xef\xbb\xbf"
_REMOTE = "remote context"


def read_statements(path: Path) -> Iterator[pyoxigraph.Quad]:
    """One after the other: a file that breaks off gives its first statements before the error.

    Raises DataError with the file and, where the format tells it, the line: no such file, an unknown suffix,
    damaged gzip data, broken syntax, bytes that are not UTF-8, a JSON-LD context that is on the network.
    """
    if not path.exists():
        raise DataError(path, "there is no such file or folder. Check the path.")
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if not suffixes or suffixes[-1] not in _FORMATS:
        raise DataError(path, f"its suffix tells no RDF format. Give it one of {_KNOWN}.")
    content = read_unzipped(path).removeprefix(_BOM)
    chosen = _FORMATS[suffixes[-1]]
    try:
        yield from pyoxigraph.parse(content, chosen, base_iri=_base(path))
    except SyntaxError as error:
        line = _xml_line(content) if chosen == RdfFormat.RDF_XML else error.lineno
        raise DataError(path, _problem(error.msg, chosen), line=line) from None


def _problem(message: str, chosen: RdfFormat) -> str:
    if _REMOTE in message:
        return "names a context on the network, which is never fetched. Write the context into the file."
    problem = message.removeprefix("Parser error ").split(": ", 1)[-1]
    return f"is not {chosen.name} here: {problem}. Correct the file."


def _xml_line(content: bytes) -> int | None:
    """Where XML is not well-formed: the RDF parser does not say."""
    try:
        expat.ParserCreate().Parse(content, True)
    except expat.ExpatError as error:
        return error.lineno
    return None


def _base(path: Path) -> str:
    """What relative IRIs are read against."""
    base = f"urn:cartograph:file:{path.name.split('.')[0]}/"
    return "".join(c if c.isascii() and (c.isalnum() or c in ":/-._") else "_" for c in base)
