import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { markup } from '../../../../src/local-api/page/html.ts';

describe('markup', () => {
  it('escapes what is put in, and not what is HTML already', () => {
    const inner = markup`<b>${'<script>"&\''}</b>`;
    assert.equal(inner.text, '<b>&#60;script&#62;&#34;&#38;&#39;</b>');
    assert.equal(markup`<p>${inner}${[1, undefined, inner]}</p>`.text, `<p>${inner.text}1${inner.text}</p>`);
  });
});
