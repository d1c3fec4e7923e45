SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Everything that is costly to make lies outside the checkout, keyed by content.
export OCPVIRT_DR_CACHE := $(or $(OCPVIRT_DR_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ocpvirt-dr)
export PYTHON := $(or $(PYTHON),$(shell dev/python))
ifeq ($(PYTHON),)
$(error no usable Python)
endif

# $(shell) sees no exported variables before make 4.4.
virtualenv = $(shell PYTHON='$(PYTHON)' OCPVIRT_DR_CACHE='$(OCPVIRT_DR_CACHE)' dev/virtualenv path $(1))
DEVELOP := $(call virtualenv,develop dev/requirements.txt)
OLDEST := $(call virtualenv,oldest dev/requirements-oldest.txt)
export VIRTUAL_ENV := $(DEVELOP)
export PATH := $(DEVELOP)/bin:$(PATH)

# Ansible finds the checkout here as ocpvirt.dr, wherever it lies; kubernetes.core is found in the virtualenv.
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/collections
LINK := build/collections/ansible_collections/ocpvirt/dr
KUBERNETES_CORE = $(wildcard $(DEVELOP)/lib/python*/site-packages/ansible_collections/kubernetes/core)

# Rules on types are strict where nothing but Python is at work: no client library, no Ansible.
PURE = $(wildcard $(foreach part,_model _planning _providers,plugins/module_utils/$(part)))
# With what `lab/lab build` sets, so that they share Go's build cache.
GO := CGO_ENABLED=0 GOWORK=off GOFLAGS=-trimpath go
SCRIPTS = .ci/run dev/bench dev/integration dev/python dev/sanity dev/system-packages dev/virtualenv lab/lab lab/demo/run

.PHONY: help
help:  ## this list
	@echo 'make TARGET, one of:'
	@sed -En 's/^([a-z-]+):.*  ## (.*)/  \1\t\2/p' Makefile | expand -t 16
	@echo 'Virtualenvs and binaries lie in $$OCPVIRT_DR_CACHE: $(OCPVIRT_DR_CACHE)'

.PHONY: setup
setup:  ## programs, virtualenvs and the link that makes the checkout a collection
	@dev/system-packages
	@dev/virtualenv make develop dev/requirements.txt
	@dev/virtualenv make oldest dev/requirements-oldest.txt
	@mkdir -p $(dir $(LINK)) build/reports
	@[ -e $(LINK)/galaxy.yml ] || ln -sfn ../../../.. $(LINK)

LINTS := lint-ansible lint-yaml lint-python lint-types lint-shell lint-go lint-release
.PHONY: lint $(LINTS)
lint: $(LINTS)  ## style and types: ansible-lint, yamllint, ruff, mypy, shellcheck, gofmt, go vet, changelog, documentation
$(LINTS): setup

lint-ansible:
	ansible-lint --offline --profile=production --strict

lint-yaml:
	yamllint --strict .

lint-python:
	ruff check .
	ruff format --check .

lint-types:
	mypy $(foreach part,$(PURE),-p $(subst /,.,$(patsubst plugins/%,ansible_collections.ocpvirt.dr.plugins.%,$(part))))

lint-shell:
	shellcheck $(SCRIPTS)

lint-go:
	@unformatted=$$(gofmt -l lab/components); [ -z "$$unformatted" ] || { echo "not as gofmt writes it: $$unformatted" >&2; exit 1; }
	cd lab/components/site && $(GO) vet ./...

lint-release:
	antsibull-changelog lint
	@# It would leave its log in the home folder.
	HOME=$(CURDIR)/build antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=dependent --skip-rstcheck $(LINK)

.PHONY: format
format: setup  ## rewrites Python and Go files in the one format
	ruff check --fix .
	ruff format .
	gofmt -w lab/components

.PHONY: archive
archive: setup  ## the collection's archive as it is published, in build/
	@rm -f build/ocpvirt-dr-*.tar.gz
	@ansible-galaxy collection build --output-path build .

.PHONY: sanity sanity-oldest sanity-newest
sanity: archive  ## ansible-test sanity on the oldest and the newest supported ansible-core, side by side
	@$(MAKE) -j2 sanity-oldest sanity-newest

sanity-oldest:
	@dev/sanity oldest $(OLDEST) build/ocpvirt-dr-*.tar.gz $(KUBERNETES_CORE) 2>&1 | sed -u 's/^/oldest | /'

sanity-newest:
	@dev/sanity newest $(DEVELOP) build/ocpvirt-dr-*.tar.gz $(KUBERNETES_CORE) 2>&1 | sed -u 's/^/newest | /'

.PHONY: unit
unit: setup  ## unit tests of the collection, of the lab and of its Go programs
	pytest tests/unit --junitxml=build/reports/unit.xml

.PHONY: golden
golden: setup  ## writes the golden logs of whole starts anew; look at the diff
	GOLDEN=write pytest -q tests/unit/plugins/module_utils/_planning/start/test_golden.py
	cd lab/components/site && $(GO) test ./...

.PHONY: lab
lab: setup  ## builds the lab's components (the first time: 35 to 45 minutes)
	lab/lab build

.PHONY: lab-csi-addons
lab-csi-addons: lab  ## builds csi-addons for the lab
	lab/lab build csiaddons

.PHONY: conformance
conformance: lab  ## what providers write and read, against the vendors' definitions on a real API server
	pytest tests/conformance --junitxml=build/reports/conformance.xml

.PHONY: lab-ceph
lab-ceph: lab  ## builds what guests on RBD images need; installs Ceph
	@dev/system-packages ceph
	lab/lab build site-ceph

.PHONY: integration
integration: lab-csi-addons  ## integration tests on labs of their own, which are taken down afterwards
	dev/integration

.PHONY: moves
moves: lab-csi-addons lab-ceph  ## moves and switches on Ceph and csi-addons, clones, a stop and a start: a part of CI, beside `make test`
	dev/integration moves

.PHONY: scenarios
scenarios: lab-csi-addons  ## manifests from Git and the product, a warm site, hooks, rehearsal, start and stop, opposite plans
	dev/integration scenarios

.PHONY: starts
starts: lab  ## all tests of starts: order, caps, faults, gates, readiness, the shared budget, the forecast
	dev/integration starts

.PHONY: test-faults
test-faults: lab  ## kills, outages and people's mistakes in the middle of moves, and what came of it
	dev/integration faults

.PHONY: products
products: lab-csi-addons lab-ceph  ## all tests of Ceph and csi-addons, with those of `make moves`
	dev/integration products

.PHONY: test checks lab-tests
test:  ## lint, then the lab's tests (conformance, integration) beside sanity and unit
	@$(MAKE) lint
	@$(MAKE) -j2 checks lab-tests

checks:
	@$(MAKE) sanity
	@$(MAKE) unit

lab-tests:
	@$(MAKE) conformance
	@$(MAKE) integration

.PHONY: demo
demo: lab  ## brings the lab up, loses a site, fails over, and comes home: what each step cost, and lost; S=nfs_ssh for a storage
	lab/demo/run $(if $(S),--storage $(S))

.PHONY: docs
docs: setup  ## writes the parts of docs/ that come from the code
	dev/capabilities

.PHONY: bench
bench: lab  ## benchmarks, B=name for one: a table, and build/bench.json
	dev/bench $(B)

.PHONY: clean
clean:  ## removes what was made in the checkout; caches outside it stay
	rm -rf build .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output
