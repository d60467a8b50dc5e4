#!/bin/sh
# The one place that knows which Node runs the agent, and how. V8 lets garbage grow by what it may use, which is a
# gateway's whole memory unless it is told: a bounded heap and a small young generation leave a quarter of what a backlog
# costs otherwise (docs/measurements.md). A warning about the SDK's own url.parse() would tell its reader nothing to do.
exec /usr/lib/dps-agent/node --max-old-space-size=256 --max-semi-space-size=8 --disable-warning=DEP0169 \
  /usr/lib/dps-agent/dps-agent.cjs "$@"
