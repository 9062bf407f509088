# Each target makes and uses .venv; nothing outside the checkout is touched.
PYTHON ?= python3
BIN := .venv/bin

# Where nothing compiled is kept every process of the tests compiles all modules anew: a quarter of a second each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test coverage test-long test-thirdparty simulate honest year faults check bench bench-peers clean

demo: .venv/runtime
	rm -rf demo.db demo.db-wal demo.db-shm demo.db.unfinished* demo.db.sharing
	$(BIN)/cchc-connect demo --db demo.db

test: .venv/development
	$(BIN)/pytest -q -n 2 --dist worksteal

# The same tests, measured: a third slower.
coverage: .venv/development
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -q -n 2 --dist worksteal
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

# `make test-long EVERY=4`: only every fourth of them, where there is no time for all.
test-long: .venv/development
	$(BIN)/pytest -q -n 2 --dist worksteal -m long --every $(or $(EVERY),1)
	$(BIN)/pytest -q -n 2 --dist worksteal -m "hypothesis and not thirdparty and not long" --hypothesis-profile=all

test-thirdparty: .venv/development
	$(BIN)/pytest -q -m thirdparty

# One seed, or many: make simulate SEEDS=1000-1999
simulate: .venv/development
	$(BIN)/python -m tests.simulation $(or $(SEEDS),1000-1999)

# Honest sources with unusual habits, on both databases: every hold, incomplete, quarantine or exception is a false alarm.
# Some of them: make honest HONEST="1-20 sqlite"
honest: .venv/development
	$(BIN)/python -m tests.honest $(HONEST)

# A year of hourly runs over small sources: size of the database month by month, without a purge and with one.
year: .venv/development
	$(BIN)/python -m tests.simulation.print_year

# Every named fault of a network or a server over both carriers: what comes of it, seconds, memory.
# Some of them: make faults FAULTS="gzip_bomb hang"
faults: .venv/development
	$(BIN)/python -m tests.faults $(FAULTS)

check: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright

# `make bench BENCH=--quick` takes under two minutes.
bench: .venv/development
	$(BIN)/python -m tests.benchmarks $(BENCH)

# What others need, to be measured beside ours; each in an environment of its own under .bench/.
bench-peers: .venv/development
	$(BIN)/python -m tests.benchmarks.peer_systems

clean:
	rm -rf .venv .thirdparty .bench .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* dist build
	rm -rf demo.db demo.db-wal demo.db-shm demo.db.unfinished* demo.db.sharing

.venv/runtime: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[all]'
	touch $@

# The exact versions the tests are run with, each with its hash.
.venv/development: pyproject.toml .ci/requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement .ci/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
