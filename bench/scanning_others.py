"""Other scanners, asked over standard input: `{"name", "texts"}` a line in, `{"cpu", "found"}` a line out.

With `--files`, detect-secrets on a list of `{"text", "suffix"}`: how many it finds in each.

A script of its own, that imports nothing of Lockgate, because they may be installed in another environment.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


def presidio() -> Callable[[str], int]:
    """presidio-analyzer with its pattern recognizers and a blank language model: as fast as it can be."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Blank(SpacyNlpEngine):
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    registry.remove_recognizer("SpacyRecognizer")
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])
    return lambda text: len(engine.analyze(text, language="en"))


def datafog() -> Callable[[str], int]:
    """datafog's scan with its engine of patterns, which tells spans."""
    import datafog

    return lambda text: len(datafog.scan(text, engine="regex").entities)


def detect_secrets(suffix: str = ".txt") -> Callable[[str], int]:
    """detect-secrets with its default plugins, on a file."""
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    def look(text: str) -> int:
        with tempfile.TemporaryDirectory() as folder, default_settings():
            file = Path(folder, "text" + suffix)
            file.write_text(text)
            secrets = SecretsCollection()
            secrets.scan_file(str(file))
            return len(list(secrets))

    return look


MAKE = {"presidio": presidio, "datafog": datafog, "detect-secrets": detect_secrets}


def main() -> None:
    """Answer until standard input ends."""
    out = sys.stdout
    if "--files" in sys.argv:
        print(json.dumps([detect_secrets(one["suffix"])(one["text"]) for one in json.load(sys.stdin)]))
        return
    sys.stdout = sys.stderr  # what libraries print is no answer
    made: dict[str, Callable[[str], int]] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if asked["name"] not in made:
                made[asked["name"]] = MAKE[asked["name"]]()
                made[asked["name"]](asked["texts"][0][:2000])
            look = made[asked["name"]]
            begin = time.process_time()
            found = sum(map(look, asked["texts"]))
            answer: dict[str, object] = {"cpu": time.process_time() - begin, "found": found}
        except ImportError as error:
            answer = {"missing": str(error)}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
