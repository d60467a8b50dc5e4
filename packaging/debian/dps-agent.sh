#!/bin/sh
# The one place that knows which Node runs the agent, and how. V8 lets garbage grow by what it may use, which is a
# gateway's whole memory unless it is told: a bounded heap and a small young generation leave a quarter of what a backlog
# costs otherwise. glibc keeps what was freed, for each thread its own; so little is allocated outside V8 that giving it
# back costs nothing. docs/measurements.md has the figures.
export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
exec /usr/lib/dps-agent/node --max-old-space-size=256 --max-semi-space-size=8 /usr/lib/dps-agent/dps-agent.cjs "$@"
