# The one list of commands. `make` alone prints it.
.DEFAULT_GOAL := help
AWQCTL := .venv/bin/awqctl
PYTHON := .venv/bin/python
# Tests start hundreds of processes; where a container forbids bytecode, each would compile its imports again.
export PYTHONDONTWRITEBYTECODE :=

# What they reach is written into serve/RELIABILITY.md with ROWS=--keep.
ROWS :=

.PHONY: help demo test test-all unit coverage families pythons check format lock bench-quantize bench-eval bench-compare bench-client bench-second-server bench-many bench-gate check-workbook check-page grade-plan grade-plan-cpu compare-backends faults report-picture check-clients cuda-contract wheel clean chaos bench-serve soak-serve

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: .venv/.ready ## set up everything and run the packaged recipe `demo`, all stages
	$(AWQCTL) run demo

test: check ## everything that CI runs: units with two workers, fake engines (which wait a lot) with four, then real engines
	$(PYTHON) -m pytest -q -n 2 --durations=20 tests/unit
	$(PYTHON) -m pytest -q -n 4 --durations=20 tests/integration
	$(PYTHON) -m pytest --durations=20 --ignore=tests/unit --ignore=tests/integration

test-all: test families faults ## `make test`, all model families and the fault trials (before changes to them are merged)

families: .venv/.ready ## every model family through both backends into real vLLM, not only the eight of `make test`
	$(PYTHON) -m pytest --families tests/e2e/test_families.py

pythons: .venv/.ready ## the unit tests on Python 3.11, 3.12 and 3.13, as far as uv brings them
	$(PYTHON) tests/pythons.py

unit: .venv/.ready ## the loop: unit tests, without those that price, render or simulate whole runs (`make test` has them)
	$(PYTHON) -m pytest -q -n 2 -m "not whole" tests/unit

coverage: .venv/.ready ## branch coverage of the pure rooms by their own tests; fails below 95 %
	$(PYTHON) tests/pure_rooms.py

check: .venv/.ready ## formatter, linter, types and the import contract
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/.ready ## format and fix what can be fixed
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lock: .venv/.ready ## resolve all lock files again (maintainers)
	$(PYTHON) -m pipeline.runtimes.lock_files

bench-quantize: .venv/.ready ## the stage `quantize` against the bare backends: time and memory (nothing else may run)
	$(PYTHON) tests/benchmarks/quantize.py

bench-eval: .venv/.ready ## awqctl eval against lm_eval by hand on one server (nothing else may run)
	$(PYTHON) tests/benchmarks/evaluation.py

bench-compare: .venv/.ready ## awqctl compare on 14 042 items in 57 groups (nothing else may run)
	$(PYTHON) tests/benchmarks/compare.py

bench-client: .venv/.ready ## the load client against a server of known speed, 1 to 10 000 concurrent (nothing else may run)
	$(PYTHON) tests/benchmarks/bench_client.py

bench-second-server: .venv/.ready ## `awqctl bench --endpoint` on llama.cpp and on vLLM with the demo's model (nothing else may run)
	$(PYTHON) tests/benchmarks/second_server.py --beside-vllm

bench-many: .venv/.ready ## ten to ten thousand requests at once on the demo's model, without and with the door (nothing else may run)
	$(PYTHON) -m tests.benchmarks.many_at_once
	$(PYTHON) -m tests.benchmarks.many_at_once --door

chaos: .venv/.ready ## the endpoint while parts of it are killed, hang, drown and change: a row for each promise (minutes; nothing else may run)
	$(PYTHON) -m tests.chaos $(ROWS)

bench-serve: .venv/.ready ## what the door costs beside the engine alone, and ten thousand requests at once (minutes; nothing else may run)
	$(PYTHON) -m tests.chaos --bench $(ROWS)

soak-serve: .venv/.ready ## the endpoint for an hour: errors, memory and descriptors of every process; then half an hour at saturation
	$(PYTHON) -m tests.chaos soak saturation $(ROWS)

bench-gate: .venv/.ready ## how often the accuracy gate passes wrongly at the margin, and every simulation of the unit tests at its whole size
	$(PYTHON) tests/benchmarks/gate.py
	AWQCTL_TEST_SIMULATIONS=whole $(PYTHON) -m pytest -q -n 2 tests/unit/eval/statistics tests/unit/eval/bench/test_enough.py tests/unit/pipeline/plan/test_properties.py tests/unit/pipeline/roi

check-workbook: .venv/.ready ## formulas of 1 000 exported workbooks, recalculated by LibreOffice, against exact fractions (minutes)
	$(PYTHON) -m tests.benchmarks.workbook

grade-plan: .venv/.ready ## what the planner says against published start-up logs and throughput, by GPU family and term
	$(PYTHON) -m tests.planner_truth.grade

grade-plan-cpu: .venv/.ready ## what the planner says against the log of the real vLLM on this machine's CPU, for shapes that differ (minutes)
	$(PYTHON) -m tests.benchmarks.plan_cpu

compare-backends: .venv/.ready ## the table of recipes/README.md: 16 bit, both backends, plain rounding
	$(PYTHON) tests/benchmarks/backends.py

faults: .venv/.ready ## kill, fill up and damage the stage `quantize` in every way we know
	$(PYTHON) -m tests.faults.quantize

report-picture: .venv/.ready ## the picture in the README, from the report of the last `make demo`; needs Chromium
	$(PYTHON) tests/report_picture.py

check-page: .venv/.ready ## the HTML report of the last `make demo` in real Chromium: every figure, screen, key and axe; needs npm
	$(PYTHON) -m tests.page.check

check-clients: .venv/.ready ## other people's clients, hostile requests and a fuzzer on the endpoint with real vLLM (half an hour)
	$(PYTHON) -m tests.clients.check

cuda-contract: .venv/.ready ## without a GPU: the CUDA environments (11 GiB), vLLM's parser and its log's words
	$(PYTHON) -m pytest --timeout=3600 tests/cuda_contract

wheel: .venv/.ready ## build the wheel into dist/
	.venv/bin/uv build --quiet --wheel --no-build-isolation --out-dir dist

clean: ## remove .venv, dist and caches; engine environments stay (`awqctl env rm`)
	rm -rf .venv .coverage dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/.ready: pyproject.toml pipeline/runtimes/locks/awqctl.txt
	@.ci/bootstrap
