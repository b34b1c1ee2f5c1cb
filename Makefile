# Needs Python 3.11 or newer and make. Everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
EXTRA ?= cpu
DEMO := .demo
SAMPLE := index_builder/sample
MODELS := models
FAULTS := .faults.xml
FAULT_REPORT := .faults.md
KILLS ?= 1000
FUZZ_INPUTS ?= 10000000
MODEL_OPERATIONS ?= 1000000
CONCURRENT_READS ?= 1000000
SOAK_SECONDS ?= 7200
JOBS ?= 2
CATALOG ?= $(SAMPLE)/products.jsonl
EVALUATION ?= $(SAMPLE)/queries.tsv

.PHONY: install demo test check lint soak fault bench models proto clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt $(wildcard proto/cartograph/v1/*.proto)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRA),model,otel,train,dev]'
	touch $@

demo: $(INSTALLED)
	$(BIN)/python -m index_builder build --out $(DEMO) \
		--catalog $(SAMPLE)/products.jsonl --queries $(SAMPLE)/past_queries.tsv \
		--ontology $(SAMPLE)/taxonomy.ttl \
		--judged-queries $(SAMPLE)/queries.tsv --qrels $(SAMPLE)/qrels.tsv
	$(BIN)/python -m benchmarks.demo --data $(DEMO)

# Side by side, file by file: most tests wait for a process, a disk or one core.
test: $(INSTALLED)
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code

check: lint test

# Two minutes of mixed load on a real server: no memory, file handle or thread may be left over.
soak: $(INSTALLED)
	$(BIN)/python -m pytest tests/fault/test_soak.py -m "long or not long" --timeout 0

# The long forms of all that is done to break a server (docs/faults.md), with the budgets above: many hours. The report
# is JUnit's XML, and a page of what was tried, lost and leaked.
fault: $(INSTALLED)
	CARTOGRAPH_KILLS=$(KILLS) CARTOGRAPH_FAULT_INPUTS=$(FUZZ_INPUTS) \
		CARTOGRAPH_FAULT_OPERATIONS=$(MODEL_OPERATIONS) CARTOGRAPH_FAULT_READS=$(CONCURRENT_READS) \
		CARTOGRAPH_FAULT_SECONDS=$(SOAK_SECONDS) \
		$(BIN)/python -m pytest tests/fault tests/integration/test_folding.py \
		tests/integration/test_train_commands.py -m "long or not long" --timeout 0 --junitxml $(FAULTS); \
	status=$$?; \
	$(BIN)/python -m tests.fault.report $(FAULTS) > $(FAULT_REPORT) || status=1; \
	cat $(FAULT_REPORT); \
	exit $$status

# Under 20 minutes on 2 cores. Results go to benchmarks/results/, named bench; the page of them is report.html.
bench: $(INSTALLED)
	test -d $(DEMO) || $(MAKE) demo
	$(BIN)/python -m benchmarks.latency --data $(DEMO) --queries $(SAMPLE)/queries.tsv --name bench
	$(BIN)/python -m benchmarks.load --data $(DEMO) --queries $(SAMPLE)/queries.tsv --name bench --seconds 5 \
		--threads 1 --server-flags processes=2
	$(BIN)/python -m benchmarks.deadlines --data $(DEMO) --queries $(SAMPLE)/queries.tsv --name bench
	$(BIN)/python -m benchmarks.filters --count 50000 --name bench
	$(BIN)/python -m benchmarks.growth --data $(DEMO) --sizes 10000 100000 --name bench
	$(BIN)/python -m benchmarks.relevance --data $(DEMO) \
		--queries $(SAMPLE)/queries.tsv --qrels $(SAMPLE)/qrels.tsv
	$(BIN)/python -m benchmarks.parts --data $(DEMO) --name bench \
		--queries $(SAMPLE)/queries.tsv --qrels $(SAMPLE)/qrels.tsv
	$(BIN)/python -m benchmarks.peers --data $(DEMO) --count 20000 --name bench
	$(BIN)/python -m benchmarks.report --names bench

# Trained models are not kept in the repository. GRAPH=DATA learns from the graph of that data folder.
models: $(INSTALLED)
	$(BIN)/python -m index_builder train encoder --catalog $(CATALOG) $(if $(GRAPH),--graph $(GRAPH)) \
		--evaluation-queries $(EVALUATION) --out $(MODELS)/encoder
	$(BIN)/python -m index_builder train reranker --catalog $(CATALOG) $(if $(GRAPH),--graph $(GRAPH)) \
		--evaluation-queries $(EVALUATION) --out $(MODELS)/reranker

proto: $(INSTALLED)
	$(BIN)/python -m grpc_tools.protoc --proto_path proto --python_out . --pyi_out . --grpc_python_out . \
		proto/cartograph/v1/*.proto

clean:
	rm -rf $(VENV) $(DEMO) $(FAULTS) $(FAULT_REPORT) cartograph .mypy_cache .ruff_cache .pytest_cache .hypothesis
