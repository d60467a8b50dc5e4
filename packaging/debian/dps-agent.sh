#!/bin/sh
# The one place that knows which Node runs the agent, and how: a small young generation halves what memory a draining
# backlog takes at its peak; a warning about the SDK's own url.parse() would tell its reader nothing to do.
exec /usr/lib/dps-agent/node --max-semi-space-size=8 --disable-warning=DEP0169 /usr/lib/dps-agent/dps-agent.cjs "$@"
