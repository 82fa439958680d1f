# Every target sets up what it needs first (see tools/setup.sh); a second run starts at once.
#   PYTHON=/path/to/python3   the interpreter to make .venv with (default: python3)
#   ARGS="..."                passed on, as in: make app ARGS="--port 7000", make test ARGS="-k gan"

export PYTHON CHROMIUM
python := .venv/bin/python
ARGS ?=
# pythae brings a copy of `dataclasses` for Python 3.6, which would hide Python's own.
peers := $(python) -m pip install -q -e '.[bench]' && $(python) -m pip uninstall -q -y dataclasses
# Only where there is a screen: elsewhere a browser in the terminal might start.
browse := $(if $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname)),--open)

.DEFAULT_GOAL := help
.PHONY: help app test check format figures bench bench-training screenshots

help: ## what there is to make
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

app: ## set up and open the app on http://127.0.0.1:7860
	@tools/setup.sh app
	@$(python) app.py $(browse) $(ARGS)

# Three at a time: on two cores, too, since a test often waits for a browser.
test: ## set up (a browser too) and run every test
	@tools/setup.sh dev
	@tools/setup.sh chromium
	@$(python) -m pytest -n 3 --dist loadfile $(ARGS)

check: ## lint, formatting, types
	@tools/setup.sh dev
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy

format: ## put the code into the project's format
	@tools/setup.sh dev
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

figures: ## write the figures of checkpoints/ into the READMEs
	@tools/setup.sh app
	@$(python) docs/figures.py

bench: ## how long a visitor waits, how fast models draw, write and train (DATA=/path/to/mnist)
	@tools/setup.sh dev
	@tools/setup.sh chromium
	@$(python) -m benchmarks.speed $(ARGS)
	@$(peers) || echo "The peers are not installed."
	@GOMP_SPINCOUNT=3000 $(python) -m benchmarks.drawing  # as app.py sets it
	@GOMP_SPINCOUNT=3000 $(python) -m benchmarks.writing
	@GOMP_SPINCOUNT=3000 $(python) -m benchmarks.latents
	@$(MAKE) --no-print-directory bench-training ARGS=

bench-training: ## how fast each family trains, beside peers (DATA=/path/to/mnist)
	@tools/setup.sh dev
	@$(peers)
	@$(python) -m benchmarks.training --data $(or $(DATA),data) $(ARGS)

screenshots: ## make the pictures of the READMEs from the running app
	@tools/setup.sh dev
	@tools/setup.sh chromium
	@$(python) docs/screenshot.py
