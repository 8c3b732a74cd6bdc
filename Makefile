# Two commands: `make run` starts everything, `make test` checks everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint install install-test

run: install
	@$(BIN)/python manage.py up

install: $(VENV)/.installed
$(VENV)/.installed: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing requirements (only when they change) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

install-test: install $(VENV)/.installed-test
$(VENV)/.installed-test: tests/requirements.txt requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

lint: install-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

test: lint
	@ENV_FILE= SECRET_KEY=$$(printf 'x%.0s' $$(seq 60)) AI_ENCRYPTION_KEY=$$($(BIN)/python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())") $(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python -m pytest -q
