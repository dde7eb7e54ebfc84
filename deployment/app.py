"""The Space: opens the model folder beside this file and serves it."""

from pathlib import Path

from recognizer.serve.classifier import Classifier
from recognizer.serve.interface import launch_options, make_interface
from recognizer.serve.process import prepare_to_serve

demo = make_interface(Classifier(Path(__file__).parent / "model"))

if __name__ == "__main__":
    prepare_to_serve()
    demo.launch(**launch_options())
