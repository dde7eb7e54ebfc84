"""Collect with this package: with_ours.py ADDRESSES FOLDER prints photos and seconds as JSON."""

import json
import sys
import time
from pathlib import Path

from recognizer.collect.collector import collect
from recognizer.collect.search import Hit
from recognizer.photos import PhotoStore
from recognizer.recipe import PhotoClass, Recipe

CLASSES = 12

addresses, work = Path(sys.argv[1]).read_text().splitlines(), Path(sys.argv[2])
labels = [f"class {number}" for number in range(CLASSES)]
classes = [PhotoClass(name=label, queries=[label]) for label in labels]
base = Recipe(name="benchmark", title="Benchmark", classes=classes)
recipe = base.model_copy(update={"collect": base.collect.model_copy(update={"photos": len(addresses)})})
with PhotoStore(work, labels) as store:
    for number, label in enumerate(labels):
        store.add_page("duckduckgo", label, label, 1, map(Hit, addresses[number::CLASSES]))
        store.add_page("duckduckgo", label, label, 2, [])
    begun = time.monotonic()
    report = collect(recipe, store)
    seconds = time.monotonic() - begun
settled = report["counts"]["stored"] + report["counts"]["duplicate"]
print(json.dumps({"photos": settled, "seconds": seconds}))
