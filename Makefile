# make setup    the virtual environment with what a user needs
# make demo     build the sample and serve it on http://127.0.0.1:7860
# make check    ruff and mypy
# make test     all tests, three at once, with whatever they need; of one room: make test ROOM=clean
# make site     what docs/ and its tests take from npm
# make pages    the pages of docs/ out of the recipe and the words

PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo check test site pages clean

setup: .venv/user
demo: setup
	$(BIN)/recognizer demo
check: .venv/developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
# Three, since tests wait for servers and pages a third of the time; with a thread for each, since threads that wait for
# those of others take more than twice as long.
test: .venv/developer .venv/browser site
	$(if $(ROOM),,OMP_NUM_THREADS=1) $(BIN)/python -m pytest $(if $(ROOM),tests/$(ROOM),-n 3 --dist loadfile --no-loadscope-reorder)
site: docs/vendor/gradio-client.js
pages: setup
	$(BIN)/python -m recognizer.publish.site
clean:
	rm -rf .venv node_modules docs/vendor

.venv/user: pyproject.toml setup.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check -e ".[train]"
	touch $@

.venv/developer: .venv/user requirements-dev.txt requirements-faces.txt
	$(BIN)/pip install --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/pip install --disable-pip-version-check --no-deps -r requirements-faces.txt
	touch $@

.venv/browser: .venv/developer tests/install-browser
	tests/install-browser $(BIN)
	touch $@

docs/vendor/gradio-client.js: package.json package-lock.json
	npm ci --no-audit --no-fund
	npm run --silent site
	touch $@
