# `make run` and `make test` are all that a newcomer needs; each target makes .venv first where it is missing.

.DEFAULT_GOAL := help
.PHONY: help run demo test nightly check format docs screenshots bench shell install lock clean

# The first Python that will do, should `python3` be too old or too new.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/installed
# Where the typed code lives: rules, actions and QuerySets, and what starts processes.
TYPED := $(sort $(wildcard */rules.py */rules/*.py */actions.py */actions/*.py */models.py */models/*.py) \
	dev/launcher.py dev/supervisor.py dev/environment.py $(wildcard dev/embedded/*.py) \
	$(filter-out database/document.py database/compiled.py,$(wildcard database/*.py)))
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

help:  ## Show what can be done
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS="$$(printf '\t')" read -r name text; \
		do printf '  make %-11s %s\n' "$$name" "$$text"; done

run: $(INSTALLED)  ## Run the product at http://127.0.0.1:8000 (HOST and PORT to change that)
	@exec $(BIN)/python -m dev.launcher

demo: $(INSTALLED)  ## Run the product with a community that has a past, on data of its own in .local/demo
	@NRGHAX_DATA_DIR="$${NRGHAX_DATA_DIR:-$(CURDIR)/.local/demo}" exec $(BIN)/python -m dev.launcher --demo

test: $(INSTALLED)  ## Run all tests, those in the browser too
	@test -n "$(CHROMIUM)" || { echo "Chromium is missing; the browser tests need it:" \
		"apt-get install chromium, or set CHROMIUM to the path of a Chromium or Chrome."; exit 1; }
	CHROMIUM="$(CHROMIUM)" $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

nightly: $(INSTALLED)  ## Run all tests with many more examples and under shifted clocks, for most of an hour
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-nightly.txt
	CHROMIUM="$(CHROMIUM)" $(BIN)/python -m dev.nightly

check: $(INSTALLED)  ## Check style, templates, types, migrations and the imports between the apps
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --check --lint --quiet templates
	DEBUG=on DATABASE_URL=postgresql://localhost/nrghax REDIS_URL=redis://localhost $(BIN)/mypy $(TYPED)
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/lint-imports

format: $(INSTALLED)  ## Format Python and templates
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/djlint --reformat --quiet templates

docs: $(INSTALLED)  ## Write docs/database.md anew, after a change of models or SQL
	@$(BIN)/python manage.py databasedoc

screenshots: $(INSTALLED)  ## Take the pictures in docs/images anew, of a demo of its own
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python -m dev.screenshots

bench: $(INSTALLED)  ## Measure the pages and the jobs, for minutes (dev/bench/README.md)
	@$(BIN)/python -m dev.bench

shell: $(INSTALLED)  ## Open a Python shell on the database
	@exec $(BIN)/python manage.py shell

install: $(INSTALLED)  ## Make .venv with the pinned requirements

# Programs in .venv hold its absolute path, so that a moved checkout needs a new one.
ifneq ($(shell cat $(INSTALLED) 2>/dev/null),$(CURDIR))
.PHONY: $(INSTALLED)
endif
$(INSTALLED): requirements.txt requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "NRGHAX needs Python 3.11, 3.12 or 3.13; none was found."; exit 1; }
	@test "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" || $(PYTHON) -m venv --clear .venv \
		|| { echo "Python can't make .venv; on Debian and Ubuntu: apt-get install python3-venv"; rm -rf .venv; exit 1; }
	@echo "Installing requirements.txt and requirements-dev.txt into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@echo "$(CURDIR)" > $@

lock: $(INSTALLED)  ## Pin requirements.txt and requirements-dev.txt anew from their .in files
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	for name in requirements requirements-dev; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--no-header --no-emit-index-url $$name.in --output-file $$name.txt || exit 1; done
	@$(MAKE) --no-print-directory install

clean:  ## Throw away .venv and what tools have cached; the data in .local stays
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
