# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# `make` alone lists the targets. Everything that is made goes to .cache/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

PATH_OUTSIDE := $(PATH)
export PATH := $(CURDIR)/.cache/venv/bin:$(PATH)
# The stages are started by tools/stages.py, which starts this make again.
export MAKE

ENV := .cache/venv/made-from
OLDEST := .cache/venv-oldest/made-from
IMPORTER := .cache/venv-importer/made-from
LINK := .cache/collections/ansible_collections/gitlab_ops/duo
WITH_LINK := ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.cache/collections"
WITH_BUILT := ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.cache/installed"
# The lower bounds of requirements.txt and the ansible-core of meta/runtime.yml.
WITH_OLDEST := PATH="$(CURDIR)/.cache/venv-oldest/bin:$$PATH"
# What pages of the documentation and examples show is shown with the newest versions.
PAGES := $(foreach it,documents readme automation_platform gitlab_ci molecule_example,--ignore tests/integration/test_$(it).py)
LINTERS := lint-ansible lint-docs lint-changelog lint-types lint-python lint-yaml lint-ci lint-licences lint-spelling

AXE := .cache/npm/node_modules/axe-core/axe.min.js

.PHONY: help test lint $(LINTERS) unit unit-oldest integration integration-oldest torture mutation browser molecule smoke next matrix packaging coverage sanity build release verify links
.PHONY: conformance demo demo-upgrade docs screenshots packages env constraints format clean

help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 25

test: packages $(ENV) build ## Everything: linters, unit and integration tests, ansible-test sanity
	@python -m tools.stages sanity integration unit integration-oldest unit-oldest smoke molecule packaging browser docs $(LINTERS)

lint: $(ENV) ## All linters (make lint-types and so on: one of them)
	@python -m tools.stages $(LINTERS)

unit: export COVERAGE_FILE := $(CURDIR)/.cache/coverage-unit/data
unit: $(ENV) ## Unit tests; ARGS='-k name -x' goes to pytest; with CI the core's branches are counted: below 95 % fails
ifdef CI
	rm -rf .cache/coverage-unit && mkdir -p .cache/coverage-unit
	COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml python -m pytest -n 2 tests/unit/core --ignore-glob '*/test_junk_*'
	coverage combine --quiet
	coverage json --quiet --fail-under=0 -o .cache/coverage-unit/data.json
	python -m tools.branches .cache/coverage-unit/data.json
	python -m pytest -n 2 tests/unit --ignore-glob '*/core/test_[!j]*'  # the others, as measuring takes longer
else
	python -m pytest -n 2 $(ARGS)
endif

integration: build ## Playbooks with the built collection against the sandbox (three releases; with CI seven; DUO_RELEASES=all: all)
	$(if $(CI),DUO_RELEASES=milestones) $(WITH_BUILT) python -m pytest -n 2 tests/integration $(ARGS)

unit-oldest: $(OLDEST) ## Unit tests with the oldest versions that the collection promises
	$(WITH_OLDEST) python -m pytest -n 2 --ignore-glob '*/test_junk_*' $(ARGS)

integration-oldest: build $(OLDEST) ## Playbooks with those versions
	$(WITH_OLDEST) $(WITH_BUILT) python -m pytest -n 2 tests/integration --ignore tests/integration/torture $(PAGES) $(ARGS)

torture: build ## Faults, interruptions, load and junk in full: long, and ends with figures
	DUO_TORTURE=full python -m pytest -n 2 tests/unit/core/test_junk_options.py tests/unit/core/test_junk_answers.py
	DUO_TORTURE=full DUO_RELEASES=all $(WITH_BUILT) python -m pytest -n 2 tests/integration/torture $(ARGS)

mutation: $(ENV) ## Whether the tests notice small faults in plans and rules; ARGS=_engine/plan.py: one file
	python -m tools.mutation $(ARGS)

browser: $(ENV) $(AXE) ## The report's page in a real Chromium; pictures in .cache/browser
	python -m pytest tests/browser $(ARGS)

# Left to itself it would write into the home directory.
molecule: export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
molecule: export MOLECULE_EPHEMERAL_DIRECTORY := $(CURDIR)/.cache/molecule
molecule: build ## The scenarios of extensions/molecule; ARGS='-s upgrade': one of them
	@mkdir -p .cache/molecule
	@! test -e .cache/molecule/sandbox.pid || molecule destroy  # that of a run that was killed
	molecule test $(or $(ARGS),--all --workers 2)

smoke: build ## A part of the playbooks with each ansible-core between the oldest and the newest
	$(WITH_BUILT) python -m nox --session smoke $(ARGS)

next: build ## The same with the newest ansible-core, releases to come included
	$(WITH_BUILT) python -m nox --session next $(ARGS)

matrix: build ## All playbooks and sanity with each ansible-core and its Pythons: long; ARGS=--list
	$(if $(CI),DUO_RELEASES=all) $(WITH_BUILT) python -m nox $(ARGS)

