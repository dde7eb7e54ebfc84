"""The parts of the photo store: what it holds, how it is found, stored, judged and forgotten."""
