"""What pyproject.toml has no word for: folders beside the package that are within it once it is installed.

`recognizer.files.carried` finds them in either place.
"""

from setuptools import find_packages, setup

CARRIED = {
    "recognizer.recipes": "data/recipes",
    "recognizer.publish.deployment": "deployment",
    "recognizer.publish.docs": "docs",
}
setup(packages=[*find_packages(include=["recognizer", "recognizer.*"]), *CARRIED], package_dir=CARRIED)
