#!/bin/sh
# The one place that knows which Node runs the agent, and how: a small young generation halves what memory a draining
# backlog takes at its peak.
exec /usr/lib/dps-agent/node --max-semi-space-size=8 /usr/lib/dps-agent/dps-agent.cjs "$@"
