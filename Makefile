# Each target is a task of make.py, which sets up .venv and then does what its name says.
# `make` alone lists them. Another Python: make PYTHON=python3.12 demo. More arguments: make test ARGS="-k net".

PYTHON ?= python3

help demo lab test check notebooks new-day docs gallery bench lock clean:
	@$(PYTHON) make.py $@ $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo lab test check notebooks new-day docs gallery bench lock clean
