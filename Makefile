# A newcomer needs only `make run` and `make test`. Each target creates .venv first if it is missing.

.DEFAULT_GOAL := help
.PHONY: help run demo test nightly check format docs screenshots bench shell install lock clean

# The first suitable Python on the PATH: `python3` may be too old or too new.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/installed
# The files that mypy checks: rules, actions, models, and the code that starts processes.
TYPED := $(sort $(wildcard */rules.py */rules/*.py */actions.py */actions/*.py */models.py */models/*.py) \
	dev/launcher.py dev/supervisor.py dev/environment.py $(wildcard dev/embedded/*.py) \
	$(filter-out database/document.py database/compiled.py,$(wildcard database/*.py)))
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS="$$(printf '\t')" read -r name text; \
		do printf '  make %-11s %s\n' "$$name" "$$text"; done

run: $(INSTALLED)  ## Run the product at http://127.0.0.1:8000 (HOST and PORT to change that)
	@exec $(BIN)/python -m dev.launcher

demo: $(INSTALLED)  ## Run the product with a made-up community and its history (data in .local/demo)
	@NRGHAX_DATA_DIR="$${NRGHAX_DATA_DIR:-$(CURDIR)/.local/demo}" exec $(BIN)/python -m dev.launcher --demo

test: $(INSTALLED)  ## Run all tests, including the browser tests
	@test -n "$(CHROMIUM)" || { echo "Chromium is missing; the browser tests need it:" \
		"apt-get install chromium, or set CHROMIUM to the path of a Chromium or Chrome."; exit 1; }
	CHROMIUM="$(CHROMIUM)" $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

nightly: $(INSTALLED)  ## Run all tests with many more examples and shifted clocks (takes most of an hour)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-nightly.txt
	CHROMIUM="$(CHROMIUM)" $(BIN)/python -m dev.nightly

check: $(INSTALLED)  ## Check style, templates, types, migrations and imports between apps
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

docs: $(INSTALLED)  ## Regenerate docs/database.md after a change of models or SQL
	@$(BIN)/python manage.py databasedoc

screenshots: $(INSTALLED)  ## Retake the pictures in docs/images, from a fresh demo
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python -m dev.screenshots

bench: $(INSTALLED)  ## Measure pages and jobs (takes minutes; dev/bench/README.md)
	@$(BIN)/python -m dev.bench

shell: $(INSTALLED)  ## Open a Python shell on the database
	@exec $(BIN)/python manage.py shell

install: $(INSTALLED)  ## Create .venv with the pinned requirements

# Scripts in .venv contain its absolute path, so a moved checkout needs a new one.
ifneq ($(shell cat $(INSTALLED) 2>/dev/null),$(CURDIR))
.PHONY: $(INSTALLED)
endif
$(INSTALLED): requirements.txt requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "NRGHAX needs Python 3.11, 3.12 or 3.13, but found none."; exit 1; }
	@test "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" || { rm -rf .venv && $(PYTHON) -m venv .venv; } \
		|| { echo "Python can't create .venv. On Debian and Ubuntu: apt-get install python3-venv"; rm -rf .venv; exit 1; }
	@echo "Installing requirements.txt and requirements-dev.txt into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@echo "$(CURDIR)" > $@

lock: $(INSTALLED)  ## Pin requirements.txt and requirements-dev.txt from their .in files
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	for name in requirements requirements-dev; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--no-header --no-emit-index-url $$name.in --output-file $$name.txt || exit 1; done
	@$(MAKE) --no-print-directory install

clean:  ## Delete .venv and the tools' caches (keeps the data in .local)
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
