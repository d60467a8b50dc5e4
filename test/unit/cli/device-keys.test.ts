import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyExport, exportColumns, keyLine } from '../../../src/cli/device-keys.ts';
import { CommandError } from '../../../src/cli/usage.ts';
import { Secret } from '../../../src/lib/secret.ts';

// protocol.md 11: V1 is Microsoft's published example. V2's key of 424 characters is in none of our documents.
const v1 = '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==';
const k64 = base64(64);
const k32 = base64(32);

const vectors: readonly (readonly [key: string, id: string, derived: string])[] = [
  [v1, 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6', 'Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc='],
  [k64, 'device-001', 'Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM='],
  [k32, 'device-001', 'BG0x/0mIbqnG9RWsosby2GxBOeYgRhXI9gnRqn2lxFI='],
  [k64, 'Device-001', 'YXibH+z6O23cIvcGa1LmUYe11nxKx5NIWN5vy1MNplc='],
  [k32, 'Device-001', 'OOivoQoBqsBkrX6a6gkNQ5ajlmrJl0OPpU7vAwifN8Y='],
  [k64, 'dev:01.a_b-', 'Cao6TMGZ60DItQNH2BoOO1Utu6+V2duY2uJh7POgY3Y='],
  [k32, 'dev:01.a_b-', 'mziUpwV6oStO5JVzEu7ItlVYnlmWQ+3QdWw2T/XKG5A='],
  [k64, 'a'.repeat(128), '8Bfr7FvBCyFARJLJJr+NGJ4apXhxopugiP+qNpFX8SI='],
  [k32, 'a'.repeat(128), 'rPJWn1dQObjLsU+jA5pMWJJtjLxkU83/74p7zYbRFz4='],
];

describe('the keys of a group’s devices', () => {
  for (const [key, id, derived] of vectors) {
    it(`${id.slice(0, 40)} with a key of ${Buffer.from(key, 'base64').length} bytes`, () => {
      assert.deepEqual(keyLine(id, new Secret(key)), { line: `${id}\t${derived}\n` });
    });
  }

  for (const id of ['', 'a b', 'ends.', 'slash/', 'ä', 'a'.repeat(129)]) {
    it(`refuses ${JSON.stringify(id.slice(0, 10))}, which DPS would refuse`, () => {
      assert.ok('problem' in keyLine(id, new Secret(k64)));
    });
  }
});

describe('an export of a fleet’s keys', () => {
  const header = exportColumns.join(',');

  it('has the columns of IoT Central, and the name as it was', () => {
    assert.deepEqual(
      exported(['IOTC_DEVICEID,IOTC_DEVICENAME'.split(','), ['device-001', 'Pump, "north"']]),
      [header, 'device-001,"Pump, ""north""",Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM=,,,'],
    );
  });

  it('has a second key when the group’s is given', () => {
    const rows = [['IOTC_DEVICEID'], ['device-001']];
    assert.deepEqual(exported(rows, new Secret(k32)).at(-1)?.split(','), [
      'device-001',
      '',
      'Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM=',
      'BG0x/0mIbqnG9RWsosby2GxBOeYgRhXI9gnRqn2lxFI=',
      '',
      '',
    ]);
  });

  it('finds its columns by their names, in any order and case and among others', () => {
    const rows = [
      ['other', 'iotc_devicename', ' IOTC_DEVICEID '],
      ['x', 'Pump', 'device-001'],
    ];
    assert.match(exported(rows).at(-1) ?? '', /^device-001,Pump,/);
  });

  it('has a line of JSON for each device, and none for the header', () => {
    const table = new KeyExport({ primary: new Secret(k64), secondary: new Secret(k32) }, 'json');
    const rows = ['IOTC_DEVICEID,IOTC_DEVICENAME', 'device-001,Pump', 'Device-001,'];
    const lines = rows.map((row, index) => table.add({ line: index + 1, fields: row.split(',') }));
    assert.deepEqual(lines[0], { line: '' });
    const told = lines.slice(1).map((result) => JSON.parse('line' in result ? result.line : '') as unknown);
    assert.deepEqual(told, [
      {
        id: 'device-001',
        name: 'Pump',
        primaryKey: 'Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM=',
        secondaryKey: 'BG0x/0mIbqnG9RWsosby2GxBOeYgRhXI9gnRqn2lxFI=',
      },
      {
        id: 'Device-001',
        primaryKey: 'YXibH+z6O23cIvcGa1LmUYe11nxKx5NIWN5vy1MNplc=',
        secondaryKey: 'OOivoQoBqsBkrX6a6gkNQ5ajlmrJl0OPpU7vAwifN8Y=',
      },
    ]);
  });

  it('refuses a row without a usable ID, and goes on', () => {
    const rows = [['IOTC_DEVICENAME', 'IOTC_DEVICEID'], ['only a name'], ['x', 'a b'], ['x', 'device-001']];
    const lines = exported(rows);
    assert.deepEqual(
      lines.map((line) => line.startsWith('refused')),
      [false, true, true, false],
    );
  });

  it('refuses a file whose first line does not name the column', () => {
    assert.throws(() => exported([['device-001', 'Pump']]), CommandError);
  });
});

function exported(rows: readonly (readonly string[])[], secondary?: Secret): string[] {
  const table = new KeyExport({ primary: new Secret(k64), secondary });
  return rows.map((fields, index) => {
    const result = table.add({ line: index + 1, fields });
    return 'line' in result ? result.line.replace(/\n$/, '') : `refused: ${result.problem}`;
  });
}

function base64(length: number): string {
  return Buffer.from(Array.from({ length }, (_, index) => index)).toString('base64');
}
