"""Collect with this package: with_ours.py ADDRESSES FOLDER prints photos and seconds as JSON."""

import json
import sys
import time
from pathlib import Path

from recognizer.collect.collect import collect
from recognizer.recipe import PhotoClass, Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit

CLASSES = 12

addresses, work = Path(sys.argv[1]).read_text().splitlines(), Path(sys.argv[2])
labels = [f"class {number}" for number in range(CLASSES)]
classes = [PhotoClass(name=label, queries=[label]) for label in labels]
base = Recipe(name="benchmark", title="Benchmark", classes=classes)
recipe = base.model_copy(update={"collect": base.collect.model_copy(update={"photos": len(addresses)})})
with PhotoStore(work, labels) as store:
    for number, label in enumerate(labels):
        store.hits.add_page("duckduckgo", label, label, 1, map(Hit, addresses[number::CLASSES]))
        store.hits.add_page("duckduckgo", label, label, 2, [])
    begun = time.monotonic()
    report = collect(recipe, store)
    seconds = time.monotonic() - begun
settled = report["counts"]["stored"] + report["counts"]["duplicate"]
print(json.dumps({"photos": settled, "seconds": seconds}))
