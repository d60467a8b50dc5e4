// What no product has: ways to go wrong when asked to. The test has Node load it before the agent, by NODE_OPTIONS in a
// drop-in; whoever may write to the agent's runtime directory asks.
import { existsSync, rmSync } from 'node:fs';

const faults = { '/run/dps-agent/hang': hang, '/run/dps-agent/grow': grow };

setInterval(() => {
  for (const [file, fault] of Object.entries(faults)) {
    if (!existsSync(file)) continue;
    rmSync(file);
    fault();
  }
}, 200).unref();

/** The event loop turns no more. */
function hang(): never {
  for (;;);
}

/** Memory outside of V8's heap, which has a bound of its own, until there is no more. */
function grow(): never {
  const held: Buffer[] = [];
  for (;;) held.push(Buffer.alloc(1024 * 1024, 1));
}
