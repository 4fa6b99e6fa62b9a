FROM debian:trixie-slim AS dashboard
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY frontend .
RUN npm ci --ignore-scripts && npm run build

# Debian 13: its iPXE (2025) has arm64 loaders and reads autoexec.ipxe; Debian 12's (2019) does not.
FROM debian:trixie-slim

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      python3 python3-venv dnsmasq-base ipxe ca-certificates \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/ktizo
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY backend backend
COPY templates templates
COPY --from=dashboard /src/dist frontend/dist
RUN python3 -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e .

EXPOSE 8000/tcp 8081/tcp 8082/tcp 8082/udp 67/udp 69/udp 4011/udp
VOLUME /var/lib/ktizo
CMD ["/opt/ktizo/.venv/bin/ktizo", "serve"]
