"""`lockgate openapi`: the HTTP API as an OpenAPI 3.1 document."""

from __future__ import annotations

import argparse
import json

_ABOUT = """\
Prints the description of every route, for tools that read OpenAPI 3.1: generators of clients, gateways, fuzzers.
It is the same for every installation of this version, and says nothing about yours. It is not served over HTTP.

  lockgate openapi > lockgate-openapi.json
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    made = commands.add_parser(
        "openapi",
        help="print the HTTP API as an OpenAPI 3.1 document",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Print the document."""
    from lockgate.edge.openapi import document  # loads the edge: not for `lockgate --help`

    print(json.dumps(document(), indent=2))
    return 0
