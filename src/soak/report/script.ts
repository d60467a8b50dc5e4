/**
 * Of the report: draws what stands in the page as data, and decides nothing. All charts share the cursor and the part of
 * the run that is looked at; they follow the reader's choice of light or dark, the width there is, and paper.
 */
export const script = `
'use strict';
const { charts, faults, phases } = JSON.parse(document.getElementById('data').textContent);
const ends = [...phases.map(([, to]) => to), ...charts.map(({ at }) => at.at(-1) ?? 0), ...faults.bands.map(([, to]) => to)];
const end = Math.max(1, ...ends);
const shades = {
  light: { text: '#566575', grid: '#e3e8ed', tint: 'rgba(179, 82, 0, .10)', limit: '#b3261e', green: '#3f9d63', blue: '#1667c0',
    amber: '#d98a00', red: '#c5352b', violet: '#7d4fc4', grey: '#8593a1', faint: '#c9d1d9', teal: '#1c8f94' },
  dark: { text: '#9db0c1', grid: '#263240', tint: 'rgba(255, 176, 92, .12)', limit: '#ff9b93', green: '#3d8f5f', blue: '#6cb0f5',
    amber: '#d79a3c', red: '#ff7f76', violet: '#b08ff0', grey: '#8a9aa9', faint: '#3d4a57', teal: '#4fc3c8' },
};
const darkness = matchMedia('(prefers-color-scheme: dark)');
let isPrinting = false;
const shade = (name) => shades[darkness.matches && !isPrinting ? 'dark' : 'light'][name];
const two = (part) => String(part).padStart(2, '0');
const clock = (seconds) => {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? h + ':' + two(m) + ':' + two(s) : m + ':' + two(s);
};
const figure = (value) => value == null ? '' : String(Number(value.toPrecision(3)));
const font = () => 11 * devicePixelRatio + 'px system-ui, sans-serif';
const joined = [];
for (const [from, to] of faults.bands) {
  const last = joined.at(-1);
  if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
  else joined.push([from, to]);
}

function within(u, work) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = font();
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  work(ctx, bbox, (seconds) => u.valToPos(seconds, 'x', true));
  ctx.restore();
}

function tint(u) {
  within(u, (ctx, bbox, x) => {
    ctx.fillStyle = shade('tint');
    for (const [from, to] of joined) ctx.fillRect(x(from), bbox.top, Math.max(2, x(to) - x(from)), bbox.height);
  });
}

function drawPhases(u, withNames) {
  within(u, (ctx, bbox, x) => {
    ctx.strokeStyle = ctx.fillStyle = shade('text');
    ctx.globalAlpha = .7;
    ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const [from, to, name] of phases) {
      ctx.beginPath();
      ctx.moveTo(x(from), bbox.top);
      ctx.lineTo(x(from), bbox.top + bbox.height);
      ctx.stroke();
      const left = Math.max(bbox.left, x(from));
      const room = Math.min(bbox.left + bbox.width, x(to)) - left - 8 * devicePixelRatio;
      if (withNames && ctx.measureText(name).width < room) ctx.fillText(name, left + 5 * devicePixelRatio, bbox.top + 3 * devicePixelRatio);
    }
  });
}

function drawLimit(u, { value, label }) {
  within(u, (ctx, bbox) => {
    const y = u.valToPos(value, 'y', true);
    ctx.strokeStyle = ctx.fillStyle = shade('limit');
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.textAlign = 'right';
    ctx.fillText(label, bbox.left + bbox.width - 4 * devicePixelRatio, y + 3 * devicePixelRatio);
  });
}

function drawFaults(u) {
  within(u, (ctx, bbox, x) => {
    const row = bbox.height / Math.max(1, faults.kinds.length);
    faults.kinds.forEach((kind, index) => {
      ctx.fillStyle = index % 2 === 0 ? shade('tint') : 'transparent';
      ctx.globalAlpha = .4;
      ctx.fillRect(bbox.left, bbox.top + index * row, bbox.width, row);
    });
    ctx.globalAlpha = 1;
    ctx.fillStyle = shade('amber');
    for (const [from, to, kind] of faults.bands)
      ctx.fillRect(x(from), bbox.top + (kind + .18) * row, Math.max(3 * devicePixelRatio, x(to) - x(from)), row * .64);
    ctx.textBaseline = 'middle';
    faults.kinds.forEach((kind, index) => {
      const own = faults.bands.filter((band) => band[2] === index);
      const gap = 5 * devicePixelRatio;
      const after = Math.max(...own.map((band) => x(band[1]))) + gap;
      const wide = ctx.measureText(kind).width;
      const left = after + wide < bbox.left + bbox.width ? Math.max(after, bbox.left + gap) : Math.min(...own.map((band) => x(band[0]))) - wide - gap;
      ctx.fillStyle = shade('text');
      ctx.fillText(kind, Math.max(bbox.left + gap, left), bbox.top + (index + .5) * row);
    });
  });
}

function underWay(u, isRow) {
  const seconds = u.posToVal(u.cursor.left, 'x');
  const slack = u.posToVal(u.cursor.left + 4, 'x') - seconds;
  const row = isRow ? Math.floor(u.cursor.top / (u.over.clientHeight / Math.max(1, faults.kinds.length))) : -1;
  const shown = faults.bands.filter(([from, to]) => from - slack <= seconds && seconds <= to + slack);
  const pointedAt = shown.filter((band) => band[2] === row);
  return pointedAt.length > 0 ? pointedAt : shown;
}

function tip(isRow) {
  let isHere = false;
  const box = document.createElement('div');
  box.className = 'tip';
  box.hidden = true;
  return {
    ready(u) {
      u.over.append(box);
      u.over.addEventListener('mouseenter', () => { isHere = true; });
      u.over.addEventListener('mouseleave', () => { isHere = false; box.hidden = true; });
    },
    setCursor(u) {
      const { left, top } = u.cursor;
      const shown = isHere && left >= 0 ? underWay(u, isRow) : [];
      box.hidden = shown.length === 0;
      if (box.hidden) return;
      const lines = shown.slice(0, 8).map(([from, , kind, what]) => clock(from) + ' ' + faults.kinds[kind] + ': ' + what);
      if (shown.length > 8) lines.push('and ' + (shown.length - 8) + ' more');
      box.replaceChildren(...lines.map((line) => Object.assign(document.createElement('div'), { textContent: line })));
      const isRight = left > u.over.clientWidth / 2;
      box.style.left = isRight ? '' : left + 12 + 'px';
      box.style.right = isRight ? u.over.clientWidth - left + 12 + 'px' : '';
      box.style.top = Math.min(top + 12, u.over.clientHeight - 20) + 'px';
    },
  };
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
function axis(more) {
  const line = { stroke: () => shade('grid'), width: 1 };
  return { stroke: () => shade('text'), grid: line, ticks: { ...line, size: 4 }, font: '11px system-ui, sans-serif', ...more };
}
function options(first, last, more) {
  return {
    height: 240,
    scales: {
      x: { time: false, range: (u, from, to) => [from <= first ? 0 : from, to >= last ? end : to] },
      y: more.y,
    },
    axes: [axis({ incrs: steps, space: 64, size: 28, values: (u, splits) => splits.map(clock) }), axis({ size: 46, ...more.axis })],
    cursor: { sync: { key: 'run', scales: ['x', null] }, y: false, points: { show: !more.isBare }, drag: { x: true, y: false } },
    ...more.options,
  };
}

function chartOf(chart) {
  const { at, isStacked, limit } = chart;
  const series = isStacked ? [...chart.series].reverse() : chart.series;
  let below = at.map(() => 0);
  const tops = new Map(chart.series.map((each) => {
    if (!isStacked) return [each, each.values];
    below = each.values.map((value, index) => value + below[index]);
    return [each, below];
  }));
  const top = tip(false);
  const highest = (max) => Math.max(1, max ?? 1, limit?.value ?? 0);
  const y = { range: (u, min, max) => isStacked ? [0, Math.ceil(highest(max))] : [0, highest(max) * 1.08] };
  const lines = series.map((each) => ({
    label: each.label,
    stroke: () => shade(each.colour),
    width: isStacked ? 0 : 1.6,
    points: { show: at.length < 3 },
    paths: isStacked ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(),
    ...(isStacked ? { fill: () => shade(each.colour) } : {}),
    value: (u, value, column, index) => index == null ? '' : figure(each.values[index]) + ' ' + chart.unit.replace('count', ''),
  }));
  const draw = [(u) => drawPhases(u, chart.id === 'deliveries'), ...(isStacked ? [tint] : []), ...(limit ? [(u) => drawLimit(u, limit)] : [])];
  return [
    options(at[0], at.at(-1), {
      y,
      axis: { values: (u, splits) => splits.map(figure) },
      options: {
        series: [{ label: 'at', value: (u, value) => value == null ? '' : clock(value) }, ...lines],
        hooks: { drawClear: isStacked ? [] : [tint], draw, ready: [top.ready], setCursor: [top.setCursor] },
      },
    }),
    [at, ...series.map((each) => tops.get(each))],
  ];
}

function faultChart() {
  const top = tip(true);
  return [
    options(0, end, {
      isBare: true,
      y: { range: () => [0, 1] },
      axis: { values: (u, splits) => splits.map(() => ''), grid: { show: false }, ticks: { show: false } },
      options: {
        height: 34 + 20 * Math.max(2, faults.kinds.length),
        legend: { show: false },
        series: [{}, { paths: () => null, points: { show: false } }],
        hooks: { draw: [(u) => drawPhases(u, false), drawFaults], ready: [top.ready], setCursor: [top.setCursor] },
      },
    }),
    [[0, end], [0, 0]],
  ];
}

const drawn = [];
const paperWidth = 660;
for (const place of document.querySelectorAll('[data-chart]')) {
  const id = place.dataset.chart;
  const chart = charts.find((each) => each.id === id);
  if (id === 'faults' ? faults.bands.length === 0 : chart.at.length === 0) continue;
  const [chosen, data] = id === 'faults' ? faultChart() : chartOf(chart);
  const plot = new uPlot({ width: Math.max(200, place.clientWidth), ...chosen }, data, place);
  if (chart?.isStacked) place.classList.add('stacked');
  drawn.push(plot);
  new ResizeObserver(() => {
    if (!isPrinting && place.clientWidth > 0 && place.clientWidth !== plot.width)
      plot.setSize({ width: Math.max(200, place.clientWidth), height: plot.height });
  }).observe(place);
}
const redraw = () => { for (const plot of drawn) plot.redraw(false, true); };
darkness.addEventListener('change', redraw);
addEventListener('beforeprint', () => {
  isPrinting = true;
  for (const plot of drawn) plot.setSize({ width: paperWidth, height: plot.height });
  redraw();
});
addEventListener('afterprint', () => {
  isPrinting = false;
  for (const plot of drawn) plot.setSize({ width: Math.max(200, plot.root.parentElement.clientWidth), height: plot.height });
  redraw();
});
document.documentElement.dataset.charts = String(drawn.length);
`;
