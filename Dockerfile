# Two images: `agent` (the last stage, so the one that is built when none is named), and `soak` with the simulator and the
# soak beside it.
#   docker build -t dps-agent .
#   docker build -t dps-agent-soak --target soak .
# docs/containers.md says how to run them.
ARG NODE_VERSION=24.21.0

# On whatever machine builds: what comes out is JavaScript, the same for every architecture.
FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
COPY scripts scripts
COPY config config
RUN npm run --silent build

FROM node:${NODE_VERSION}-bookworm-slim AS machine
# tini is process 1: it takes in what programs of an input or a command leave behind, which Node would not.
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /opt/yarn* /root/.npm \
    /usr/local/lib/node_modules /usr/local/include /usr/local/share /usr/local/CHANGELOG.md /usr/local/README.md \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
  && groupadd --gid 10001 dps-agent \
  && useradd --no-log-init --uid 10001 --gid 10001 --home-dir /var/lib/dps-agent --no-create-home dps-agent \
  && install -d -o dps-agent -g dps-agent -m 0700 /var/lib/dps-agent \
  && install -d -m 0755 /etc/dps-agent /usr/lib/dps-agent \
  && ln -s /usr/local/bin/node /usr/lib/dps-agent/node

# From nothing, so that no layer holds what was taken away.
FROM scratch AS base
COPY --from=machine / /
# The launcher of the Debian package: what Node is told stands there.
COPY --chmod=0755 packaging/debian/dps-agent.sh /usr/local/bin/dps-agent
COPY --from=build /build/dist/dps-agent.cjs /usr/lib/dps-agent/
ENV PATH=/usr/local/bin:/usr/bin:/bin NODE_ENV=production STATE_DIRECTORY=/var/lib/dps-agent
USER 10001:10001
WORKDIR /var/lib/dps-agent

FROM base AS soak
# Laid out as in the project, where each program looks for what it needs of the others.
COPY --from=build /build/dist/dps-agent-simulator.cjs /build/dist/dps-agent-soak.cjs /usr/lib/dps-agent/dist/
COPY --from=build /build/dist/dps-agent.cjs /usr/lib/dps-agent/dist/
COPY config /usr/lib/dps-agent/config
COPY packaging/debian/dps-agent.sh /usr/lib/dps-agent/packaging/debian/
USER 0
RUN ln -s /usr/lib/dps-agent/dist/dps-agent-simulator.cjs /usr/local/bin/dps-agent-simulator \
  && ln -s /usr/lib/dps-agent/dist/dps-agent-soak.cjs /usr/local/bin/dps-agent-soak
USER 10001:10001
ENTRYPOINT ["tini", "--"]
CMD ["dps-agent-soak", "--help"]

FROM base AS agent
# Offline is not ill: an agent that only waits for its network must not be restarted for that.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["dps-agent", "status", "--check"]
VOLUME /var/lib/dps-agent
ENTRYPOINT ["tini", "--", "dps-agent"]
CMD ["run"]
