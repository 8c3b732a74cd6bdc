# Two commands: `make run` starts everything, `make test` checks everything. `make bench` measures the hot path.
# PYTHON=... chooses an interpreter for .venv; PORT=... HOST=... make run choose the address.
VENV := .venv
BIN := $(VENV)/bin
PYTHONS := $(PYTHON) python3 python3.13 python3.12 python3.11

# Secrets and settings of its own for every check, so that none reads or makes a `.env`.
KEY = $$($(BIN)/python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())")
MANAGE = env -u DATABASE_URL -u REDIS_URL -u DEBUG ENV_FILE= HOST=console.example.org DATA_DIR=$(VENV)/checks \
	SECRET_KEY=$(KEY)$(KEY) AI_ENCRYPTION_KEY=$(KEY) $(BIN)/python manage.py

.PHONY: run test bench fuzz lint checks install install-test

run: install
	@$(BIN)/python manage.py up

# Installs only what a changed requirements file asks for (see install.py): quick when nothing changed.
install install-test:
	@for python in $(PYTHONS); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec $$python aiops_site/install.py $@; \
		fi; \
	done; \
	echo "Python 3.11 or newer is needed, and none of these is one: $(PYTHONS). Install it, or name it: PYTHON=... make run" >&2; \
	exit 1

lint: install-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

checks: install-test
	@$(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) check --deploy --fail-level WARNING

test: lint checks
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

# More words for it: BENCH="--quick --no-litellm"; every figure there is: BENCH=all (see docs/benchmarks.md).
bench: install-test
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.benchmarks $(BENCH)

# Made-up requests over the whole schema in all four roles, half an hour or more. FUZZ="--roles viewer --examples 5"
fuzz: install-test
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.fuzz $(FUZZ)
