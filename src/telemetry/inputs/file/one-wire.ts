import type { NumberFinder } from './number-finder.ts';

/** What a DS18B20 holds before it has measured for the first time. */
const powerOnValue = 85_000;

/** Nine zeros, whose checksum is 0 as well. At 0 °C a sensor answers otherwise. */
const shorted = '00 00 00 00 00 00 00 00 00';

/**
 * Degrees Celsius from a 1-Wire thermometer's `w1_slave`: the first line ends in YES when the checksum fits, the second
 * has t= and the thousandths of a degree. Throws for a checksum that does not fit, for an
 * answer of zeros, and for exactly 85 °C.
 */
export const oneWireDegrees: NumberFinder = (text) => {
  const [first = '', second = ''] = text.split('\n');
  if (/crc=\w+ NO\s*$/.test(first))
    throw new Error(
      'CRC failed: the sensor was not read rightly; look at its wires and its pull-up resistor',
    );
  const digits = /\bt=(-?\d+)\s*$/.exec(second)?.[1];
  if (!/crc=\w+ YES\s*$/.test(first) || digits === undefined)
    throw new Error('it is not the w1_slave of a thermometer: write format text');
  if (first.startsWith(shorted))
    throw new Error('the sensor answers with zeros only: its data wire touches ground');
  if (Number(digits) === powerOnValue)
    throw new Error(
      '85 °C is what the sensor holds before it has measured: it may have lost its power meanwhile',
    );
  return Number(digits) / 1000;
};
