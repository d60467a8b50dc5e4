import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { ReprovisionRequests } from '../../../src/twin/reprovision-requests.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const asking = (reprovision: unknown): Record<string, unknown> => ({ provisioning: { reprovision } });

async function prepare(test: TestContext) {
  const path = join(await temporaryDirectory(test), 'reprovision.json');
  const log = new RecordingLog();
  let requests = 0;
  const start = async (): Promise<ReprovisionRequests> => {
    const started = new ReprovisionRequests(path, () => (requests += 1), log);
    await started.load();
    return started;
  };
  return { path, log, start, requests: () => requests };
}

describe('ReprovisionRequests', () => {
  it('acts on a request once it is saved, when told to', async (t) => {
    const { start, requests } = await prepare(t);
    const answer = await (await start()).answer(asking('ticket-17'), 4);
    assert.deepEqual(answer.acknowledgement, {
      provisioning: { reprovision: { value: 'ticket-17', ac: 200, av: 4, ad: 'DPS is asked again' } },
    });
    assert.equal(requests(), 0);
    answer.act();
    assert.equal(requests(), 1);
  });

  it('does not act again on the same request, in the next session or after a restart', async (t) => {
    const { start, requests } = await prepare(t);
    const first = await start();
    (await first.answer(asking(1), 4)).act();
    (await first.answer(asking(1), 4)).act();
    (await (await start()).answer(asking(1), 4)).act();
    assert.equal(requests(), 1);
    (await (await start()).answer(asking(2), 5)).act();
    assert.equal(requests(), 2);
  });

  it('refuses what is no request, with the reason', async (t) => {
    const { start, requests } = await prepare(t);
    for (const wrong of [true, {}, [], 'x'.repeat(129)]) {
      const { acknowledgement, act } = await (await start()).answer(asking(wrong), 9);
      act();
      const { reprovision } = acknowledgement['provisioning'] as { reprovision: Record<string, unknown> };
      assert.deepEqual([reprovision['ac'], reprovision['av']], [400, 9]);
      assert.match(String(reprovision['ad']), /^reprovision must be a text/);
    }
    assert.equal(requests(), 0);
  });

  it('says nothing when nothing was asked, and takes its acknowledgement back when a request is withdrawn', async (t) => {
    const { start } = await prepare(t);
    const requests = await start();
    assert.deepEqual((await requests.answer({}, 1)).acknowledgement, {});
    await requests.answer(asking('a'), 2);
    assert.deepEqual((await requests.answer({}, 3)).acknowledgement, { provisioning: { reprovision: null } });
  });

  it('does not act on what it cannot save, and says so', async (t) => {
    const { path, start, requests } = await prepare(t);
    const started = await start();
    await mkdir(path);
    const { acknowledgement, act } = await started.answer(asking('a'), 2);
    act();
    const { reprovision } = acknowledgement['provisioning'] as { reprovision: Record<string, unknown> };
    assert.equal(reprovision['ac'], 500);
    assert.equal(requests(), 0);
  });

  it('starts in spite of a damaged file', async (t) => {
    const { path, start, requests } = await prepare(t);
    await writeFile(path, '{"handl');
    (await (await start()).answer(asking('a'), 2)).act();
    assert.equal(requests(), 1);
  });
});
