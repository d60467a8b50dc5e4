/**
 * What a wait of the connection is to be followed by, in words that go on "waiting before …". Whoever has the hub from the
 * configuration asks no DPS: there it is the hub again, with what the configuration says by then.
 */
export function nextAttempt(next: 'provisioning' | 'connecting', source: 'dps' | 'manual'): string {
  return next === 'provisioning' && source === 'dps' ? 'asking DPS' : 'trying the hub again';
}
