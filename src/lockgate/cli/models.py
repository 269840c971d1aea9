"""`lockgate models`: fetch, list and verify the weights of the models that run on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lockgate.adapters.weights import State, Weights, default_folder, shipped
from lockgate.cli import acceptance

_ABOUT = """\
Weights are data: each file is pinned by its SHA-256 in this release of Lockgate, is downloaded as part of a wheel
that is never installed, and is checked again whenever it is loaded. A copy of your own is as good:

  lockgate models fetch                        download what is missing (about 190 MB)
  lockgate models fetch --from /media/usb      take the files from a folder, without a network
  lockgate models list                         what is pinned, where it comes from, what is here
  lockgate models verify                       hash every file; exit code 1 if one is missing or changed

A model that we run ourselves answers nobody until somebody has accepted the risk of that:

  lockgate models responsibilities             what is ours, the provider's or shared, and who accepted it
  lockgate models accept MODEL --until 2027-03-31 --by "A. Berg, CISO" --reason "pilot in legal"
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command group."""
    group = commands.add_parser(
        "models",
        help="weights of local models, and responsibility for those that we run",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = group.add_subparsers(dest="verb", metavar="VERB", required=True)
    fetch = verbs.add_parser("fetch", help="download what is missing, or take it from a folder")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="files to fetch; default: all")
    fetch.add_argument(
        "--from", dest="origin", type=Path, metavar="PATH", help="take them from this folder or file"
    )
    fetch.set_defaults(run=_fetch)
    listing = verbs.add_parser("list", help="what is pinned and what is here")
    listing.set_defaults(run=_list)
    verify = verbs.add_parser("verify", help="hash every file; exit code 1 if one is missing or changed")
    verify.set_defaults(run=_verify)
    acceptance.add(verbs)
    for verb in (fetch, listing, verify):
        verb.add_argument(
            "--folder",
            type=Path,
            default=None,
            help="models folder; default: LOCKGATE_MODELS, else lockgate/models in the cache folder",
        )
    for verb in (listing, verify):
        verb.add_argument("--json", action="store_true", help="for programs")


def _weights(args: argparse.Namespace) -> Weights:
    return Weights(args.folder or default_folder(), shipped())


def _fetch(args: argparse.Namespace) -> int:
    weights = _weights(args)
    for name in args.names or [weight.name for weight in weights.catalog]:
        if args.origin is not None:
            weights.adopt(name, args.origin)
            print(f"{name}: taken")
            continue
        new = weights.fetch(name, lambda line: print(line, file=sys.stderr, flush=True))
        print(f"{name}: {'fetched' if new else 'already here'}")
    print(f"models folder: {weights.folder}")
    return 0


def _list(args: argparse.Namespace) -> int:
    return _show(args, verify=False)


def _verify(args: argparse.Namespace) -> int:
    return _show(args, verify=True)


def _show(args: argparse.Namespace, *, verify: bool) -> int:
    weights = _weights(args)
    rows = [(weight, weights.state(weight.name)) for weight in weights.catalog]
    if args.json:
        fields = [
            {
                "name": weight.name,
                "state": state.value,
                "sha256": weight.sha256,
                "size": weight.size,
                "license": weight.license,
                "origin": weight.origin,
                "sources": [source.wheel for source in weight.sources],
            }
            for weight, state in rows
        ]
        print(json.dumps({"folder": str(weights.folder), "models": fields}, indent=2))
    else:
        print(f"models folder: {weights.folder}\n")
        for weight, state in rows:
            print(
                f"{state.value:8}{weight.name:36}{weight.size / 1e6:6.1f} MB  {weight.license}  {weight.purpose}"
            )
            if not verify:
                print(f"        sha256 {weight.sha256}\n        {weight.origin}")
    return 1 if verify and any(state is not State.READY for _, state in rows) else 0
