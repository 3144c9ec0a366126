# `make help` lists what there is. Everything runs from .venv, which the first target makes from the hash-locked list.
PYTHON ?= python3
CORES ?= $(shell nproc --all)
BIN := .venv/bin
# Real data beside the project, for benchmarks; tests look there too.
SHARED ?= ../shared
.DEFAULT_GOAL := help
# Compiled modules are kept, whatever the shell says: they save every job seconds.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test cluster-test kill-sweep check real bench docs lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.installed: envs/requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Pugmark needs Python 3.11 or newer: make PYTHON=...")'
	@test ! -L .venv || { echo ".venv is a link, and what it leads to would be deleted: remove the link."; exit 1; }
	@echo "Installing the locked packages into .venv: about 7 GB, minutes on a slow connection."
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet uv==0.13.8
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes --compile-bytecode -r envs/requirements.txt
	touch $@

demo: .venv/.installed ## Draw the embedded survey and run everything on it: results/report/index.html
	$(BIN)/snakemake --cores $(CORES)
	@echo "Open results/report/index.html in a browser."

test: .venv/.installed ## Run the tests
	$(BIN)/python -m pytest

cluster-test: .venv/.installed ## Run the tests of a real SLURM cluster on this machine (Debian, root, minutes)
	tests/cluster/run

kill-sweep: .venv/.installed ## Kill the demo at 50 moments, resume it and compare all results (hours; KILLS=5 for fewer)
	$(BIN)/python tests/faults/kill_sweep.py --kills $(or $(KILLS),50)

check: .venv/.installed ## Formatting and lint of the code and of the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

real: .venv/.installed ## Run the workflow on the real data beside the project (skipped where it is absent)
	$(BIN)/python tests/real/run.py

bench: export PYTHONPATH = workflow
bench: .venv/.installed ## Run the benchmarks, each beside a named peer (real pictures from SHARED where it is there)
	$(BIN)/python benchmarks/bench_features.py $(if $(wildcard $(SHARED)/data),\
		--images $(SHARED)/data/holstein2025/datasets_v2 --weights $(SHARED)/weights/resnet18-imagenet.pth)
	$(BIN)/python benchmarks/bench_metrics.py --large
	$(BIN)/python benchmarks/bench_jaccard.py --large
	$(BIN)/python benchmarks/bench_local.py
	$(BIN)/python benchmarks/bench_reranking.py
	$(BIN)/python benchmarks/bench_masks.py
	$(BIN)/python benchmarks/bench_dve.py
	$(BIN)/python benchmarks/bench_methods.py
	$(BIN)/python benchmarks/bench_training.py
	$(if $(wildcard $(SHARED)/data),$(BIN)/python benchmarks/bench_detection.py \
		$(SHARED)/data/peru_camera_traps $(SHARED)/weights/yolo11n-coco.pt,@echo "bench_detection: skipped, no $(SHARED)/data")
	$(BIN)/python benchmarks/bench_dry_run.py
	$(BIN)/python benchmarks/bench_catalogue.py --batches 100
	$(BIN)/python benchmarks/bench_promise.py --seeds 5
	$(BIN)/python benchmarks/bench_scale.py --batches 100 --media 100
	$(BIN)/python benchmarks/bench_demo.py

docs: .venv/.installed ## Write the pages of docs/ that come from the code
	$(BIN)/python docs/generate.py

lock: .venv/.installed ## Write envs/requirements.txt and envs/pugmark.yaml anew from envs/requirements.in
	cd envs && ../$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --excludes excludes.txt requirements.in -o requirements.txt
	$(BIN)/python envs/pin.py

clean: ## Remove results and caches, keep the environment
	rm -rf results .snakemake .pytest_cache .ruff_cache
