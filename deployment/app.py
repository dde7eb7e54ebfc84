"""The Space: opens the model folder beside this file and serves it."""

from pathlib import Path

from recognizer.serve.classifier import Classifier
from recognizer.serve.interface import launch_options, make_interface
from recognizer.serve.uploads import delete_all_at_the_end

demo = make_interface(Classifier(Path(__file__).parent / "model"))

if __name__ == "__main__":
    delete_all_at_the_end()
    demo.launch(**launch_options())
