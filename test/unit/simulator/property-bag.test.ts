import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodePropertyBag,
  encodePropertyBag,
  propertyBytes,
  sortProperties,
} from '../../../src/simulator/property-bag.ts';

describe('property bags', () => {
  it('tell null, empty and a value apart', () => {
    assert.deepEqual(decodePropertyBag('a&b=&c=1=2'), [
      ['a', null],
      ['b', ''],
      ['c', '1=2'],
    ]);
  });

  it('may begin with a question mark, end with a slash and be empty', () => {
    assert.deepEqual(decodePropertyBag('?a=b/'), [['a', 'b']]);
    assert.deepEqual(decodePropertyBag(''), []);
  });

  it('are decoded in names and values, in either case of hex', () => {
    assert.deepEqual(decodePropertyBag('%24.mid=m%2f1&sp%20ace=%C3%bc'), [
      ['$.mid', 'm/1'],
      ['sp ace', 'ü'],
    ]);
  });

  it('have nothing where nothing is between two marks', () => {
    assert.deepEqual(decodePropertyBag('&a=b&&c/'), [
      ['a', 'b'],
      ['c', null],
    ]);
    assert.deepEqual(decodePropertyBag('?'), []);
    assert.deepEqual(decodePropertyBag('/'), []);
  });

  it('take no name for a system property that is none', () => {
    const { system, application } = sortProperties(decodePropertyBag('constructor=x'));
    assert.deepEqual(Object.entries({ ...system, ...application }), [['constructor', 'x']]);
    assert.deepEqual(system, {});
  });

  it('keep text that is not percent-encoding as it is', () => {
    assert.deepEqual(decodePropertyBag('rate=100%'), [['rate', '100%']]);
  });

  it('are written so that no client can misread them', () => {
    const bag = encodePropertyBag([
      ['$.to', '/devices/a'],
      ['note', "it's=(1)*&"],
      ['none', null],
    ]);
    assert.equal(bag, '%24.to=%2Fdevices%2Fa&note=it%27s%3D%281%29%2A%26&none');
    assert.deepEqual(decodePropertyBag(bag)[1], ['note', "it's=(1)*&"]);
  });

  it('have system properties anywhere among the others', () => {
    const sorted = sortProperties(
      decodePropertyBag('x=1&$.ct=text%2Fplain&%24.sub=pump&y&iothub-creation-time-utc=t'),
    );
    assert.deepEqual(sorted.system, {
      'content-type': 'text/plain',
      'dt-subject': 'pump',
      'iothub-creation-time-utc': 't',
    });
    assert.deepEqual(sorted.application, { x: '1', y: null });
  });

  it('count system values, and names and values of the others, in bytes', () => {
    assert.equal(
      propertyBytes({ system: { 'message-id': 'ü' }, application: { ab: 'c', d: null } }),
      2 + 3 + 1,
    );
  });
});
