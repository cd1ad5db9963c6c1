# Two commands: `make run` and `make test`. Each sets up what it needs on a machine with Python 3.11+.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup run test long check bench faults peers docs lock clean

setup: .venv/ready

.venv/ready: pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "collector needs Python 3.11 or newer; set PYTHON=python3.12, for example")'
	@echo 'setting up .venv: about half a minute'
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The example config measures a small application that stands beside it, so that is started too. The recorder is
# not in the foreground: dash would heed no signal before it ended, and make sends one to the shell alone.
run: setup
	@$(BIN)/python config/example/app.py & app=$$!; \
	$(BIN)/collector run --config config/collector.toml & recorder=$$!; \
	trap 'told=1; kill $$recorder $$app 2>/dev/null' HUP INT TERM; \
	wait $$recorder; status=$$?; \
	while [ -n "$$told" ] && [ $$status -gt 128 ]; do told=; wait $$recorder; status=$$?; done; \
	kill $$app 2>/dev/null; wait $$app 2>/dev/null; exit $$status

test: setup
	$(BIN)/pytest

# What takes longer than the rest: with it every test there is has run.
long: setup
	$(BIN)/pytest -m long

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 0 tests/test_floors.py

bench: setup
	$(BIN)/python -m benchmarks

# Every fault with its full count, against real daemons: hours. `make test` has the quick versions.
faults: setup
	$(BIN)/python -m tests.faults --jobs $(or $(JOBS),1) $(if $(MINUTES),--minutes $(MINUTES))

# Other detectors of changes, which only a benchmark sets beside ours: hundreds of megabytes, in a place of their own.
peers: .venv-peers/ready

.venv-peers/ready: requirements-peers.lock
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-peers.lock
	@touch $@

docs: setup
	$(BIN)/python docs/render.py
	$(BIN)/python docs/render_columns.py

# A lock names versions and hashes, never a registry.
lock:
	uv pip compile --universal --generate-hashes --no-header --no-emit-index-url --no-annotate --all-extras \
	  --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-header --no-emit-index-url --no-annotate --all-extras \
	  --python-version 3.11 --group dev pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --generate-hashes --no-header --no-emit-index-url --no-annotate \
	  --python-version 3.11 --group pyproject.toml:peers -o requirements-peers.lock

clean:
	rm -rf .venv .venv-peers .mypy_cache .ruff_cache .pytest_cache
