import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { suggestedId } from '../../../src/init/suggested-id.ts';

const machine = '0123456789abcdef0123456789abcdef\n';

describe('the registration ID that is suggested', () => {
  it('is the host name, as IoT Central takes it, too', () => {
    assert.equal(suggestedId('Pump_House.site.example', undefined), 'pump-house');
    assert.equal(suggestedId('-Größe-', undefined), 'gr-e');
  });

  it('has a part of its own where every such machine has that name', () => {
    const id = suggestedId('raspberrypi', machine);
    assert.match(String(id), /^raspberrypi-[0-9a-f]{8}$/);
    assert.equal(suggestedId('raspberrypi', machine), id);
    assert.notEqual(suggestedId('raspberrypi', 'f'.repeat(32)), id);
    assert.match(String(suggestedId('3f2a9c01b7de', machine)), /^gateway-[0-9a-f]{8}$/);
    assert.match(String(suggestedId('localhost', machine)), /^gateway-/);
  });

  it('does not give the machine’s ID away', () => {
    const id = String(suggestedId('debian', machine));
    assert.ok(!machine.includes(id.slice(-8)));
  });

  it('is none where nothing tells the machine from others', () => {
    assert.equal(suggestedId('raspberrypi', undefined), undefined);
    assert.equal(suggestedId('', ' \n'), undefined);
  });

  it('keeps within what a certificate can have for a name', () => {
    const id = String(suggestedId(`${'a'.repeat(47)}-b`, undefined));
    assert.equal(id, 'a'.repeat(47));
  });
});
