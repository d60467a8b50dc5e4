/** Of the status page; nothing is fetched for it, and it follows the reader's choice of light or dark. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --card: #ffffff; --line: #dde3e9; --text: #17212b; --quiet: #566575;
  --good: #117a41; --good-ground: #e2f4ea; --warning: #8a5300; --warning-ground: #fdf0d8;
  --bad: #b3261e; --bad-ground: #fbe6e4; --busy: #0b5cad; --busy-ground: #e3eefa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10161c; --card: #19222b; --line: #2b3743; --text: #e6ecf2; --quiet: #9db0c1;
    --good: #6fd79c; --good-ground: #143524; --warning: #f2bf63; --warning-ground: #3a2c11;
    --bad: #ff9b93; --bad-ground: #452022; --busy: #86bdf5; --busy-ground: #152f4a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
header, main, footer { max-width: 64rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
header p { margin: .25rem 0 0; color: var(--quiet); }
h2 { font-size: .95rem; margin: 0 0 .6rem; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); padding-top: 1rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.25rem; min-width: 0; }
.wide { grid-column: 1 / -1; }
.state { border-left: none; padding-left: 1.75rem; box-shadow: inset .5rem 0 0 var(--mark, var(--line)); }
.state h2 { font-size: 1.25rem; margin: 0; }
.state p { margin: .2rem 0 0; color: var(--quiet); }
.state dl { margin-top: .8rem; }
dl { margin: 0; display: grid; grid-template-columns: 7rem 1fr; gap: .35rem 1rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
li { overflow-wrap: anywhere; padding-left: .75rem; border-left: .2rem solid var(--mark, var(--line)); }
.good { --mark: var(--good); }
.warning { --mark: var(--warning); }
.bad { --mark: var(--bad); }
.busy { --mark: var(--busy); }
dd.warning, dd.bad { color: var(--mark); }
.badge { display: inline-block; border-radius: 1rem; padding: .05rem .7rem; font-size: .85rem; font-weight: 600; margin-right: .5rem; vertical-align: .15em; }
.badge.good { background: var(--good-ground); color: var(--good); }
.badge.bad { background: var(--bad-ground); color: var(--bad); }
.badge.warning { background: var(--warning-ground); color: var(--warning); }
.badge.busy { background: var(--busy-ground); color: var(--busy); }
#stale { background: var(--warning-ground); color: var(--warning); border-radius: .75rem; margin-top: .8rem; padding: .6rem 1rem; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
footer { color: var(--quiet); font-size: .875rem; padding-top: 1rem; padding-bottom: 2rem; }
@media (max-width: 30rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  section { padding: .9rem 1rem; }
}
`;
