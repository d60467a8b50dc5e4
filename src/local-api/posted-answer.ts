import type { Answer } from './answer.ts';
import type { Posted } from './telemetry-desk.ts';

/** In seconds: a queue that is full empties with the next connection, a budget with time only. */
const retryAfter = { full: 10, budget: 60 };

/** 202 means that everything is as safe as configured; anything else says what is not. */
export function postedAnswer({ accepted, stored, refused, reason = 'full', durable }: Posted): Answer {
  const kept = { accepted, ...(stored === undefined ? {} : { stored }) };
  if (refused > 0) {
    const error = `cannot take ${refused} of ${accepted + refused}: ${why[reason]}`;
    const body = { error, ...kept, refused, reason, ...(durable ? {} : { warning: inMemoryOnly }) };
    if (reason === 'oversize') return { status: 413, body };
    return { status: 429, headers: { 'Retry-After': String(retryAfter[reason]) }, body };
  }
  if (durable) return { status: 202, body: kept };
  return { status: 503, body: { error: `cannot keep this on the disk: ${inMemoryOnly}`, ...kept } };
}

const why = {
  full: 'the queue is full, and what it holds has the same priority or a higher one',
  oversize: 'a message may have 256 KB with its properties, as IoT Hub has it, and 16 KB of properties',
  budget: 'the budget for messages of this priority is spent',
};

const inMemoryOnly =
  'what was accepted is in memory only, will be sent, and is lost in a power cut before that; ' +
  'sending it again makes duplicates';