packaging: build ## What users install: the tarball twice, an execution environment, an isolated machine
	$(WITH_BUILT) python -m pytest tests/packaging $(ARGS)

coverage: export COVERAGE_PROCESS_START := $(CURDIR)/pyproject.toml
coverage: export COVERAGE_FILE := $(CURDIR)/.cache/coverage/data
coverage: build ## Which branches of plugins/ the tests take, in all processes; below 95 % fails; .cache/coverage/html
	rm -rf .cache/coverage && mkdir -p .cache/coverage
	python -m pytest -n 2 tests/unit/core tests/unit/report --ignore-glob '*/test_junk_*'
	$(WITH_BUILT) python -m pytest -n 2 tests/integration --ignore tests/integration/torture
	coverage combine --quiet
	coverage html --quiet --fail-under=0
	coverage report

sanity: $(ENV) ## ansible-test sanity; ARGS='--test import' goes to it
	python -m tools.sanity $(ARGS)

build: $(ENV) ## The tarball in .cache/dist, installed in .cache/installed
	python -m tools.collection build

release: $(ENV) $(IMPORTER) ## What a release consists of, signed and verified: KEY=fingerprint, or DRY_RUN=yes to try
	python -m tools.release

links: $(ENV) ## Whether the links of the documentation to other sites still lead somewhere
	@python -m tools.outside_links

verify: $(ENV) ## Checksum, signature and contents of a release: ARTIFACT=file [KEYS=release-key.asc] [TAG=tag]
	@python -m tools.verify $(ARTIFACT) $(if $(KEYS),--keys "$(KEYS)") $(if $(TAG),--tag "$(TAG)")

demo: build ## See the collection at work on a stand-in GitLab
	$(WITH_BUILT) python -m tools.demo

demo-upgrade: build ## See an instance go through upgrades that lose settings, and get them back
	$(WITH_BUILT) python -m tools.demo_upgrade

screenshots: demo ## The picture of the report in docs/, made from the demo
	python -m tools.screenshot

packages: ## The Debian packages that the tests need: installed when root, otherwise named
	@PATH="$(PATH_OUTSIDE)" python3 -m tools.system

docs: $(ENV) ## The documentation as a site in .cache/docs; warnings and broken links are failures
	python -m tools.site

bench: build ## What a run costs, beside what people use instead; ARGS=--quick, ARGS=--help
	$(WITH_BUILT) python -m benchmarks $(ARGS)

# Handed over by the environment: a token has no place among a process's arguments.
conformance: export GITLAB_URL := $(or $(URL),$(GITLAB_URL))
conformance: export GITLAB_TOKEN := $(or $(TOKEN),$(GITLAB_TOKEN))
conformance: $(ENV) ## Whether a GitLab of yours is as the collection believes: URL=... TOKEN=... [WRITE=yes] [OUT=folder]
	@python -m tools.conformance

env: $(ENV) ## The environment in .cache/venv that all the others use; PYTHON=path, LOCKED=yes: constraints.txt

constraints: $(ENV) ## The versions that LOCKED=yes keeps to: the newest of today, for every Python from 3.11
	head -2 requirements.txt > .cache/constraints.txt
	uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
		requirements.txt requirements-dev.txt >> .cache/constraints.txt
	mv .cache/constraints.txt constraints.txt

format: $(ENV) ## Let ruff mend what it can
	-ruff check --fix .
	ruff format .

clean: ## Remove everything that was made
	rm -rf .cache .ansible

lint-python: $(ENV)
	ruff check .
	ruff format --check .

lint-yaml: $(ENV)
	yamllint --strict .

lint-types: $(LINK)
	mypy --python-version 3.10 -p ansible_collections.gitlab_ops.duo.plugins
	mypy -p sandbox -p tools -p benchmarks

lint-ansible: $(LINK)
	$(WITH_LINK) ansible-lint

lint-docs: $(ENV)
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .

lint-changelog: $(ENV)
	antsibull-changelog lint

lint-ci: $(ENV)
	check-jsonschema --builtin-schema vendor.gitlab-ci .gitlab-ci.yml
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	check-jsonschema --builtin-schema vendor.renovate renovate.json

lint-licences: $(ENV)
	reuse lint

lint-spelling: $(ENV)
	git ls-files -z --cached --others --exclude-standard | xargs -0 codespell

$(ENV) $(OLDEST) $(IMPORTER): .cache/%/made-from: requirements.txt requirements-test.txt requirements-dev.txt \
		requirements-importer.txt constraints.txt meta/runtime.yml tools/environment.py
	@PATH="$(PATH_OUTSIDE)" python3 -m tools.environment $*

$(AXE): tests/browser/package.json
	@mkdir -p .cache/npm && cp $< .cache/npm/
	npm install --prefix .cache/npm --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# They are no files whose age make could compare.
ifneq ($(PYTHON)$(LOCKED),)
.PHONY: $(ENV)
endif

$(LINK): | $(ENV)
	python -m tools.collection link
