/** Of the report: light or dark as the reader has it, for a wide screen, a phone and paper. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --card: #ffffff; --line: #dde3e9; --text: #17212b; --quiet: #566575;
  --good: #117a41; --good-ground: #e2f4ea; --warning: #8a5300; --bad: #b3261e; --bad-ground: #fbe6e4;
  --none-ground: #e9edf1; --mark: #d98a00; --busy: #1667c0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10161c; --card: #19222b; --line: #2b3743; --text: #e6ecf2; --quiet: #9db0c1;
    --good: #6fd79c; --good-ground: #143524; --warning: #f2bf63; --bad: #ff9b93; --bad-ground: #452022;
    --none-ground: #2b3743; --mark: #d79a3c; --busy: #6cb0f5;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
header, main { max-width: 76rem; margin: 0 auto; padding: 1.25rem 1rem 0; }
header p { margin: 0; color: var(--quiet); overflow-wrap: anywhere; }
.kicker { font-size: .85rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); padding-bottom: 2rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.25rem; min-width: 0; }
.wide { grid-column: 1 / -1; }
.note { margin: .1rem 0 .6rem; color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
.warning { color: var(--warning); }
td.bad { color: var(--bad); }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85rem; overflow-wrap: anywhere; }
.badge {
  display: inline-block; border-radius: 1rem; padding: 0 .65rem; font-size: .8rem; font-weight: 600; line-height: 1.6rem;
  text-align: center; white-space: nowrap; background: var(--none-ground); color: var(--quiet);
}
h1 .badge { font-size: 1rem; line-height: 2rem; vertical-align: .15em; margin-left: .4rem; padding: 0 .9rem; }
.badge.good { background: var(--good-ground); color: var(--good); }
.badge.bad { background: var(--bad-ground); color: var(--bad); }
.figures { background: none; border: none; padding: 0; }
.figures dl { display: grid; gap: .75rem; margin: 0; grid-template-columns: repeat(4, 1fr); }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: .6rem .9rem; }
.figures dt { color: var(--quiet); font-size: .8rem; }
.figures dd { margin: 0; }
.figures strong { display: block; font-size: 1.25rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
.figures span { color: var(--quiet); font-size: .8rem; line-height: 1.3; display: block; }
.invariants { list-style: none; margin: 0; padding: 0; }
.invariants li {
  display: grid; grid-template-columns: 6rem 1fr 17rem; gap: .25rem 1rem; align-items: start;
  padding: .55rem 0; border-top: 1px solid var(--line);
}
.invariants b { font-weight: 600; }
.invariants p { margin: 0; color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; white-space: pre-line; }
.measure { font-size: .85rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.measure strong { color: var(--text); }
svg { overflow: visible; }
.meter { display: block; margin-top: .2rem; fill: var(--good); }
.meter.bad { fill: var(--bad); }
.meter .ground { fill: var(--none-ground); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
.scroll th { text-align: left; color: var(--quiet); font-weight: 500; padding: .25rem .6rem .25rem 0; vertical-align: bottom; }
.scroll td { border-top: 1px solid var(--line); padding: .3rem .6rem .3rem 0; vertical-align: top; }
.scroll .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.scroll td:first-child:not(.number) { white-space: nowrap; }
.scroll .bar { width: 40%; min-width: 10rem; padding-left: .6rem; }
.range { display: block; margin-top: .2rem; }
.range .axis { stroke: var(--line); }
.range .span { stroke: var(--mark); stroke-width: 2; }
.most { stroke: var(--mark); stroke-width: 2.5; }
circle.p50 { fill: var(--busy); }
circle.p99 { fill: var(--card); stroke: var(--busy); stroke-width: 2; }
.key { white-space: nowrap; margin-right: .6rem; }
summary { cursor: pointer; color: var(--quiet); font-size: .9rem; margin-top: .4rem; }
.facts { display: grid; grid-template-columns: 6rem 1fr; gap: .3rem 1rem; margin: .5rem 0 0; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.uplot { font-family: inherit; }
.uplot .u-legend { text-align: left; font-size: .8rem; color: var(--quiet); width: auto; margin: 0; }
.u-legend.u-inline .u-series { margin-right: .7rem; }
.uplot .u-legend th { font-weight: 400; padding: .1rem .25rem .1rem 0; }
.u-legend .u-value { color: var(--text); font-variant-numeric: tabular-nums; min-width: 3.2rem; display: inline-block; }
.stacked .u-legend .u-series > * { cursor: default; }
.stacked .u-legend { pointer-events: none; }
.stacked .u-marker { outline: 1px solid var(--line); }
.u-select { background: rgba(110, 150, 200, .25); }
.u-hz .u-cursor-x, .u-hz .u-cursor-y { border-color: var(--quiet); }
.tip {
  position: absolute; z-index: 10; width: max-content; max-width: min(22rem, 70vw); pointer-events: none; padding: .3rem .6rem;
  background: var(--card); border: 1px solid var(--line); border-radius: .4rem; font-size: .8rem; line-height: 1.35;
  box-shadow: 0 2px 8px rgba(0, 0, 0, .2);
}
@media (max-width: 40rem) {
  section { padding: .8rem .9rem; }
  .invariants li { grid-template-columns: 1fr; }
  .invariants .badge { justify-self: start; }
  .figures dl { grid-template-columns: repeat(2, 1fr); }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .4rem; }
}
@media print {
  :root {
    --ground: #ffffff; --card: #ffffff; --line: #cfd6dd; --text: #000000; --quiet: #444f5a;
    --good: #117a41; --good-ground: #e2f4ea; --warning: #8a5300; --bad: #b3261e; --bad-ground: #fbe6e4; --none-ground: #e9edf1;
    --mark: #d98a00; --busy: #1667c0;
    color-scheme: light;
  }
  body { font-size: 10pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { display: block; }
  section { margin-bottom: .8rem; }
  .chart, .invariants li, tr { break-inside: avoid; }
}
`;
